package contacts

import (
	"time"

	"github.com/lanyap/lanyap/peer"
)

const (
	// calledWithin is how long after it was heard of an instance may be expected
	// to dial us, if our own dial fails: a firewall lets in one side only.
	calledWithin = 300 * time.Millisecond
	// lateTurn is how far off a dial may be for it to be waited for.
	lateTurn = time.Second
	// linkedTries is how often an instance may say that it has a link to us, or is
	// making one, before that counts as a failure.
	linkedTries = 3
)

// Pending reports whether a direct link to an instance may still come without
// one of its dials having failed: it is being dialed and does not keep us
// waiting, or waits for its turn, or has only just been heard of. When that
// changes by the time alone, Wake says so.
func (t *Table) Pending(now time.Time, instance peer.Instance) bool {
	c := t.contacts[instance]
	if c == nil || c.otherRoom || !c.departed.IsZero() {
		return false
	}
	if c.isOffered() {
		return c.isHopeful(now)
	}
	if now.Sub(c.known) < calledWithin {
		return true
	}
	if c.fails > 0 || c.linkedInVain >= linkedTries {
		return false
	}
	if c.dial != nil {
		return !c.dial.stalled(now)
	}
	return c.wants() && c.next.Sub(now) < lateTurn
}
