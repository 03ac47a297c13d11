package mesh

import (
	"errors"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// A relay may swallow or alter what it carries, and answer faster than all
// others. Whose fault it was that a tunnel broke cannot be known, so nobody's
// link is closed for it; but the next tunnel goes another way if there is one.

// doubtFor is how long a way is not taken over which a tunnel broke. A member
// that can be reached by it alone is tried again all the same.
const doubtFor = 5 * time.Minute

// doubtLocked takes in that a tunnel broke which went over l.
func (l *link) doubtLocked(to peer.Instance, now time.Time) {
	if len(l.doubts) >= maxTunnels {
		clear(l.doubts)
	}
	l.doubts[to] = now
}

// doubtedLocked reports whether a tunnel over l broke, and another neighbour
// knows a way that may be better.
func (n *Node) doubtedLocked(l *link, to peer.Instance, now time.Time) bool {
	if !l.doubtful(to, now) {
		return false
	}
	for _, other := range n.links {
		if _, ok := other.routes[to]; ok && other.direct() && !other.doubtful(to, now) {
			return true
		}
	}
	return false
}

func (l *link) doubtful(to peer.Instance, now time.Time) bool {
	at, ok := l.doubts[to]
	return ok && now.Sub(at) < doubtFor
}

// broken reports whether a tunnel ended because of what happened on its way.
func broken(err error) bool {
	if errors.Is(err, errSeal) || errors.Is(err, errSilent) {
		return true
	}
	var closed *peer.CloseError // the other side says that it was so
	return errors.As(err, &closed) && (closed.Reason == errSeal.Error() || closed.Reason == errSilent.Error())
}

// way returns the link that the tunnel's records go over, or nil.
func (t *tunnel) way() *link {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.via
}
