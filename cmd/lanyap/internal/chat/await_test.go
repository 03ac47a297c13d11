package chat

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// TestWaitsForThoseSaidToBeHere holds that what is for all is said at once, and
// that the chat stays until those have it, too, who were not met yet.
func TestWaitsForThoseSaidToBeHere(t *testing.T) {
	for _, source := range []Source{FromFile, FromPipe} {
		synctest.Test(t, func(t *testing.T) {
			c := chatOf(t, source, 0, "hi\n")
			c.node.lack(cy)
			c.node.join(bo)
			if source == FromPipe {
				c.write("hi\n")
			}
			time.Sleep(settleLimit / 2)
			c.wantTexts("hi")
			if c.stdin != nil {
				c.stdin.Close()
			}
			time.Sleep(settleLimit / 4)
			if c.node.polite() {
				t.Error("left before everybody was met")
			}
			c.node.join(cy)
			c.node.lack()
			if err, _ := c.result(); err != nil {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestNamesThoseWhoDidNotCome(t *testing.T) {
	tests := []struct {
		name    string
		after   func(*fakeNode) // what happens after it was said
		missing int
		late    int
	}{
		{"still missing", func(*fakeNode) {}, 1, 0},
		{"came too late", func(n *fakeNode) { n.lack(); n.join(cy) }, 0, 1},
		{"gone", func(n *fakeNode) { n.lack() }, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := chatOf(t, FromFile, 0, "hi\n")
				c.node.lack(cy)
				c.node.join(bo)
				time.Sleep(settleLimit - 10*time.Millisecond)
				c.node.emit(mesh.Message{From: bo, Seq: 1, Data: []byte("to keep it here")})
				time.Sleep(20 * time.Millisecond)
				c.wantTexts("hi")
				tt.after(c.node)
				err, _ := c.result()
				var pending *PendingError
				errors.As(err, &pending)
				if tt.missing+tt.late == 0 {
					if err != nil {
						t.Errorf("ended with %v", err)
					}
					return
				}
				if pending == nil || len(pending.Missing) != tt.missing || len(pending.Peers) != tt.late {
					t.Errorf("ended with %v %+v, want %d missing and %d late", err, pending, tt.missing, tt.late)
				}
			})
		})
	}
}

func TestSettlesWithinTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromFile, 0, "hi\n")
		c.node.lack(cy)
		time.Sleep(testTimeout - time.Second)
		c.node.join(bo)
		time.Sleep(time.Second + 10*time.Millisecond)
		c.wantTexts("hi")
		c.result()
	})
}

func TestWaitingForNumbersWaitsForNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromFile, 1, "hi\n")
		c.node.lack(cy)
		c.node.join(bo)
		c.wantTexts("hi")
		if err, _ := c.result(); err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

// A signal that comes at one moment with the end of input is what ends it.
func TestSignalGoesBeforeTheEndOfInput(t *testing.T) {
	signalled := errors.New("signalled")
	for _, source := range []Source{FromPipe, FromTerminal} {
		for range 200 {
			synctest.Test(t, func(t *testing.T) {
				c := chatOf(t, source, 0, "")
				came := make(chan struct{})
				c.node.onLeave = func(context.Context) { <-came } // or the chat may be over before
				c.node.join(bo)
				c.write("hi\n")
				c.stdin.Close()
				c.end(signalled)
				close(came)
				if err, _ := c.result(); !errors.Is(err, signalled) {
					t.Fatalf("source %d: ended with %v, want the signal", source, err)
				}
			})
		}
	}
}

func TestSignalWhileLeavingCounts(t *testing.T) {
	signalled := errors.New("signalled")
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromFile, 0, "hi\n")
		c.node.onLeave = func(context.Context) { c.end(signalled) }
		c.node.join(bo)
		if err, _ := c.result(); !errors.Is(err, signalled) {
			t.Errorf("ended with %v, want the signal", err)
		}
	})
}

// enter starts a chat on a terminal at which everything was entered and ended
// before anything else could happen.
func enter(t *testing.T, others []mesh.Peer, texts ...string) *chatTest {
	t.Helper()
	c := &chatTest{t: t, node: newFakeNode(), face: new(recorder), start: time.Now(), done: make(chan error, 1)}
	for _, p := range others {
		c.node.join(p)
	}
	queue := newTyped()
	for _, text := range texts {
		queue.add(Utterance{Text: text})
	}
	queue.end()
	cfg := Config{
		Node: c.node, Members: NewRoom(c.node.self), Face: c.face, Timeout: testTimeout,
		Input: &Terminal{queue: queue}, Source: FromTerminal,
	}
	go func() { c.done <- Run(t.Context(), cfg) }()
	return c
}

func TestEnteredIsSaidBeforeLeaving(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			c := enter(t, []mesh.Peer{bo}, "one", "two")
			err, _ := c.result()
			said, warned := c.node.texts(), len(shown[Warning](c.face))
			switch {
			case err == nil && len(said) == 2 && warned == 0:
			case errors.Is(err, ErrNobody) && len(said) == 0 && warned == 2: // it ended before bo was noticed
			default:
				t.Errorf("said %q, named %d that were not, ended with %v", said, warned, err)
			}
		})
	}
}

func TestEnteredAloneIsNamedWhenLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, nil, "one", "two")
		if err, after := c.result(); !errors.Is(err, ErrNobody) || after != 0 {
			t.Errorf("ended with %v after %v, want %v at once", err, after, ErrNobody)
		}
		if got := shown[Warning](c.face); len(got) != 2 || got[1].Text != `nobody is here; not sent: "two"` {
			t.Errorf("warned %+v, want both named", got)
		}
	})
}

// TestEnteredWithTheEndIsNotLost has a line and the end of input be there at
// one moment.
func TestEnteredWithTheEndIsNotLost(t *testing.T) {
	for range 20_000 {
		q := newTyped()
		got := make(chan error, 1)
		go func() {
			_, err := q.next(t.Context())
			got <- err
		}()
		q.add(Utterance{Text: "hi"})
		q.end()
		if err := <-got; err != nil {
			t.Fatalf("the line is lost: %v", err)
		}
		if _, err := q.next(t.Context()); !errors.Is(err, io.EOF) {
			t.Fatalf("after it: %v", err)
		}
	}
}

// TestLatecomersConfirmByTheGoodbye holds that who was met after the last words
// has them, or is named: no receipt speaks for it.
func TestLatecomersConfirmByTheGoodbye(t *testing.T) {
	for _, confirms := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := chatOf(t, FromFile, 0, "hi\n")
			c.node.onLeave = func(ctx context.Context) {
				if !confirms {
					<-ctx.Done()
				}
			}
			c.node.lack(cy)
			c.node.join(bo)
			time.Sleep(time.Second)
			c.node.join(cy)
			c.node.lack()
			err, _ := c.result()
			var pending *PendingError
			if confirms && err != nil {
				t.Errorf("ended with %v", err)
			}
			if !confirms && (!errors.As(err, &pending) || len(pending.Peers) != 1 || pending.Peers[0].Member != cy.Member) {
				t.Errorf("ended with %v %+v, want cy named", err, pending)
			}
		})
	}
}
