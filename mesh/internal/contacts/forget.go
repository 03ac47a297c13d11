package contacts

import "time"

const (
	// forgetAfter is how long an instance is remembered that is sighted no more.
	// Discovery repeats itself every 20 s.
	forgetAfter = 2 * time.Minute
	// RememberFor is how long a former member is dialed.
	RememberFor = 15 * time.Minute
	// toldTries is how often an address that only members told of is dialed.
	toldTries = 4
)

// Expire forgets what is not worth keeping.
func (t *Table) Expire(now time.Time) {
	for instance, c := range t.contacts {
		if !c.linked && c.dial == nil && c.stale(now) {
			delete(t.contacts, instance)
		}
	}
	t.places.expire(now)
	for a, at := range t.recent {
		if now.Sub(at) >= addrInterval {
			delete(t.recent, a)
		}
	}
	for a, owner := range t.owners {
		if !t.isLinked(owner) {
			delete(t.owners, a)
		}
	}
}

func (c *contact) stale(now time.Time) bool {
	if !c.departed.IsZero() {
		return now.Sub(c.departed) > RememberFor
	}
	if len(c.over) > 0 || now.Sub(c.seen) <= forgetAfter || now.Sub(c.lost) <= RememberFor {
		return false
	}
	if !c.hasAddrs() {
		return true // nobody reaches it any more
	}
	return c.lost.IsZero() && c.fails >= toldTries || !c.seen.IsZero() || !c.lost.IsZero()
}

// evict drops the contact that is worth least.
func (t *Table) evict() bool {
	var worst *contact
	for _, c := range t.contacts {
		if !c.linked && c.dial == nil && (worst == nil || c.worth(worst) < 0) {
			worst = c
		}
	}
	if worst == nil {
		return false
	}
	delete(t.contacts, worst.instance)
	return true
}

// worth compares how much a contact should be kept.
func (c *contact) worth(other *contact) int {
	if d := c.rank() - other.rank(); d != 0 {
		return d
	}
	if d := other.fails - c.fails; d != 0 {
		return d
	}
	return c.seen.Compare(other.seen)
}

func (c *contact) rank() int {
	switch {
	case !c.departed.IsZero(), c.otherRoom:
		return 0
	case c.onlyTold():
		return 1
	case c.lost.IsZero():
		return 2
	}
	return 3
}
