package mesh

import (
	"errors"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/tunnel"
	"github.com/lanyap/lanyap/peer"
)

// A relay may swallow or alter what it carries, and answer faster than all
// others. Whose fault it was that a tunnel broke cannot be known, so nobody's
// link is closed for it; but the next tunnel goes another way if there is one.

const (
	// doubtFor is how long a way is not taken on which a tunnel broke. A member
	// that can be reached by it alone is tried again all the same.
	doubtFor = 5 * time.Minute
	// doubtBriefly is the same where keys were not answered. The answer may
	// have been lost on another way: it is enough to try that one once or twice.
	doubtBriefly = 10 * time.Second
)

// doubtLocked has tunnels go other ways for a time.
func (l *link) doubtLocked(to peer.Instance, now time.Time, d time.Duration) {
	if len(l.doubts) >= maxTunnels {
		clear(l.doubts)
	}
	if until := now.Add(d); until.After(l.doubts[to]) {
		l.doubts[to] = until
	}
}

// forgiveLocked ends the doubts in all ways to a member. Each side doubts by
// what it has seen, and answers nobody on a way that it doubts: without this
// both could be left with the other's.
func (n *Node) forgiveLocked(to peer.Instance) {
	for _, l := range n.links {
		delete(l.doubts, to)
	}
}

// doubtedLocked reports whether l is doubted, and another neighbour knows a way
// that may be better.
func (n *Node) doubtedLocked(l *link, to peer.Instance, now time.Time) bool {
	if !l.doubts[to].After(now) {
		return false
	}
	for _, other := range n.waysLocked(to) {
		if !other.doubts[to].After(now) {
			return true
		}
	}
	return false
}

// broken returns the link on whose way the tunnel broke; nil if it ended for
// another reason. The two directions may go different ways.
func (t *tunnelLink) broken(err error) *link {
	if errors.Is(err, tunnel.ErrSeal) || errors.Is(err, tunnel.ErrSilent) {
		return t.from.Load()
	}
	var closed *peer.CloseError
	if errors.As(err, &closed) && (closed.Reason == tunnel.ErrSeal.Error() || closed.Reason == tunnel.ErrSilent.Error()) {
		return t.via.Load() // what the other side did not get was ours
	}
	return nil
}

// unanswered returns where our keys went, if none came back.
func (t *tunnelLink) unanswered() *link {
	if t.Up() {
		return nil
	}
	return t.via.Load()
}
