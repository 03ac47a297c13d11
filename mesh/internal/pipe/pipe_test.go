package pipe_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/lanyap/lanyap/mesh/internal/pipe"
)

func TestPipe(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		a, b := pipe.New()
		return a, b, func() {
			a.Close()
			b.Close()
		}, nil
	})
}

// Two who write before they read are not in each other's way.
func TestBothWriteFirst(t *testing.T) {
	a, b := pipe.New()
	for _, c := range []*pipe.Conn{a, b} {
		if _, err := c.Write(make([]byte, 64<<10)); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []*pipe.Conn{a, b} {
		if all, err := io.ReadAll(c); err != nil || len(all) != 64<<10 {
			t.Errorf("%d bytes came, %v", len(all), err)
		}
	}
}

func TestEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(*pipe.Conn)
		read error // at the other side
	}{
		{"close", func(c *pipe.Conn) { c.Close() }, io.EOF},
		{"abort", func(c *pipe.Conn) { c.Abort() }, pipe.ErrAborted},
		{"half-close, then abort", func(c *pipe.Conn) { c.CloseWrite(); c.Abort() }, io.EOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := pipe.New()
			if _, err := a.Write([]byte("last words")); err != nil {
				t.Fatal(err)
			}
			tt.end(a)
			got := make([]byte, 100)
			if n, err := b.Read(got); err != nil || string(got[:n]) != "last words" {
				t.Errorf("read %q, %v", got[:n], err)
			}
			if _, err := b.Read(got); !errors.Is(err, tt.read) {
				t.Errorf("the end is read as %v, want %v", err, tt.read)
			}
			if _, err := b.Write(got); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("written to nobody: %v", err)
			}
			if _, err := a.Write(got); !errors.Is(err, net.ErrClosed) {
				t.Errorf("written after the end: %v", err)
			}
		})
	}
}
