package contacts

import (
	"bytes"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// Two dials that cross cost a PeerConnection each before one gives way. So of
// two nodes it is the turn of the one with the lower instance, and the other
// dials when that one does not see it, or does not get through, which can be
// known only by waiting. A dial on a LAN takes some 10 ms. On a busy machine it
// takes seconds, and the lower side may have many to dial before: so the wait is
// higherWait, or twice what dials take at present, and begins anew while others
// call us, as then they are at it. It is never longer than longestWait: behind a
// firewall that lets only our side in nobody will ever call.
const (
	higherWait  = 40 * time.Millisecond
	slowestWait = time.Second
	longestWait = 3 * time.Second
)

// isHigher reports whether it is the other side's turn first.
func (t *Table) isHigher(instance peer.Instance) bool {
	return bytes.Compare(t.self[:], instance[:]) > 0
}

// due returns when to dial a contact that is one to dial.
func (t *Table) due(now time.Time, c *contact) time.Time {
	if !t.isHigher(c.instance) || c.turn.IsZero() || c.isOffered() {
		return c.next // whom we offer a link has seldom heard of us
	}
	wait := min(max(higherWait, 2*t.window.dialTakes(now)), slowestWait)
	until := c.turn.Add(wait)
	if t.called.After(c.turn) {
		until = t.called.Add(wait)
	}
	if last := c.turn.Add(longestWait); until.After(last) {
		until = last
	}
	if c.next.After(until) {
		return c.next
	}
	return until
}
