package mesh_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// TestLyingAsks holds that who asks what no honest member would loses its link.
func TestLyingAsks(t *testing.T) {
	holding := func(l *liar, from, last uint64) []byte {
		return wire.AppendAsk(nil, wire.Ask{Holdings: []wire.Holding{{Member: l.to, From: from, Last: last}}})
	}
	tests := []struct {
		name string
		lie  func(l *liar) []byte
		want string
	}{
		{"too many entries", func(*liar) []byte {
			n := 3 + 72*(wire.MaxHoldings+1)
			return append([]byte{wire.TypeAsk, byte(n >> 16), byte(n >> 8), byte(n)}, make([]byte, n)...)
		}, "more than 512"},
		{"cut short", func(*liar) []byte { return []byte{wire.TypeAsk, 0, 0, 4, 0, 0, 1, 1} }, "cut short"},
		{"holds our future", func(l *liar) []byte { return holding(l, 1, 100) }, "never sent"},
		{"is past our future", func(l *liar) []byte { return holding(l, 100, 0) }, "never sent"},
		{"is at the last sequence", func(l *liar) []byte { return holding(l, 1<<64-1, 1<<64-1) }, "never sent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) { r.refusedAfter(tt.lie, tt.want) })
		})
	}
}

// TestFloodOfAsks holds that who asks all the time gets little for it.
func TestFloodOfAsks(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		for i := range 100 {
			r.say(ana, fmt.Sprint(i))
		}
		l := r.lie(ana)
		cy := newAbsent()
		l.answers(cy.said(nil))
		l.WriteMessage(helloWithPast())
		pass(time.Second)
		before := l.count(wire.TypePast)
		for range 10_000 {
			l.WriteMessage(wire.AppendAsk(nil, wire.Ask{Limit: 1000}))
		}
		pass(time.Second)
		if n := l.count(wire.TypePast) - before; n > 20*100 {
			t.Errorf("10,000 asks were answered with %d messages", n)
		}
		if err := l.Err(); err != nil {
			t.Error(err)
		}
	})
}

// heap returns the memory that is in use.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what a sync.Pool holds outlives the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestUnaskedAnswers holds that what nobody asked for is neither kept nor shown.
func TestUnaskedAnswers(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(hello())
		pass(time.Second)
		before := heap()
		for i := range 500 {
			cy := newAbsent()
			p := cy.said(func(m *wire.Message) { m.Body = make([]byte, 60_000) })
			l.WriteMessage(p)
			if i%3 == 0 {
				l.WriteMessage(wire.AppendAsked(nil))
			}
		}
		pass(time.Second)
		if grown := heap() - before; grown > 2<<20 {
			t.Errorf("%d bytes were kept of 30 MB", grown)
		}
		r.heard(ana, "joined liar")
	})
}

// TestEndlessAnswer holds that an answer takes no more memory than what a node
// keeps anyway, and no longer than it may, and that what others say goes on.
func TestEndlessAnswer(t *testing.T) {
	long(t)
	inRoom(t, func(r *room) {
		ana := r.joinSilently("ana", nil).unread()
		bo := r.join("bo", nil)
		l := r.lie(ana)
		asked := make(chan struct{}, 100)
		l.on(wire.TypeAsk, func([]byte) []byte {
			asked <- struct{}{}
			return nil
		})
		before := heap()
		l.WriteMessage(helloWithPast())
		<-asked
		cy := newAbsent()
		var most int64
		for i := range 1600 { // 100 MB
			l.WriteMessage(cy.said(func(m *wire.Message) {
				m.Seq = uint64(i + 1)
				m.Body = make([]byte, 64_000)
			}))
			if i%200 == 199 {
				synctest.Wait()
				most = max(most, heap()-before)
			}
		}
		if most > 64<<20 {
			t.Errorf("%d MiB were kept of an endless answer", most>>20)
		}
		pass(3 * time.Second)
		grown := heap()
		for range 100 {
			l.WriteMessage(newAbsent().said(func(m *wire.Message) { m.Body = make([]byte, 60_000) }))
		}
		synctest.Wait()
		if grown = heap() - grown; grown > 3<<20 { // of 6 MB
			t.Errorf("%d bytes were kept after the time for an answer", grown)
		}
		r.delivered(r.say(bo, "on it goes"))
	})
}

// TestAnswersKeepNothing has many ask for all there is and read nothing of it:
// what the archive forgets meanwhile is kept for none of them.
func TestAnswersKeepNothing(t *testing.T) {
	long(t)
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		body := strings.Repeat("x", 60_000)
		flood := func() {
			for range 600 { // 36 MB: more than all that is kept
				r.say(ana, body)
			}
		}
		flood()
		stuck := make(chan struct{})
		defer close(stuck)
		for i := range 5 {
			l := r.lieFrom(fmt.Sprint("liar", i), ana)
			l.WriteMessage(hello())
			pass(time.Second)
			l.on(wire.TypePast, func([]byte) []byte {
				<-stuck
				return nil
			})
			l.WriteMessage(wire.AppendAsk(nil, wire.Ask{Holdings: []wire.Holding{{Member: l.to, From: 1}}}))
			before := heap()
			pass(time.Second)
			if i > 0 {
				flood()
			}
			pass(time.Second)
			if grown := heap() - before; grown > 20<<20 {
				t.Errorf("%d MiB more are kept for %d that do not read", grown>>20, i+1)
			}
		}
	})
}
