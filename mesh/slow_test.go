package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// heavy is a message that fills the bounds of a shrunken node quickly: with
// what is counted on top of it, a log holds 127 and 15 may be under way.
var heavy = strings.Repeat("x", 3700)

// shrunken joins a node with small bounds. What a link in memory holds is far
// more than a stopped member may be behind, so the bounds are hit by what is
// confirmed and not by what is written.
func (r *room) shrunken(name string) *actor {
	r.Helper()
	a := r.join(name, nil)
	a.Shrink()
	return a
}

// accepted broadcasts heavy messages until one has to wait, or until limit.
func (r *room) accepted(a *actor, limit int) int {
	for i := range limit {
		ctx, cancel := context.WithTimeout(r.Context(), time.Millisecond)
		_, err := a.Broadcast(ctx, []byte(heavy))
		cancel()
		if err != nil {
			return i
		}
	}
	return limit
}

func TestBroadcastWaitsForASlowMember(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.shrunken("ana")
		bo := r.join("bo", nil)
		bo.host.Hold()
		if n := r.accepted(ana, 100); n != 17 {
			t.Errorf("accepted %d messages, want the 17 that reach 64 KiB", n)
		}
		ctx, cancel := context.WithTimeout(r.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := ana.Broadcast(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("broadcast past the bound: %v", err)
		}
		bo.host.Release()
		pass(100 * time.Millisecond)
		if n := r.accepted(ana, 10); n != 10 {
			t.Errorf("accepted %d messages when bo reads again, want 10", n)
		}
		pass(time.Second)
		messages := 0
		for _, ev := range bo.events() {
			if m, ok := ev.(mesh.Message); ok {
				messages++
				if m.Seq != uint64(messages) || len(m.Data) == 0 {
					t.Errorf("got message %d of %d bytes, want %d", m.Seq, len(m.Data), messages)
				}
			}
		}
		if messages != 27 {
			t.Errorf("bo has read %d messages, want the 27 that were accepted", messages)
		}
	})
}

func TestStoppedMemberHoldsNobody(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.shrunken("ana")
		bo := r.join("bo", nil)
		cy := r.join("cy", nil)
		bo.host.Hold()
		start := time.Now()
		var receipts []*mesh.Receipt
		for range 100 {
			receipts = append(receipts, r.say(ana, heavy))
		}
		if d := time.Since(start); d < time.Second || d > 1100*time.Millisecond {
			t.Errorf("100 messages took %v, want to be held up for 1s once", d)
		}
		synctest.Wait()
		if n := len(cy.events()); n != 2+100 {
			t.Errorf("cy has read %d events, want 2 joined and 100 messages", n)
		}
		bo.host.Release()
		pass(time.Second)
		if n := len(bo.events()); n != 2+100 {
			t.Errorf("bo has read %d events, want 2 joined and 100 messages", n)
		}
		r.delivered(receipts[99])
	})
}

// TestLogOverflow says more than the log holds to a member that has stopped:
// what is on the link when it stops arrives, and of the rest what the log
// still has.
func TestLogOverflow(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.shrunken("ana")
		bo := r.join("bo", nil)
		bo.host.Cut() // a link that is cut ends, and with it what is on it
		const count = 200
		var receipts []*mesh.Receipt
		for range count {
			receipts = append(receipts, r.say(ana, heavy))
		}
		r.undelivered(receipts[0], "bo")
		if err := settled(receipts[count-1]); !errors.Is(err, context.Canceled) {
			t.Errorf("the last message: %v", err)
		}
		pass(10 * time.Second)
		bo.host.Heal()
		pass(10 * time.Second)
		r.heardSome(bo, count)
	})
}

