//go:build !js

package peer

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestMeshCostsByTheLink has n transports link to each other at once, and counts
// what that takes: PeerConnections, two a link, and the datagrams after the
// handshake. Both go by the number of links, however many there are at a time.
func TestMeshCostsByTheLink(t *testing.T) {
	for _, n := range []int{4, 8, 16} {
		t.Run(fmt.Sprint(n, " transports"), func(t *testing.T) {
			m := newMass(t, n)
			m.link()
			links := n * (n - 1) / 2
			made, sent := m.made(), m.settled()
			t.Logf("%d links: %d PeerConnections, %.2f each; %d datagrams, %.1f each", links,
				made, float64(made)/float64(links), sent, float64(sent)/float64(links))
			failed := int(m.failed.Load())
			if made > 2*links+links/5+2*failed {
				t.Errorf("%d links took %d PeerConnections, want 2 each", links, made)
			}
			// It is 6 to 15 where hardly any is repeated since the machine is late.
			if sent > 40*(links+failed) {
				t.Errorf("%d links took %d datagrams, want at most 40 each", links, sent)
			}
		})
	}
}

// mass is a number of transports on the loopback.
type mass struct {
	t   *testing.T
	all []*Transport

	failed atomic.Int64 // dials, or the links they made, of a machine that is too slow
}

func newMass(t *testing.T, n int) *mass {
	m := &mass{t: t}
	for range n {
		m.all = append(m.all, listenHere(t))
	}
	return m
}

// link has each transport dial those after it, all at once, and waits until every
// pair is linked.
func (m *mass) link() {
	for _, tr := range m.all {
		go func() {
			for {
				c, err := tr.Accept(m.t.Context())
				if err != nil {
					return
				}
				m.read(c)
			}
		}()
	}
	var dials sync.WaitGroup
	for i, from := range m.all {
		for _, to := range m.all[i+1:] {
			dials.Go(func() { m.dial(from, to) })
		}
	}
	dials.Wait()
}

// dial dials until both have the link. One whose other side gave it up, since its part
// of it took too long there, ends, and is made anew.
func (m *mass) dial(from, to *Transport) {
	for linked := false; m.t.Context().Err() == nil; {
		near, far := from.claims.linked(to.self.Instance), to.claims.linked(from.self.Instance)
		switch {
		case near != nil && far != nil:
			return
		case near != nil:
			time.Sleep(time.Millisecond)
			continue
		case linked:
			m.failed.Add(1)
		}
		c, err := from.Dial(m.t.Context(), Target{Instance: to.self.Instance, Addrs: to.Addrs()})
		if linked = err == nil; linked {
			m.read(c)
		} else {
			m.failed.Add(1)
		}
	}
}

func (m *mass) read(c *Conn) {
	go func() {
		for {
			if _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	}()
}

func (m *mass) made() (all int) {
	for _, tr := range m.all {
		all += int(tr.made.Load())
	}
	return all
}

// settled waits until all is confirmed, and returns how many datagrams left.
func (m *mass) settled() (sent int) {
	for _, tr := range m.all {
		for _, l := range tr.claims.all() {
			for l.channel.unacked() > 0 && l.conn.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			sent += departed(l.conn)
		}
	}
	return sent
}
