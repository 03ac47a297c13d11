package transfer

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

var film = &share.Content{Items: []share.Item{{Name: "film.mkv", Files: 1, Size: 1 << 30}}, Files: 1, Size: 1 << 30}

// sends runs Send among members and returns what was shown and how it ended.
func sends(t *testing.T, change func(*SendConfig, *fakeNode, *fakeSharer)) (*recorder, *fakeSharer, error) {
	t.Helper()
	node := &fakeNode{self: ana, present: []mesh.Peer{bo, cy}}
	sharer := &fakeSharer{scripts: make(map[peer.ID]func(*fakeTransfer))}
	face := &recorder{}
	cfg := SendConfig{Node: node, Room: "lan", Sharer: sharer, Content: film, Timeout: 30 * time.Second, Face: face}
	change(&cfg, node, sharer)
	err := Send(t.Context(), cfg)
	if !node.left || !node.closed || !sharer.closed {
		t.Error("the node or the sharer is still open")
	}
	return face, sharer, err
}

func TestSend(t *testing.T) {
	tests := []struct {
		name   string
		change func(*SendConfig, *fakeNode, *fakeSharer)
		err    string // empty: nil
		kind   Kind
		told   []string
		sent   int // to how many
		took   time.Duration
	}{
		{name: "to all", change: func(*SendConfig, *fakeNode, *fakeSharer) {},
			told: []string{"* offered to bo: film.mkv, 1.0 GiB", "* cy takes it", "* bo has film.mkv: 1.0 GiB, verified, in 5 s"}, sent: 2},
		{name: "to all but who is blocked", change: func(c *SendConfig, _ *fakeNode, _ *fakeSharer) {
			c.Book = known.Open(known.Config{})
			_ = c.Book.Block(cy.ID, "cy")
		}, told: []string{"* bo has"}, sent: 1},
		{name: "to the name of who is blocked", change: func(c *SendConfig, _ *fakeNode, _ *fakeSharer) {
			c.Book = known.Open(known.Config{})
			_ = c.Book.Block(cy.ID, "cy")
			c.To = []string{"cy"}
		}, err: "cy", kind: Absent, sent: 0},
		{name: "to one", change: func(c *SendConfig, _ *fakeNode, _ *fakeSharer) { c.To = []string{"bo"} },
			told: []string{"* bo has"}, sent: 1},
		{name: "to one by name and ID", change: func(c *SendConfig, _ *fakeNode, _ *fakeSharer) { c.To = []string{"bo", bo.ID.String()} }, sent: 1},
		{name: "to one who is here twice", change: func(c *SendConfig, n *fakeNode, _ *fakeSharer) {
			twin := bo
			twin.Instance[0] = 99
			n.present = append(n.present, twin)
			c.To = []string{"bo"}
		}, sent: 1},
		{name: "two of a name", change: func(c *SendConfig, n *fakeNode, _ *fakeSharer) {
			n.present = append(n.present, member("bo", 9))
			c.To = []string{"cy", "bo"}
		}, err: `"bo" is the name of 2 people: ` + bo.ID.String() + " and " + member("bo", 9).ID.String(), kind: Broken},
		{name: "two of a name, by ID", change: func(c *SendConfig, n *fakeNode, _ *fakeSharer) {
			n.present = append(n.present, member("bo", 9))
			c.To = []string{bo.ID.String()}
		}, sent: 1},
		{name: "the second of a name is met later", change: func(c *SendConfig, n *fakeNode, _ *fakeSharer) {
			n.settles = time.Second
			go func() { time.Sleep(time.Second / 2); n.join(member("bo", 9)) }()
			c.To = []string{"bo"}
		}, err: "of 2 people"},
		{name: "an ID is not waited for", change: func(c *SendConfig, n *fakeNode, s *fakeSharer) {
			n.settles = time.Hour
			s.scripts[bo.ID] = ends(nil)
			c.To = []string{bo.ID.String()}
		}, sent: 1, took: 3 * time.Second}, // the end of the wait for others
		{name: "somebody who comes later", change: func(c *SendConfig, n *fakeNode, _ *fakeSharer) {
			go func() { time.Sleep(5 * time.Second); n.join(member("dee", 4)) }()
			c.To = []string{"dee"}
		}, told: []string{`* "dee" is not here; waiting for 30 s`, "* dee has"}, sent: 1},
		{name: "somebody who never comes", change: func(c *SendConfig, _ *fakeNode, _ *fakeSharer) { c.To = []string{"dee", "bo"} },
			err: `"dee" is not in the room`, kind: Absent, told: []string{"* bo has"}, sent: 1, took: 30 * time.Second},
		{name: "nobody", change: func(_ *SendConfig, n *fakeNode, _ *fakeSharer) { n.present = nil },
			err: ErrNobody.Error(), took: 30 * time.Second},
		{name: "all, of whom one comes later", change: func(_ *SendConfig, n *fakeNode, _ *fakeSharer) {
			go func() { time.Sleep(2 * time.Second); n.join(member("dee", 4)) }()
		}, told: []string{"* dee has"}, sent: 3},
		{name: "refused", change: func(c *SendConfig, _ *fakeNode, s *fakeSharer) {
			s.scripts[bo.ID] = ends(share.ErrDeclined)
			c.To = []string{"bo"}
		}, err: "bo declined", kind: Declined, told: []string{"* bo declined"}, sent: 1},
		{name: "refused by one of all", change: func(_ *SendConfig, _ *fakeNode, s *fakeSharer) { s.scripts[bo.ID] = ends(share.ErrDeclined) },
			err: "bo declined", kind: Declined, told: []string{"* cy has"}, sent: 2},
		{name: "not receiving", change: func(c *SendConfig, _ *fakeNode, s *fakeSharer) {
			s.scripts[bo.ID] = ends(share.ErrNotReceiving)
			c.To = []string{"bo"}
		}, err: "bo does not receive", kind: NotReceiving, sent: 1, took: 1},
		{name: "one of all does not receive", change: func(_ *SendConfig, _ *fakeNode, s *fakeSharer) { s.scripts[bo.ID] = ends(share.ErrNotReceiving) },
			told: []string{"* bo does not receive", "* cy has"}, sent: 2},
		{name: "nobody receives", change: func(_ *SendConfig, _ *fakeNode, s *fakeSharer) {
			s.scripts[bo.ID], s.scripts[cy.ID] = ends(share.ErrNotReceiving), ends(share.ErrNotReceiving)
		}, err: "does not receive; ", kind: NotReceiving, sent: 2, took: 1},
		{name: "vanishes", change: func(c *SendConfig, _ *fakeNode, s *fakeSharer) {
			s.scripts[bo.ID] = stays(share.Waiting)
			c.To = []string{"bo"}
		}, err: "bo vanished, and did not come back within 30s", kind: Incomplete, told: []string{"* film.mkv to bo: vanished, and did not come back within 30s; 512 MiB of 1.0 GiB is there"}, sent: 1, took: 31 * time.Second},
		{name: "vanishes and comes back", change: func(c *SendConfig, _ *fakeNode, s *fakeSharer) {
			s.scripts[bo.ID] = func(tr *fakeTransfer) {
				for range 40 {
					tr.phase(share.Waiting)
					tr.phase(share.Moving)
				}
				tr.end(nil)
			}
			c.To = []string{"bo"}
		}, sent: 1},
		{name: "no space there", change: func(c *SendConfig, _ *fakeNode, s *fakeSharer) {
			s.scripts[bo.ID] = func(tr *fakeTransfer) {
				tr.phase(share.Moving)
				tr.end(&share.IncompleteError{Cause: share.ErrNoSpace})
			}
			c.To = []string{"bo"}
		}, err: "bo found no space left", kind: Incomplete, sent: 1},
		{name: "changed", change: func(c *SendConfig, _ *fakeNode, s *fakeSharer) {
			s.scripts[bo.ID] = func(tr *fakeTransfer) {
				tr.phase(share.Moving)
				tr.end(&share.IncompleteError{Failures: []share.Failure{{Path: "a b", Err: share.ErrChanged}}, Failed: 9})
			}
			c.To = []string{"bo"}
		}, err: `bo lacks 9 files: "a b" changed while it was sent, and 8 more`, kind: Incomplete, sent: 1},
		{name: "gone, and back after a second", change: func(c *SendConfig, _ *fakeNode, s *fakeSharer) {
			began := time.Now()
			s.scripts[bo.ID] = func(tr *fakeTransfer) {
				if time.Since(began) < time.Second {
					tr.end(share.ErrNobody)
					return
				}
				arrives(tr)
			}
			c.To = []string{"bo"}
		}, told: []string{"* bo has"}, sent: 3},
		{name: "to another terminal of ours", change: func(_ *SendConfig, n *fakeNode, _ *fakeSharer) {
			twin := ana
			twin.Instance[0] = 99
			n.present = []mesh.Peer{twin}
		}, sent: 1},
		{name: "to all but another terminal of ours", change: func(_ *SendConfig, n *fakeNode, _ *fakeSharer) {
			twin := ana
			twin.Instance[0] = 99
			n.present = append(n.present, twin)
		}, sent: 2},
		{name: "what is left out is named", change: func(c *SendConfig, _ *fakeNode, _ *fakeSharer) {
			content := *film
			for range 7 {
				content.Omitted = append(content.Omitted, share.Omission{Path: "a/link", Reason: "symbolic link"})
			}
			c.Content = &content
		}, told: []string{"* 7 left out: a/link (symbolic link), a/link", "and 2 more"}, sent: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				face, sharer, err := sends(t, tt.change)
				switch {
				case tt.err == "" && err != nil:
					t.Errorf("ends with %v", err)
				case tt.err != "" && err == nil:
					t.Errorf("ends well, want %s", tt.err)
				case tt.err != "":
					wantWords(t, err.Error(), tt.err)
					if got := KindOf(err); got != tt.kind {
						t.Errorf("kind %d, want %d", got, tt.kind)
					}
				}
				wantWords(t, face.notices(), tt.told...)
				if len(sharer.sent) != tt.sent {
					t.Errorf("offered to %d, want %d", len(sharer.sent), tt.sent)
				}
				if took := time.Since(began); tt.took > 0 && (took < tt.took-time.Nanosecond || took > tt.took+time.Second) {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// TestSendIsInterrupted holds that what is under way is canceled, and said to be
// kept.
func TestSendIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		node := &fakeNode{self: ana, present: []mesh.Peer{bo, cy}}
		sharer := &fakeSharer{scripts: map[peer.ID]func(*fakeTransfer){bo.ID: stays(share.Moving), cy.ID: stays(share.Asking)}}
		face := &recorder{}
		go func() { time.Sleep(10 * time.Second); cancel(cause) }()
		err := Send(ctx, SendConfig{Node: node, Sharer: sharer, Content: film, Timeout: time.Minute, Face: face})
		if err != cause {
			t.Errorf("ends with %v", err)
		}
		wantWords(t, face.notices(), "* film.mkv to bo: interrupted; 512 MiB of 1.0 GiB is there, and the same command again goes on")
	})
}

// brokenFace takes a few events.
type brokenFace struct{ left int }

func (f *brokenFace) Show(Event) error {
	if f.left--; f.left < 0 {
		return io.ErrClosedPipe
	}
	return nil
}

func TestSendEndsWhenNobodyCanBeShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := &fakeNode{self: ana, present: []mesh.Peer{bo}}
		sharer := &fakeSharer{scripts: map[peer.ID]func(*fakeTransfer){bo.ID: stays(share.Moving)}}
		err := Send(t.Context(), SendConfig{Node: node, Sharer: sharer, Content: film, Timeout: time.Minute, Face: &brokenFace{4}})
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("ends with %v", err)
		}
	})
}
