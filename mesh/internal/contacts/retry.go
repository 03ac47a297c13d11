package contacts

import (
	"errors"
	"time"

	"github.com/lanyap/lanyap/peer"
)

const (
	// firstRetry doubles up to lastRetry, and up to staleRetry for those that
	// nobody has sighted for a while.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
	staleRetry = 30 * time.Second
	staleAfter = time.Minute
	// sightedRetry is how soon after a dial a fresh sighting may cause another.
	sightedRetry = time.Second
	// linkedRetry bounds the wait after the other side said that it has a link
	// to us: it finds out within 2 s when that is not so.
	linkedRetry = time.Second
	// steadyAfter is how long a link has to last for the next to be dialed at
	// once when it ends.
	steadyAfter = 5 * time.Second
)

// retryAfter is the wait before a dial after so many failures, with up to a
// quarter of jitter so that nodes that failed together do not retry together.
func (t *Table) retryAfter(fails int, longest time.Duration) time.Duration {
	wait := min(firstRetry<<min(fails-1, 10), longest)
	return wait - time.Duration(t.random.Int64N(int64(wait/4)))
}

func (c *contact) worstRetry(now time.Time) time.Duration {
	if c.isOffered() {
		return lastOffer
	}
	if now.Sub(c.seen) > staleAfter && now.Sub(c.lost) > staleAfter {
		return staleRetry
	}
	return lastRetry
}

// failed takes in that a dial to a contact made no link.
func (t *Table) failed(now time.Time, c *contact, err error) {
	c.turn = time.Time{}
	if errors.Is(err, peer.ErrInstance) && !c.lost.IsZero() {
		c.departed = now // its process is gone: somebody else has its port
		return
	}
	c.fails++
	wait := t.retryAfter(c.fails, c.worstRetry(now))
	switch {
	case errors.Is(err, peer.ErrLinked):
		// The other side's dial goes first, or a link to us that it still
		// believes in is being found out. No failure: it would cost the
		// contact its place before those that nobody answers for.
		wait = min(max(wait, 2*t.window.dialTakes(now)), linkedRetry)
		c.fails--
		c.linkedInVain++
	case errors.Is(err, peer.ErrRoom), errors.Is(err, peer.ErrVersion):
		wait = staleRetry
		c.err = err
	default:
		c.err = err
	}
	if c.seen.After(c.dialed) {
		wait = min(wait, sightedRetry) // it came, or came back, meanwhile
	}
	c.next = now.Add(wait)
}

// hurry makes a retry that is far off come soon.
func (t *Table) hurry(now time.Time, c *contact) {
	soon := now
	if again := c.dialed.Add(sightedRetry); again.After(soon) {
		soon = again
	}
	if c.next.After(soon.Add(higherWait)) {
		c.next = soon
		c.fails = min(c.fails, 1)
	}
}

// reviveEvery is the least time between two revivals.
const reviveEvery = time.Second

// revive makes the dials to all that were lost come at once: one of them that
// could not be reached is linked again, so the network may be whole again.
func (t *Table) revive(now time.Time) {
	if now.Sub(t.revived) < reviveEvery {
		return
	}
	t.revived = now
	for _, c := range t.contacts {
		if c.linked || c.lost.IsZero() || !c.departed.IsZero() {
			continue
		}
		if c.next.After(now) {
			c.next, c.turn = now, now
		}
		c.fails = min(c.fails, 1)
	}
}
