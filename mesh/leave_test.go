package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

func TestLeaveDeliversWhatWasSaid(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		r.lan.Delay(ana.host, bo.host, 50*time.Millisecond)
		var want = []string{"joined ana"}
		var receipts []*mesh.Receipt
		for i := range 20 {
			receipts = append(receipts, r.say(ana, "x"))
			want = append(want, fmt.Sprintf("ana %d: x", i+1))
		}
		start := time.Now()
		if err := ana.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		if d := time.Since(start); d != 100*time.Millisecond {
			t.Errorf("leaving took %v, want one round trip of 100ms", d)
		}
		r.heard(bo, append(want, "left ana")...)
		for _, receipt := range receipts {
			r.delivered(receipt)
		}
	})
}

func TestLeaverGetsWhatWasSaidToIt(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		r.lan.Delay(ana.host, bo.host, 50*time.Millisecond)
		receipt := r.say(bo, "wait!")
		if err := ana.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		r.heard(ana, "joined bo", "bo 1: wait!")
		r.delivered(receipt)
		if ana.last != nil {
			t.Errorf("Events ended with %v, want no error", ana.last)
		}
	})
}

func TestAllLeaveAtOnce(t *testing.T) {
	inRoom(t, func(r *room) {
		var wg sync.WaitGroup
		for i := range 5 {
			r.join(fmt.Sprint("host", i), nil)
		}
		for _, a := range r.actors {
			r.say(a, "bye all")
		}
		for _, a := range r.actors {
			wg.Go(func() {
				if err := a.Leave(r.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, a := range r.actors {
			messages := 0
			for _, ev := range a.events() {
				if _, ok := ev.(mesh.Message); ok {
					messages++
				}
				if left, ok := ev.(mesh.Left); ok && left.Reason != nil {
					t.Errorf("%s: %s left with %v", a.Self().Name, left.Peer.Name, left.Reason)
				}
			}
			if messages != 4 {
				t.Errorf("%s got %d messages, want 4", a.Self().Name, messages)
			}
		}
	})
}

func TestLeaveGivesUpWithItsContext(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		bo.host.Hold()
		receipt := r.say(ana, "hi")
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		if err := ana.Leave(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		if err := settled(receipt); !errors.Is(err, mesh.ErrClosed) {
			t.Errorf("receipt: %v, want ErrClosed", err)
		}
		bo.host.Release()
		pass(time.Second)
		r.heard(bo, "joined ana", "ana 1: hi", "left ana")
	})
}

// TestMuteLinkHoldsNobodyWhoLeaves has a link whose other side never says what a
// link begins with, an observer that answers no goodbye, and a member that is
// slower than both are waited for.
func TestMuteLinkHoldsNobodyWhoLeaves(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		r.lie(ana)
		eye, err := r.lan.Host("eye").Listen(peer.Config{Identity: peer.NewIdentity(), Name: "eye", Observer: true})
		if err != nil {
			t.Fatal(err)
		}
		defer eye.Close()
		r.link(peer.NewIdentity(), eye, ana)
		pass(time.Second)
		bo.host.Hold()
		r.say(ana, "last words")
		time.AfterFunc(6*time.Second, bo.host.Release)
		start, left := time.Now(), make(chan error, 1)
		go func() { left <- ana.Leave(r.Context()) }()
		pass(30 * time.Second)
		select {
		case err := <-left:
			if err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("Leave still waits after %v", time.Since(start))
			ana.Close()
		}
		r.heard(bo, "joined ana", "ana 1: last words", "left ana")
	})
}

// TestMemberOnANewLinkIsWaitedFor has a member that is here make a new link in
// place of its old one, over which nothing has come yet when somebody leaves: it
// is waited for as any member is, and gets what was said.
func TestMemberOnANewLinkIsWaitedFor(t *testing.T) {
	inRoom(t, func(r *room) {
		network := tap(r.lan.Host("bo"))
		ana := r.join("ana", nil)
		bo := r.join("bo", func(cfg *mesh.Config) { cfg.Network = network })
		ana.host.Hold()
		(<-network.links).Close(errors.New("a bad cable"))
		pass(2 * time.Second)
		r.present(ana, "bo")
		receipt := r.say(ana, "last words")
		time.AfterFunc(6*time.Second, ana.host.Release)
		if err := ana.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		r.delivered(receipt)
		r.heard(bo, "joined ana", "lost ana", "joined ana", "ana 1: last words", "left ana")
	})
}

// TestLeaveNamesWhoNeverAnswered has a member say goodbye and come back on a link
// on which it never says a word, and another answer a goodbye with nothing
// confirmed. Neither holds up who leaves, and both are named.
func TestLeaveNamesWhoNeverAnswered(t *testing.T) {
	tests := []struct {
		name string
		lie  func(r *room, l *liar, a *actor)
	}{
		{"gone and mute", func(r *room, l *liar, a *actor) {
			l.WriteMessage(wire.AppendBye(nil))
			pass(time.Second)
			r.link(l.id, l.transport, a)
			pass(time.Second)
			l.Close(peer.ErrReplaced)
		}},
		{"bye-ack alone", func(_ *room, l *liar, _ *actor) {
			l.on(wire.TypeBye, func([]byte) []byte { return wire.AppendByeAck(nil) })
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana := r.join("ana", nil)
				l := r.lie(ana)
				l.WriteMessage(hello())
				pass(time.Second)
				broadcast := r.say(ana, "who has this?")
				private, err := ana.Send(r.Context(), ana.Members()[0].Member, []byte("you?"))
				if err != nil {
					t.Fatal(err)
				}
				pass(time.Second)
				tt.lie(r, l, ana)
				if err := ana.Leave(r.Context()); err != nil {
					t.Error(err)
				}
				r.undelivered(broadcast, "liar")
				r.undelivered(private, "liar")
			})
		})
	}
}

