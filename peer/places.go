package peer

import (
	"net/netip"
	"time"
)

// A room has a bound, and whoever fills it keeps everybody else out. So places
// go by where a node is: when there are none left, a newcomer takes one of the
// address that has most, unless that has hardly more than its own; and who was
// here before takes one of somebody who came later. However many one host asks
// for, it is left with as many as the rest can spare. A page costs whoever opens it
// less than a node does: of one address those go first, and a node takes the place of
// one even where there is none to spare.

// membersPerObserver is how many places for members there are for each that is
// kept for observers: who only looks must not keep out who takes part.
const membersPerObserver = 4

// place is what a link takes up.
type place struct {
	from     netip.Prefix // one sender, as far as we can tell
	observer bool
	first    time.Time // when its instance first had a link
}

// visit is what is remembered of an instance that has, or had, a link.
type visit struct {
	place
	last   time.Time
	offers uint64 // the highest count of an offer between us, whoever made it
}

// limit is how many places there are for a kind.
func (c *claims) limit(observer bool) int {
	if observer {
		return max(1, c.max/membersPerObserver)
	}
	return c.max
}

// firstLocked returns since when the instance of an attempt has been known.
func (c *claims) firstLocked(a *attempt) time.Time {
	if old := c.links[a.instance]; old != nil {
		return old.place.first
	}
	if v, ok := c.seen[a.instance]; ok && a.known {
		return v.first
	}
	return time.Now()
}

// roomLocked finds a place for an attempt: it returns nothing if one is free,
// the link that has to give way, or ErrFull.
func (c *claims) roomLocked(a *attempt, observer bool) (loser *link, err error) {
	if old := c.links[a.instance]; old != nil && !old.evicted && old.place.observer == observer {
		return nil, nil
	}
	held, taken := c.heldLocked(observer, false)
	if taken < c.limit(observer) {
		return nil, nil
	}
	first, own := c.firstLocked(a), held[a.from]
	for _, l := range c.links {
		if l.evicted || l.place.observer != observer {
			continue
		}
		spare := held[l.place.from] - own
		if a.takesFrom(l) {
			spare = 2 // its address has as many as before
		}
		if spare < 1 || spare == 1 && !first.Before(l.place.first) {
			continue // it would be left with fewer than we have then, or is here by right
		}
		if loser == nil || l.sooner(loser, held) {
			loser = l
		}
	}
	if loser == nil {
		return nil, ErrFull
	}
	return loser, nil
}

// takesFrom reports whether an attempt of a node may have the place of a page at its
// own address.
func (a *attempt) takesFrom(l *link) bool {
	return !a.web && l.conn.remote.Web && l.place.from == a.from
}

// hopelessLocked reports whether an attempt that has only begun is in vain.
// Others that have begun are reckoned with: most come to something.
func (c *claims) hopelessLocked(a *attempt, observer bool) bool {
	if _, err := c.roomLocked(a, observer); err != nil {
		return true
	}
	held, taken := c.heldLocked(observer, true)
	if c.links[a.instance] != nil || a.known || taken < c.limit(observer) {
		return false
	}
	for _, n := range held {
		if n > held[a.from]+1 {
			return false
		}
	}
	for _, l := range c.links {
		if !l.evicted && l.place.observer == observer && a.takesFrom(l) {
			return false
		}
	}
	return true
}

// heldLocked counts the places of a kind that are taken, and what the attempts
// would take if these count early, before they have done hello.
func (c *claims) heldLocked(observer, early bool) (held map[netip.Prefix]int, taken int) {
	held = make(map[netip.Prefix]int)
	for _, l := range c.links {
		if !l.evicted && l.place.observer == observer {
			held[l.place.from]++
			taken++
		}
	}
	if !early {
		return held, taken
	}
	for _, a := range c.attempts {
		if old := c.links[a.instance]; (old == nil || old.evicted) && a.observer == observer {
			held[a.from]++
			taken++
		}
	}
	return held, taken
}

// sooner reports whether l gives way sooner than other: it has more beside it, is a
// page, has never said anything, or came later.
func (l *link) sooner(other *link, held map[netip.Prefix]int) bool {
	if a, b := held[l.place.from], held[other.place.from]; a != b {
		return a > b
	}
	if a, b := l.conn.remote.Web, other.conn.remote.Web; a != b {
		return a
	}
	if a, b := l.conn.spoke.Load(), other.conn.spoke.Load(); a != b {
		return b
	}
	return l.place.first.After(other.place.first)
}

// rememberLocked keeps in mind that an instance was here, and the count of an
// offer between us.
func (c *claims) rememberLocked(in Instance, p place, offer uint64) {
	now := time.Now()
	before, ok := c.seen[in]
	if !ok && len(c.seen) >= maxTokens {
		var oldest Instance
		last := now
		for other, v := range c.seen {
			if c.links[other] == nil && v.last.Before(last) {
				oldest, last = other, v.last
			}
		}
		delete(c.seen, oldest)
	}
	c.seen[in] = visit{place: p, last: now, offers: max(before.offers, offer)}
}
