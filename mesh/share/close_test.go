package share_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
)

// Close waits for those who ask, and nobody asks after it.
func TestCloseWhileAsking(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *person, *crook) error{
		"list": func(ctx context.Context, p *person, c *crook) error {
			_, err := p.sharer.Shelves(ctx, c.node.Self().Member)
			return err
		},
		"get": func(ctx context.Context, p *person, c *crook) error {
			_, err := p.sharer.Get(ctx, c.node.Self().Member, "films", share.Destination{Dir: p.home})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bo, c := withCrook(t, share.Config{})
				listener, err := c.node.Listen(proto.Service)
				if err != nil {
					t.Fatal(err)
				}
				over := make(chan error, 1)
				go func() { over <- ask(t.Context(), bo, c) }()
				conn, err := listener.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				bo.sharer.Close()
				synctest.Wait()
				select {
				case err := <-over:
					if err == nil {
						t.Error("it was answered")
					}
				default:
					t.Error("it goes on after Close")
				}
				if err := ask(t.Context(), bo, c); !errors.Is(err, share.ErrClosed) {
					t.Errorf("after Close: %v, want %v", err, share.ErrClosed)
				}
			})
		})
	}
}

// What is handed in after Close leaves no directory behind.
func TestNoStateAfterClose(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	inBubble(t, func(t *testing.T) {
		node, err := mesh.Join(context.Background(), mesh.Config{Network: meshtest.NewLAN().Host("bo")})
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close()
		s, err := share.Open(node, share.Config{})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if _, err := s.Send(context.Background(), share.Text("hello"), node.Self().ID); !errors.Is(err, share.ErrClosed) {
			t.Errorf("send: %v, want %v", err, share.ErrClosed)
		}
		if _, err := s.Share(t.TempDir()); !errors.Is(err, share.ErrClosed) {
			t.Errorf("share: %v, want %v", err, share.ErrClosed)
		}
	})
	if left, err := filepath.Glob(filepath.Join(temp, "lanyap-*")); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
