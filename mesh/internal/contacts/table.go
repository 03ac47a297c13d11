package contacts

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/peer"
)

// Table is whom a node knows of. It is not safe for concurrent use.
type Table struct {
	self     peer.Instance
	random   *rand.Rand
	contacts map[peer.Instance]*contact
	dials    dials                        // to contacts
	hand     hand                         // what was given by hand
	byHand   dials                        // to that
	pace     budget.Bucket                // addresses dialed, over all
	places   places                       // the same by where they are
	recent   map[netip.AddrPort]time.Time // when an address was last dialed
	revived  time.Time                    // when the lost were last dialed all at once
	window   window
	owners   map[netip.AddrPort]peer.Instance // who was last linked at an address
	foreign  foreign                          // who knows another secret
	called   time.Time                        // when another node last made a link to us
}

// New returns the table of a node that was given so many addresses by hand. What
// it does by chance follows from the seed.
func New(self peer.Instance, seed uint64, byHand []*Address) *Table {
	return &Table{
		self:     self,
		random:   rand.New(rand.NewPCG(seed, 0)),
		contacts: make(map[peer.Instance]*contact),
		dials:    make(dials),
		hand:     byHand,
		byHand:   make(dials),
		pace:     budget.Bucket{Burst: 256, PerSecond: 128},
		places:   newPlaces(),
		recent:   make(map[netip.AddrPort]time.Time),
		owners:   make(map[netip.AddrPort]peer.Instance),
		foreign:  newForeign(),
	}
}

// contact returns that of an instance, a new one if need be, or nil if there is
// no room for it.
func (t *Table) contact(now time.Time, instance peer.Instance) *contact {
	if c, ok := t.contacts[instance]; ok {
		return c
	}
	if len(t.contacts) >= maxContacts && !t.evict() {
		return nil
	}
	return t.enter(now, instance)
}

func (t *Table) enter(now time.Time, instance peer.Instance) *contact {
	c := &contact{instance: instance, known: now, next: now, turn: now, draw: time.Duration(t.random.Int64N(int64(shuffled)))}
	t.contacts[instance] = c
	t.foreignChanged(instance)
	return c
}

// Sighted takes in what discovery saw. addrs are fit to be dialed.
func (t *Table) Sighted(now time.Time, instance peer.Instance, otherRoom bool, addrs []netip.AddrPort) {
	if instance == t.self {
		return
	}
	c := t.contact(now, instance)
	if c == nil || !c.departed.IsZero() {
		return
	}
	c.lan = addrs[:min(len(addrs), MaxAddrs)]
	c.seen = now
	c.otherRoom = otherRoom
	t.hurry(now, c)
}

// Vanished takes in a goodbye that discovery saw. Anybody can forge one, so it
// ends what discovery said and nothing else.
func (t *Table) Vanished(instance peer.Instance) {
	c := t.contacts[instance]
	if c == nil {
		return
	}
	c.lan = nil
	c.seen = time.Time{}
	if !c.linked && c.dial == nil && c.lost.IsZero() && c.departed.IsZero() && len(c.told) == 0 {
		delete(t.contacts, instance)
	}
}

// Told takes in what a member said of another; each new address costs it one of
// its budget.
func (t *Table) Told(now time.Time, teller *budget.Bucket, instance peer.Instance, addrs []netip.AddrPort) {
	if instance == t.self {
		return
	}
	if c := t.contacts[instance]; c != nil && (c.linked || !c.departed.IsZero()) {
		return
	}
	for _, a := range addrs {
		c := t.contacts[instance]
		if c != nil && slices.Contains(c.addrs(), a) {
			continue
		}
		if !teller.Take(now, 1) {
			return
		}
		if c = t.contact(now, instance); c == nil {
			return
		}
		c.told = append(c.told, a)
		if len(c.told) > MaxTold {
			c.told = c.told[1:]
		}
	}
}

// Linked takes in that a link lives: where it was made (invalid: that is not
// known), and where the other side may be dialed again.
func (t *Table) Linked(now time.Time, instance peer.Instance, at netip.AddrPort, addrs []netip.AddrPort) {
	c := t.contact(now, instance)
	if c == nil {
		c = t.enter(now, instance) // links have a bound of their own
	}
	if !c.lost.IsZero() && c.fails > 0 {
		t.revive(now)
	}
	if c.dial == nil {
		t.called = now
	}
	c.linked, c.replace = true, false
	c.answers = netip.AddrPort{}
	c.since = now
	c.link = addrs
	c.fails, c.linkedInVain, c.err = 0, 0, nil
	c.otherRoom, c.denied = false, false
	if at.IsValid() {
		t.foreign.remove(foreigner{instance, at.Addr()})
		t.foreignChanged(instance)
		t.release(now, at.Addr())
		if t.owners[c.found] == instance {
			delete(t.owners, c.found)
		}
		c.found, t.owners[at] = at, instance
	}
}

// Unlinked takes in that the link has ended; member, that it was one worth to be
// remembered.
func (t *Table) Unlinked(now time.Time, instance peer.Instance, member bool) {
	c := t.contacts[instance]
	if c == nil {
		return
	}
	c.linked, c.replace = false, false
	c.next, c.turn = now, now
	if member {
		c.lost = now
	}
	// Who breaks the protocol on each link is not to be dialed all the time.
	c.brief++
	if now.Sub(c.since) >= steadyAfter {
		c.brief = 0
	}
	if c.brief > 1 {
		c.next = now.Add(t.retryAfter(c.brief-1, lastRetry))
	}
}

// Departed takes in that the instance said goodbye on its link: it will never
// come back.
func (t *Table) Departed(now time.Time, instance peer.Instance) {
	if c := t.contact(now, instance); c != nil {
		c.departed = now
	}
}

// Redial asks for a dial now.
func (t *Table) Redial(now time.Time, instance peer.Instance) {
	if c := t.contacts[instance]; c != nil {
		c.next, c.turn = now, time.Time{}
		c.fails = 0
	}
}

// Replace says whether the link is to be replaced: it runs over an address that
// this machine no longer has.
func (t *Table) Replace(now time.Time, instance peer.Instance, lost bool) {
	if c := t.contacts[instance]; c != nil && c.linked {
		c.replace = lost
		c.next, c.turn = now, time.Time{}
	}
}

// NetworkChanged makes every retry come soon: our own network has changed.
func (t *Table) NetworkChanged(now time.Time) {
	for _, c := range t.contacts {
		c.fails = 0
		c.next, c.turn = now, now
	}
	clear(t.recent)
	t.places = newPlaces()
	t.hand.hurry(now)
}

// Hurry makes the dials to addresses given by hand come soon: some link has
// ended.
func (t *Table) Hurry(now time.Time) { t.hand.hurry(now) }
