package contacts

import (
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/peer"
)

// A page can be dialed by nobody, and dials nobody but the node that serves it.
// To everybody else it offers a link through members that reach them: a dial that
// goes over a neighbour instead of to an address. Whom neighbours reach may be
// invented, and each such dial costs a page some milliseconds and a place; so each
// neighbour tells within its budget, and has an equal share of the places.
const (
	// lastOffer bounds the wait between offers to one that makes no link of them:
	// between two pages of which neither knows an address of its own none ever
	// will. A neighbour more that reaches it makes it sooner, see Reached.
	lastOffer = 4 * time.Minute
	// offerPatience is how long an offer may take before messages go through
	// members meanwhile.
	offerPatience = 250 * time.Millisecond
	// gathering is what a browser takes to look for its own addresses, however
	// idle it is.
	gathering = 250 * time.Millisecond
	// minOffers is what a neighbour may have under way in a room of any size.
	minOffers = 2
)

// Reach is an instance to which members can carry an offer.
type Reach struct {
	To     peer.Instance
	Over   []peer.Instance // the neighbours that can, the likeliest first; not to be changed
	Teller *budget.Bucket  // of the first of them; who is new costs it one
}

// Reached takes in to whom links may be offered through members: to these and
// nobody else.
func (t *Table) Reached(now time.Time, all []Reach) {
	reached := make(map[peer.Instance]bool, len(all))
	for _, r := range all {
		reached[r.To] = true
		c := t.contacts[r.To]
		if c == nil && r.To != t.self && r.Teller.Take(now, 1) {
			c = t.contact(now, r.To)
		}
		if c == nil {
			continue
		}
		before := c.over
		c.over = r.Over
		if slices.ContainsFunc(r.Over, func(in peer.Instance) bool { return !slices.Contains(before, in) }) {
			t.hurry(now, c)
		}
	}
	for instance, c := range t.contacts {
		if !reached[instance] {
			c.over = nil
		}
	}
}

// isOffered reports whether a link to the contact is to be offered through
// members, as there is nowhere to dial it.
func (c *contact) isOffered() bool { return len(c.over) > 0 && !c.hasAddrs() }

// offer returns a dial through a neighbour whose share allows it, another one
// than the last if that came to nothing; nil if there is none.
func (t *Table) offer(c *contact) *Dial {
	var last *Dial
	for _, over := range c.over {
		if t.under(over) >= t.shareOfOffers() {
			continue
		}
		d := &Dial{Instance: c.instance, Over: over}
		if over != c.vain {
			return d
		}
		last = d
	}
	return last
}

// under returns how many dials are under way over a neighbour.
func (t *Table) under(over peer.Instance) int {
	n := 0
	for d := range t.dials {
		if d.Over == over {
			n++
		}
	}
	return n
}

func (t *Table) shareOfOffers() int {
	neighbours := 0
	for _, c := range t.contacts {
		if c.linked {
			neighbours++
		}
	}
	return max(maxUnderway/max(neighbours, 1), minOffers)
}

// offered returns when a dial began, as far as it says how busy this machine is.
func (d *Dial) offered(now time.Time) time.Time {
	if d.Over.IsZero() {
		return d.began
	}
	return earlier(d.began.Add(gathering), now)
}

// isHopeful reports whether the first offer to a contact may still make a link
// soon.
func (c *contact) isHopeful(now time.Time) bool {
	since := c.known
	if c.dial != nil {
		since = c.dial.began
	}
	return c.fails == 0 && now.Sub(since) < offerPatience
}
