//go:build !js

package peer

import (
	"slices"
	"testing"
	"time"
)

// accountOf returns the account of a link over a network.
func accountOf(c *Conn) *account { return c.ch.(*rtcChannel).session.account }

// departed returns how many datagrams with SCTP in them a link has sent.
func departed(c *Conn) int {
	a := accountOf(c)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pacer.left
}

// cut lets no datagram in over a link from its other side, until it is mended.
func cut(c *Conn) (mend func()) {
	l, a := c.local.(*socket).ledger, accountOf(c)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, addr := range a.addrs {
		delete(l.byAddr, addr)
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, addr := range a.addrs {
			l.byAddr[addr] = a
		}
	}
}

// readAll reads until the link ends.
func readAll(c *Conn) <-chan struct{} {
	read := make(chan struct{}, 1000)
	go func() {
		for {
			if _, err := c.ReadMessage(); err != nil {
				return
			}
			read <- struct{}{}
		}
	}()
	return read
}

// TestSingleMessagesAreNotRepeated counts the datagrams of messages that come
// one at a time: each is sent once and confirmed once, though SCTP's timer runs
// out before the confirmation, which is delayed.
func TestSingleMessagesAreNotRepeated(t *testing.T) {
	const messages = 20
	a, b := listenHere(t), listenHere(t)
	near, far := linkOf(t, a, b)
	read := readAll(far)
	say := func() {
		if err := near.WriteMessage(make([]byte, 200)); err != nil {
			t.Fatal(err)
		}
		<-read
		for near.ch.unacked() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	say() // and wait for what hello left unconfirmed
	var took []int
	for range messages {
		before := departed(near) + departed(far)
		say()
		took = append(took, departed(near)+departed(far)-before)
	}
	// On a machine that is late some are repeated; were it by the timer, all would be.
	slices.Sort(took)
	if took[messages/2] > 2 {
		t.Errorf("messages took %d datagrams, want 2 each", took)
	}
}

// TestOutageIsQuietAndSoonOver writes 160 KiB into an outage of 2 s. They leave
// once, and again little by little; and they arrive when it is over.
func TestOutageIsQuietAndSoonOver(t *testing.T) {
	const messages, size = 16, 10 << 10
	a, b := listenHere(t), listenHere(t)
	near, far := linkOf(t, a, b)
	go near.ReadMessage()
	read := readAll(far)
	if err := near.WriteMessage(nil); err != nil {
		t.Fatal(err)
	}
	<-read
	mend := cut(far)
	before := departed(near)
	go func() { // it may have to wait for the end of the outage
		for range messages {
			if near.WriteMessage(make([]byte, size)) != nil {
				return
			}
		}
	}()
	time.Sleep(2 * time.Second)
	sent := departed(near) - before
	once := messages * (1 + size/chunkBytes)
	t.Logf("%d datagrams left, %d would be each once", sent, once)
	if sent > 2*once {
		t.Errorf("%d datagrams left during the outage, %d would be each once", sent, once)
	}
	mend()
	over := time.Now()
	<-read
	t.Logf("the first message came %v after the outage", time.Since(over))
	for range messages - 1 {
		<-read
	}
	t.Logf("the last message came %v after the outage", time.Since(over))
}
