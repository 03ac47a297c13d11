//go:build !js

package peer

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// duel is two nodes that link over several pairs of addresses at once, in an
// order that a seed draws. Each sees of a link when it has done hello, and whether
// the other side has closed it.
type duel struct {
	*rand.Rand
	sides [2]claims
	links []*duelLink
}

type duelLink struct {
	by    int // which side has offered it
	count uint64
	told  uint64   // what the other side says in hello is the highest count
	ends  [2]*link // nil until that side has done hello
	over  [2]bool  // a side has closed it, and the other will hear of that
}

func newDuel(seed uint64) *duel {
	d := &duel{Rand: rand.New(rand.NewPCG(seed, 0))}
	for i := range d.sides {
		d.sides[i] = newClaims(anyInstance(), 8)
	}
	return d
}

// offer has a side begin a dial, which is counted then.
func (d *duel) offer(by int) {
	c := &d.sides[by]
	a := &attempt{instance: d.sides[1-by].self, dialing: true, cancel: func(error) {}, over: make(chan struct{})}
	a.pair.remote = netip.AddrPortFrom(loopback, uint16(1+len(d.links)))
	_, _ = c.claim(a)
	c.drop(a) // the claim of a pair is not what this is about
	d.links = append(d.links, &duelLink{by: by, count: a.count})
}

// greet has a side do hello on a link, unless the other has closed it before.
func (d *duel) greet(k *duelLink, side int) {
	if k.ends[side] != nil || k.over[1-side] {
		return
	}
	c := &d.sides[side]
	if k.ends[1-side] == nil {
		k.told = d.sides[1-k.by].highest(d.sides[k.by].self)
	}
	near, _ := Pipe(Hello{}, Hello{Instance: d.sides[1-side].self})
	near.dialed = k.by == side
	l := &link{conn: near, offer: k.count}
	k.ends[side] = l
	a := &attempt{instance: d.sides[1-side].self, count: k.count, over: make(chan struct{})}
	if k.by == side {
		a.heard = k.told // before this side has heard of the link
	}
	old, _, err := c.link(a, l, func(func(Instance) bool) {})
	if err != nil {
		d.close(k, side)
	}
	for _, other := range d.links {
		if old != nil && other.ends[side] == old {
			d.close(other, side)
		}
	}
}

func (d *duel) close(k *duelLink, side int) {
	k.over[side] = true
	k.ends[side].conn.end(ErrReplaced, "")
	d.sides[side].unlink(k.ends[side])
}

// hear has a side take in that the other has closed a link.
func (d *duel) hear(k *duelLink, side int) {
	if k.over[1-side] && k.ends[side] != nil && !k.over[side] {
		d.close(k, side)
	}
}

// step is one thing that happens, at one side.
func (d *duel) step(mayOffer bool) {
	side := d.IntN(2)
	if mayOffer && (len(d.links) == 0 || d.IntN(4) == 0) {
		d.offer(side)
		return
	}
	k := d.links[d.IntN(len(d.links))]
	if d.IntN(2) == 0 {
		d.greet(k, side)
	} else {
		d.hear(k, side)
	}
}

func (d *duel) kept(side int) (at int) {
	at = -1
	for i, k := range d.links {
		if k.ends[side] != nil && d.sides[side].linked(d.sides[1-side].self) == k.ends[side] {
			at = i
		}
	}
	return at
}

// TestBothSidesKeepTheSameLink has two nodes dial each other over many pairs of
// addresses, and see what comes of it in different orders: in the end both keep
// the same link, and one dialed by who knew of that replaces it.
func TestBothSidesKeepTheSameLink(t *testing.T) {
	for seed := range uint64(5000) {
		d := newDuel(seed)
		for range 3 + d.IntN(60) {
			d.step(true)
		}
		quiet := func() {
			for range 200 {
				d.step(false)
			}
			for range 2 * len(d.links) {
				for _, k := range d.links {
					for side := range 2 {
						d.greet(k, side)
						d.hear(k, side)
					}
				}
			}
		}
		quiet()
		what := fmt.Sprintf("seed %d, %d links", seed, len(d.links))
		if d.kept(0) != d.kept(1) || d.kept(0) < 0 {
			t.Fatalf("%s: one side keeps %d, the other %d", what, d.kept(0), d.kept(1))
		}
		d.offer(d.IntN(2))
		quiet()
		if newest := len(d.links) - 1; d.kept(0) != newest || d.kept(1) != newest {
			t.Fatalf("%s: after another dial, the sides keep %d and %d, want %d", what, d.kept(0), d.kept(1), newest)
		}
	}
}

// TestForgetfulDialerReplacesALink has one side forget the other, which believes
// in an old link that many came before: the second dial replaces that.
func TestForgetfulDialerReplacesALink(t *testing.T) {
	d := newDuel(1)
	settle := func(k *duelLink) {
		for side := range 2 {
			d.greet(k, side)
		}
		for side := range 2 {
			d.hear(k, side)
		}
	}
	for range 50 {
		d.offer(1)
		settle(d.links[len(d.links)-1])
	}
	a, b := &d.sides[0], &d.sides[1]
	a.unlink(a.linked(b.self))
	delete(a.seen, b.self)
	a.offers = 0
	for range 2 {
		d.offer(0)
		settle(d.links[len(d.links)-1])
	}
	if newest := len(d.links) - 1; d.kept(0) != newest || d.kept(1) != newest {
		t.Errorf("after two dials the sides keep %d and %d, want %d", d.kept(0), d.kept(1), newest)
	}
}
