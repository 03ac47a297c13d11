package mesh_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
)

// crowd joins so many nodes, which all meet; the first is returned.
func (r *room) crowd(size int) *actor {
	r.Helper()
	first := r.join("ana", nil)
	for i := range size - 1 {
		r.join(fmt.Sprint("member-", i+1), nil)
	}
	pass(time.Second)
	if n := len(first.Members()); n != size-1 {
		r.Fatalf("%d members, want %d", n, size-1)
	}
	return first
}

// confirmedIn returns how long all take to confirm a broadcast.
func (r *room) confirmedIn(a *actor) time.Duration {
	r.Helper()
	start := time.Now()
	if err := r.say(a, "hi").Delivered(r.Context()); err != nil {
		r.Fatal(err)
	}
	return time.Since(start)
}

// TestReceiptsOfASmallRoomComeAtOnce: time passes in a bubble only when nothing
// else is to be done.
func TestReceiptsOfASmallRoomComeAtOnce(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.crowd(5)
		if took := r.confirmedIn(ana); took != 0 {
			t.Errorf("four others took %v to confirm", took)
		}
	})
}

// TestReceiptsOfALargeRoomStayOutOfTheWay: the message goes to all first.
func TestReceiptsOfALargeRoomStayOutOfTheWay(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.crowd(16)
		if took := r.confirmedIn(ana); took < 5*time.Millisecond || took > 20*time.Millisecond {
			t.Errorf("fifteen others took %v to confirm, want 5 to 20 ms", took)
		}
	})
}

func TestReceiptOfOneIsNotDelayedByALargeRoom(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.crowd(16)
		start := time.Now()
		receipt, err := ana.Send(r.Context(), ana.Members()[3].Member, []byte("hi"))
		if err != nil {
			t.Fatal(err)
		}
		if err := receipt.Delivered(r.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("a private message took %v to be confirmed", took)
		}
	})
}

// TestLeavingDoesNotWaitForReceipts: neither the one who spoke nor one who has
// yet to confirm what it heard.
func TestLeavingDoesNotWaitForReceipts(t *testing.T) {
	for _, who := range []string{"speaker", "listener"} {
		t.Run(who, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana := r.crowd(16)
				receipt := r.say(ana, "hi")
				pass(time.Millisecond) // all have it by then
				leaver := ana
				if who == "listener" {
					leaver = r.actors[7]
				}
				start := time.Now()
				if err := leaver.Leave(r.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("leaving took %v", took)
				}
				r.delivered(receipt)
			})
		})
	}
}

// TestALargeRoomIsNotSlow: what is much is confirmed without delay, or the
// bound on what a member may be behind would be one on speed.
func TestALargeRoomIsNotSlow(t *testing.T) {
	long(t)
	inRoom(t, func(r *room) {
		members := 25
		if raceEnabled {
			members = 10 // 2 GB otherwise
		}
		ana := r.crowd(members)
		const size, count = 32 << 10, 140
		start := time.Now()
		for range count {
			if _, err := ana.Broadcast(r.Context(), make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
		// 4 MiB may be under way, and 5 ms pass between two confirmations.
		if took := time.Since(start); took >= 20*time.Millisecond {
			t.Errorf("%d MiB took %v, as long as one confirmation may wait", size*count>>20, took)
		}
	})
}

// TestBusyPageConfirmsSeldom: what a browser sends costs it far more than what it
// gets, so it confirms a stream of messages together, and a single one at once.
func TestBusyPageConfirmsSeldom(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		tab := r.page("tab", ana, nil)
		pass(time.Second)
		if took := r.confirmedIn(ana); took != 0 {
			t.Errorf("a page took %v to confirm one message", took)
		}
		var sent atomic.Int64
		r.lan.Tap(func(from, _ *meshtest.Host, _ []byte) {
			if from == r.lan.Host("tab") {
				sent.Add(1)
			}
		})
		var last *mesh.Receipt
		for range 100 {
			last = r.say(ana, "one of many")
			pass(10 * time.Millisecond)
		}
		if n := sent.Load(); n < 15 || n > 25 {
			t.Errorf("the page has sent %d times in a second, want about 20", n)
		}
		start := time.Now()
		if err := last.Delivered(r.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 50*time.Millisecond {
			t.Errorf("it took %v to confirm the last", took)
		}
		if len(tab.Members()) != 1 {
			t.Errorf("the page sees %v", tab.Members())
		}
	})
}