func TestCloseIsSeenAsALoss(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		ana.Close()
		r.heard(bo, "joined ana", "lost ana")
		if !errors.Is(ana.last, mesh.ErrClosed) {
			t.Errorf("Events ended with %v, want ErrClosed", ana.last)
		}
	})
}

func TestEndedNodeRefuses(t *testing.T) {
	for name, end := range map[string]func(*mesh.Node) error{
		"Leave": func(n *mesh.Node) error { return n.Leave(context.Background()) },
		"Close": (*mesh.Node).Close,
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana := r.join("ana", nil)
				bo := r.join("bo", nil)
				if err := end(ana.Node); err != nil {
					t.Error(err)
				}
				if _, err := ana.Broadcast(r.Context(), nil); !errors.Is(err, mesh.ErrClosed) {
					t.Errorf("Broadcast: %v", err)
				}
				if _, err := ana.Send(r.Context(), bo.Self().Member, nil); err == nil {
					t.Error("Send after the end succeeded")
				}
				if err := ana.Leave(r.Context()); !errors.Is(err, mesh.ErrClosed) {
					t.Errorf("Leave: %v", err)
				}
				if err := ana.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		})
	}
}

func TestCloseEndsLeaveAndDelivered(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		bo.host.Hold()
		receipt := r.say(ana, "hi")
		ended := make(chan error, 2)
		go func() { ended <- ana.Leave(r.Context()) }()
		go func() { ended <- receipt.Delivered(r.Context()) }()
		pass(time.Second)
		ana.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, mesh.ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		}
	})
}

func TestEventsEndWithTheirContext(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.joinSilently("ana", nil).unread()
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		var last error
		for _, err := range ana.Events(ctx) {
			last = err
		}
		if !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", last)
		}
	})
}

// TestNobodyDialsWhoLeft holds that an instance that said goodbye stays gone,
// whatever discovery goes on saying.
func TestNobodyDialsWhoLeft(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		if err := bo.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		pass(time.Minute)
		r.heard(ana, "joined bo", "left bo")
		if s := ana.Sightings(); len(s) != 0 {
			t.Errorf("sightings are %v, want none", s)
		}
	})
}
