package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

func TestMessagesComeBetweenJoinedAndLeft(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		pass(time.Second)
		for i := range 3 {
			r.say(ana, fmt.Sprint("line ", i+1))
		}
		if err := ana.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		r.heard(bo, "joined ana", "ana 1: line 1", "ana 2: line 2", "ana 3: line 3", "left ana")
	})
}

func TestSaidToNobodyIsAccepted(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		receipt := r.say(ana, "hello?")
		if len(receipt.To()) != 0 {
			t.Errorf("said to %v", receipt.To())
		}
		r.delivered(receipt)
		bo := r.join("bo", nil)
		pass(time.Second)
		r.say(ana, "hello!")
		r.heard(bo, "joined ana", "ana 1 earlier: hello?", "ana 2: hello!")
	})
}

func TestDeliveredMeansEveryoneHasIt(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		cy := r.join("cy", nil)
		pass(time.Second)
		cy.host.Hold()
		receipt := r.say(ana, "hi")
		if got := names(receipt.To()); got != "bo cy" {
			t.Errorf("said to %q", got)
		}
		if err := settled(receipt); !errors.Is(err, context.Canceled) {
			t.Errorf("before cy has it: %v", err)
		}
		cy.host.Release()
		r.delivered(receipt)
		r.heard(bo, "joined ana", "joined cy", "ana 1: hi")
		r.heard(cy, "joined ana", "joined bo", "ana 1: hi")
	})
}

func TestReceiptNamesWhoLeftWithoutConfirming(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		r.join("bo", nil)
		cy := r.join("cy", nil)
		pass(time.Second)
		cy.host.Hold()
		receipt := r.say(ana, "hi")
		cy.host.Kill()
		r.undelivered(receipt, "cy")
		if err := settled(receipt); err.Error() != `mesh: not confirmed by "cy"` {
			t.Error(err)
		}
	})
}

func TestShortCutLosesNobody(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		pass(time.Second)
		bo.host.Cut()
		receipt := r.say(ana, "are you there?")
		pass(5 * time.Second)
		bo.host.Heal()
		pass(time.Second)
		r.delivered(receipt)
		r.heard(bo, "joined ana", "ana 1: are you there?")
		r.heard(ana, "joined bo")
	})
}

func TestSaidWhileCutOffFollowsTheNextJoined(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		pass(time.Second)
		r.say(ana, "before")
		pass(time.Second)
		bo.host.Cut()
		cut := r.say(ana, "cut")
		pass(60 * time.Second)
		r.undelivered(cut, "bo")
		if receipt := r.say(ana, "away"); len(receipt.To()) != 0 {
			t.Errorf("said to %v while bo was away", receipt.To())
		}
		r.say(bo, "alone")
		bo.host.Heal()
		pass(10 * time.Second)
		r.say(ana, "after")
		r.heard(bo, "joined ana", "ana 1: before", "lost ana", "joined ana", "ana 2: cut", "ana 3: away", "ana 4: after")
		r.heard(ana, "joined bo", "lost bo", "joined bo", "bo 1: alone")
	})
}

func TestReturnAfterLongIsQuick(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		pass(time.Second)
		bo.host.Cut()
		pass(10 * time.Minute)
		bo.host.Heal()
		pass(5 * time.Second) // a dial that was under way has to time out first
		r.present(ana, "bo")
	})
}

// TestAwayForTooLongIsAGap is for a sender that keeps no history; one that does
// gives what it has of it.
func TestAwayForTooLongIsAGap(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", func(cfg *mesh.Config) { cfg.KeepHistory = -1 })
		bo := r.join("bo", nil)
		pass(time.Second)
		r.delivered(r.say(ana, "before"))
		bo.host.Cut()
		pass(time.Minute)
		r.say(ana, "one")
		r.say(ana, "two")
		pass(20 * time.Minute)
		bo.host.Heal()
		pass(10 * time.Second)
		r.say(ana, "after")
		r.heard(bo, "joined ana", "ana 1: before", "lost ana", "joined ana", "gap ana 2", "ana 4: after")
	})
}

