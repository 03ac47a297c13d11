//go:build !js

package peer

import (
	"net"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// linkHere links two transports and returns both ends, the dialed one first.
func linkHere(t *testing.T, a, b *Transport) (near, far *link) {
	t.Helper()
	c, err := a.Dial(t.Context(), Target{Addrs: b.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	d, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, conn := range []*Conn{c, d} {
		go func() {
			for {
				if _, err := conn.ReadMessage(); err != nil {
					return
				}
			}
		}()
	}
	return a.claims.linked(b.self.Instance), b.claims.linked(a.self.Instance)
}

func (l *link) current() *watch { return l.watch.Load() }

// await polls for what happens in other goroutines; the limit is for a test
// that fails.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: ", what)
		}
	}
}

// TestHundredsOfShortCuts breaks the watch of a link again and again, as a bad
// cable does: each time both sides get a new one, and the link lives.
func TestHundredsOfShortCuts(t *testing.T) {
	near, far := linkHere(t, listenHere(t), listenHere(t))
	near.renewals.SetLimit(rate.Inf)
	for i := range 300 {
		old := near.current()
		_ = old.Close()
		await(t, "a new watch", func() bool { return near.current() != old || near.conn.Err() != nil })
		if near.conn.Err() != nil || far.conn.Err() != nil {
			t.Fatalf("cut %d ended the link: %v, %v", i, near.conn.Err(), far.conn.Err())
		}
	}
	agree(t, near, far)
}

// agree waits until both sides watch the same connection.
func agree(t *testing.T, near, far *link) {
	t.Helper()
	await(t, "both sides watch the same connection", func() bool {
		return far.current().RemoteAddr().String() == near.current().LocalAddr().String()
	})
}

// TestWatchAfterACrowd breaks the watch after more came and went than are
// remembered: the link is remembered still.
func TestWatchAfterACrowd(t *testing.T) {
	near, far := linkHere(t, listenHere(t), listenHere(t))
	linked := func(in Instance) bool { return far.t.claims.linked(in) != nil }
	for range 2 * maxTokens {
		far.t.tokens.set(anyInstance(), token{}, linked)
	}
	old := near.current()
	_ = old.Close()
	await(t, "a new watch", func() bool { return near.current() != old })
	agree(t, near, far)
}

// TestWatchEndsWithItsLink asks for a watch of somebody who takes calls and
// never answers: the link's end ends that too.
func TestWatchEndsWithItsLink(t *testing.T) {
	near, _ := linkHere(t, listenHere(t), listenHere(t))
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	near.conn.remoteAddr = plain(silent.Addr())
	began := time.Now()
	time.AfterFunc(time.Millisecond, func() { _ = near.conn.Close(nil) })
	if w := near.openWatch(); w != nil {
		t.Error("there is a watch")
	}
	if d := time.Since(began); d >= answerWait {
		t.Errorf("it took %v", d)
	}
}

// TestNewestWatchCounts opens watches though the other side misses none, as a
// node does whose connection broke on the way: none is closed in its face for
// good, and in the end both watch the same.
func TestNewestWatchCounts(t *testing.T) {
	near, far := linkHere(t, listenHere(t), listenHere(t))
	near.renewals.SetLimit(rate.Inf)
	for range 20 {
		if w := near.openWatch(); w != nil { // nil: one that near opened of itself was newer
			defer w.Close()
		}
	}
	agree(t, near, far)
	if near.conn.Err() != nil || far.conn.Err() != nil {
		t.Errorf("the link ended: %v, %v", near.conn.Err(), far.conn.Err())
	}
}

// TestWatchClosedInOurFace has the other side take each watch and close it at
// once: we ask again, and not as fast as we can.
func TestWatchClosedInOurFace(t *testing.T) {
	near, far := linkHere(t, listenHere(t), listenHere(t))
	began := time.Now()
	for range rewatchBurst + 1 {
		last := near.current()
		_ = far.current().Close()
		await(t, "a new watch", func() bool { return near.current() != last })
		agree(t, near, far)
	}
	if d := time.Since(began); d < rewatchEvery/2 {
		t.Errorf("%d watches were opened in %v", rewatchBurst+1, d)
	}
}