// heardSome fails the test unless the program has read a run of messages up
// to last, a gap, and nothing of it twice or out of order.
func (r *room) heardSome(a *actor, last uint64) {
	r.Helper()
	var next, missing uint64 = 1, 0
	for _, ev := range a.events() {
		switch ev := ev.(type) {
		case mesh.Message:
			if ev.Seq != next {
				r.Fatalf("got message %d, want %d", ev.Seq, next)
			}
			next++
		case mesh.Gap:
			missing += ev.Count
			next += ev.Count
		}
	}
	if next != last+1 || missing == 0 || missing > last/2 {
		r.Errorf("got messages up to %d and a gap of %d, want %d in all and a gap of less than half", next-1, missing, last)
	}
}

func TestSendWaitsForASlowMember(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.shrunken("ana")
		bo := r.join("bo", nil)
		cy := r.join("cy", nil)
		bo.host.Hold()
		sent := 0
		var receipt *mesh.Receipt
		for {
			ctx, cancel := context.WithTimeout(r.Context(), time.Second)
			one, err := ana.Send(ctx, bo.Self().Member, []byte(heavy))
			cancel()
			if err != nil {
				break
			}
			receipt = one
			sent++
		}
		if sent != 4 {
			t.Errorf("accepted %d messages, want the 4 that reach 16 KiB", sent)
		}
		if receipt, err := ana.Send(r.Context(), cy.Self().Member, nil); err != nil {
			t.Error(err)
		} else {
			r.delivered(receipt)
		}
		bo.host.Release()
		pass(time.Second)
		r.delivered(receipt)
	})
}

func TestProgramThatDoesNotReadGetsAGap(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.joinSilently("bo", nil).unread()
		bo.Shrink()
		pass(time.Second)
		const count = 50
		for range count {
			r.delivered(r.say(ana, heavy)) // bo's node has it, though its program does not
			pass(time.Second)
		}
		r.join("cy", nil)
		if err := ana.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		var story []string
		messages := 0
		for ev := range bo.Events(r.Context()) {
			if m, ok := ev.(mesh.Message); ok && m.From.Name == "ana" {
				messages++
				continue
			}
			story = append(story, line(ev))
			if _, ok := ev.(mesh.Left); ok {
				break
			}
		}
		if messages != 33 {
			t.Errorf("kept %d messages, want the 33 that fit 128 KiB", messages)
		}
		want := fmt.Sprintf("joined ana/gap ana %d/joined cy/left ana", count-messages)
		if got := strings.Join(story, "/"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestDripHoldsNobody has a member confirm one message just often enough to be
// seen making progress: nobody waits for one that is as slow as that.
func TestDripHoldsNobody(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.shrunken("ana")
		l := r.lie(ana)
		l.WriteMessage(hello())
		pass(100 * time.Millisecond)
		r.present(ana, "liar")
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for want := uint64(2); ; want++ {
				select {
				case <-time.After(900 * time.Millisecond):
					l.WriteMessage(wire.AppendHave(nil, wire.Have{Next: 1, Want: want, PrivateNext: 1}))
				case <-stop:
					return
				}
			}
		}()
		start := time.Now()
		for range 100 { // the first 16 fill what may be under way
			r.say(ana, heavy)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("100 messages took %v", d)
		}
		if err := l.Err(); err != nil {
			t.Error(err)
		}
	})
}

// TestSlowMemberIsWaitedFor has a member confirm everything at a pace that is
// slow and steady: it gets all, and the speaker waits for it.
func TestSlowMemberIsWaitedFor(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.shrunken("ana")
		bo := r.join("bo", nil)
		pass(time.Second)
		go func() { // 400 KiB/s
			for range 2000 {
				bo.host.Hold()
				time.Sleep(9 * time.Millisecond)
				bo.host.Release()
				time.Sleep(time.Millisecond)
			}
		}()
		for range 1000 {
			r.say(ana, heavy)
		}
		pass(30 * time.Second)
		if n := len(bo.events()); n != 1+1000 {
			t.Errorf("bo has read %d events, want to be waited for", n)
		}
	})
}