func TestDroppedLinkLosesNothing(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		r.lan.Delay(ana.host, bo.host, 3*time.Millisecond)
		pass(time.Second)
		for i := range 30 {
			r.say(ana, fmt.Sprint(i+1))
			pass(time.Millisecond)
			if i%7 == 3 {
				r.lan.Drop(ana.host, bo.host)
			}
		}
		pass(time.Second)
		next := uint64(1)
		for _, ev := range bo.events() {
			m, ok := ev.(mesh.Message)
			if !ok {
				continue
			}
			if m.Seq != next || string(m.Data) != fmt.Sprint(next) {
				t.Errorf("got %d: %s, want %d", m.Seq, m.Data, next)
			}
			next++
		}
		if next != 31 {
			t.Errorf("got messages up to %d, want 30", next-1)
		}
	})
}

func TestSendReachesOneOnly(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		cy := r.join("cy", nil)
		pass(time.Second)
		r.delivered(r.say(ana, "all"))
		for i, text := range []string{"psst", "really"} {
			receipt, err := ana.Send(r.Context(), bo.Self().Member, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if receipt.Seq() != uint64(i+1) || names(receipt.To()) != "bo" {
				t.Errorf("private message %d to %q", receipt.Seq(), names(receipt.To()))
			}
			pass(time.Second)
			r.delivered(receipt)
		}
		r.heard(bo, "joined ana", "joined cy", "ana 1: all", "ana 1 privately: psst", "ana 2 privately: really")
		r.heard(cy, "joined ana", "joined bo", "ana 1: all")
		if _, err := ana.Send(r.Context(), ana.Self().Member, nil); !errors.Is(err, mesh.ErrNoMember) {
			t.Errorf("to oneself: %v", err)
		}
		if _, err := ana.Send(r.Context(), mesh.Member{}, nil); !errors.Is(err, mesh.ErrNoMember) {
			t.Errorf("to nobody: %v", err)
		}
	})
}

func TestSendSurvivesACut(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		pass(time.Second)
		bo.host.Cut()
		receipt, err := ana.Send(r.Context(), bo.Self().Member, []byte("psst"))
		if err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		r.undelivered(receipt, "bo")
		if _, err := ana.Send(r.Context(), bo.Self().Member, nil); !errors.Is(err, mesh.ErrNoMember) {
			t.Errorf("to one who left: %v", err)
		}
		bo.host.Heal()
		pass(10 * time.Second)
		r.heard(bo, "joined ana", "lost ana", "joined ana", "ana 1 privately: psst")
	})
}

func TestBodies(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		pass(time.Second)
		long := strings.Repeat("x", mesh.MaxBody)
		for _, body := range []string{"", "hi", long} {
			r.delivered(r.say(ana, body))
			if receipt, err := ana.Send(r.Context(), bo.Self().Member, []byte(body)); err != nil {
				t.Error(err)
			} else {
				pass(time.Second)
				r.delivered(receipt)
			}
		}
		r.heard(bo, "joined ana", "ana 1: ", "ana 1 privately: ", "ana 2: hi", "ana 2 privately: hi", "ana 3: "+long, "ana 3 privately: "+long)
		if _, err := ana.Broadcast(r.Context(), []byte(long+"x")); !errors.Is(err, mesh.ErrTooLarge) {
			t.Errorf("longer than allowed: %v", err)
		}
	})
}

func TestOneIdentityTwiceIsTwoMembers(t *testing.T) {
	inRoom(t, func(r *room) {
		id := peer.NewIdentity()
		same := func(cfg *mesh.Config) { cfg.Identity = id }
		ana := r.join("ana", same)
		anne := r.join("anne", same)
		r.join("ana", nil) // a second node of one host
		pass(time.Second)
		r.present(ana, "anne ana")
		r.say(anne, "me")
		r.heard(ana, "joined ana", "joined anne", "anne 1: me")
	})
}

func TestSentFollowsTheClocksOfOthers(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		pass(time.Second)
		r.say(ana, "question")
		pass(0)
		r.say(bo, "answer")
		pass(0)
		sent := func(a *actor) time.Time {
			evs := a.events()
			return evs[len(evs)-1].(mesh.Message).Sent
		}
		if q, now := sent(bo), time.Now(); now.Sub(q) < 0 || now.Sub(q) > time.Second {
			t.Errorf("sent %v, received %v", q, now)
		}
		if sent(ana).Before(sent(bo)) {
			t.Errorf("the answer was sent %v, before the question %v", sent(ana), sent(bo))
		}
	})
}
