package mesh

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// Members tell their neighbours to whom they have a link, and to whom they know
// a way (a path vector, as in RFC 4271, so that no route runs in a circle).
// Nobody has to believe it: a route leads to an attempt to open a tunnel, and
// only the one at its end can answer that.

// Who becomes reachable is gathered until nobody new has for reachDelay, or for
// reachLatest; who is lost is told of at once. A start of 32 nodes on two cores
// takes 5 s so, and took 8 s when each new link was told of soon.
const (
	reachDelay  = 300 * time.Millisecond
	reachLatest = 2 * time.Second
)

// route is a way beyond a neighbour: the instances between it and the target.
type route []peer.Instance

// ways is what a link knows of whom its two sides reach.
type ways struct {
	routes    map[peer.Instance]route      // to whom the other side knows a way
	toldAt    map[peer.Instance]time.Time  // since when, for as many
	reported  bool                         // it has said so at all
	toldReach map[peer.Instance]route      // to whom it knows that we know one
	reachOut  map[peer.Instance]wire.Route // what it does not know yet
	doubts    map[peer.Instance]time.Time  // until when it is no way to these
	flaps     budget.Bucket                // losses that it may have us tell at once
	opens     budget.Bucket                // tunnels that may be opened to us over it
}

func newWays() ways {
	return ways{
		routes:    make(map[peer.Instance]route),
		toldAt:    make(map[peer.Instance]time.Time),
		toldReach: make(map[peer.Instance]route),
		reachOut:  make(map[peer.Instance]wire.Route),
		doubts:    make(map[peer.Instance]time.Time),
		flaps:     budget.Bucket{Burst: 16, PerSecond: 1},
		opens:     budget.Bucket{Burst: 64, PerSecond: 8},
	}
}

// reachSoonLocked schedules telling the neighbours that somebody has become
// reachable, or is no more but that can wait.
func (n *Node) reachSoonLocked(now time.Time) {
	if n.reachDue.IsZero() {
		n.reachSince = now
	}
	if n.reachDue.IsZero() || n.reachDue.After(now) {
		n.reachDue = earlier(now.Add(reachDelay), n.reachSince.Add(reachLatest))
	}
	n.seekDue = earlier(n.seekDue, n.reachDue)
}

// reachNowLocked has the neighbours told at once that somebody is lost.
func (n *Node) reachNowLocked(now time.Time) {
	n.reachDue = earlier(n.reachDue, now)
	n.seekDue = earlier(n.seekDue, now)
}

// unreachableLocked tells the neighbours that a link has ended. When the other
// side is gone for good, they need not hear that at once who have a link to it
// themselves, which are all in a complete mesh.
func (n *Node) unreachableLocked(to peer.Instance, gone bool, now time.Time) {
	if !gone {
		n.reachNowLocked(now)
		return
	}
	n.reachSoonLocked(now)
	for _, l := range n.links {
		_, told := l.toldReach[to]
		if way, ok := l.routes[to]; !told || ok && len(way) == 0 {
			continue
		}
		delete(l.toldReach, to)
		l.reachOut[to] = wire.Route{To: to, Lost: true}
		l.wake.set()
	}
}

// direct reports whether a link leads to a member without a relay, and
// can carry what is for it.
func (l *link) direct() bool { return l.tunnel == nil && !l.quiet && l.heard }

// bestLocked returns the shortest way to an instance that does not begin with
// the neighbour besides and does not lead through it. Of several that are as
// short it is always the same: a tunnel breaks when its records overtake each
// other, and neighbours are told of every change.
func (n *Node) bestLocked(to, besides peer.Instance) (*link, route) {
	if l := n.links[to]; l != nil && l.direct() {
		return l, nil
	}
	var best *link
	var way route
	var first peer.Instance
	for instance, l := range n.links {
		r, ok := l.routes[to]
		if !ok || instance == besides || !l.direct() || slices.Contains(r, besides) {
			continue
		}
		if best == nil || cmp.Or(len(r)-len(way), bytes.Compare(instance[:], first[:])) < 0 {
			best, way, first = l, r, instance
		}
	}
	return best, way
}

// reachableLocked reports whether a neighbour knows a way to an instance.
func (n *Node) reachableLocked(to peer.Instance) bool {
	for _, l := range n.links {
		if _, ok := l.routes[to]; ok && l.direct() {
			return true
		}
	}
	return false
}

// reachLocked tells the neighbours what has changed, when that is due.
func (n *Node) reachLocked(now time.Time) (next time.Time) {
	if n.reachDue.IsZero() || n.reachDue.After(now) {
		return n.reachDue
	}
	n.reachDue = time.Time{}
	targets := n.targetsLocked()
	for instance, l := range n.links {
		if l.direct() {
			n.compareReachLocked(instance, l, targets)
		}
	}
	return time.Time{}
}

// targetsLocked returns whom we reach, directly or not.
func (n *Node) targetsLocked() map[peer.Instance]bool {
	targets := make(map[peer.Instance]bool)
	for instance, l := range n.links {
		if !l.direct() {
			continue
		}
		targets[instance] = true
		for to := range l.routes {
			targets[to] = true
		}
	}
	return targets
}

// appendFirstReach says on a new link whom we reach, if only that it is nobody:
// the other side may be waiting to know (see Settle).
func (n *Node) appendFirstReach(l *link, buf []byte) []byte {
	n.compareReachLocked(l.conn.Remote().Instance, l, n.targetsLocked())
	return l.appendReach(buf)
}

// compareReachLocked queues for one neighbour what it has not been told.
func (n *Node) compareReachLocked(instance peer.Instance, l *link, targets map[peer.Instance]bool) {
	for to := range targets {
		if to == instance || to == n.self.Instance {
			continue
		}
		via, way := n.bestLocked(to, instance)
		told, known := l.toldReach[to]
		if via == nil || len(way)+2 > wire.MaxHops && len(way) > 0 {
			if known {
				delete(l.toldReach, to)
				l.reachOut[to] = wire.Route{To: to, Lost: true}
			}
			continue
		}
		full := way
		if next := via.conn.Remote().Instance; next != to {
			full = append(route{next}, way...)
		}
		if known && slices.Equal(told, full) {
			continue
		}
		l.toldReach[to] = full
		l.reachOut[to] = wireRoute(to, full)
	}
	for to := range l.toldReach {
		if !targets[to] {
			delete(l.toldReach, to)
			l.reachOut[to] = wire.Route{To: to, Lost: true}
		}
	}
	if len(l.reachOut) > 0 {
		l.wake.set()
	}
}

// appendReach appends what the other side does not know yet, as much as fits.
func (l *link) appendReach(buf []byte) []byte {
	var some []wire.Route
	for to, r := range l.reachOut {
		if len(some) == wire.MaxRoutes {
			break
		}
		some = append(some, r)
		delete(l.reachOut, to)
	}
	buf, _ = wire.AppendReach(buf, some)
	return buf
}

func wireRoute(to peer.Instance, way route) wire.Route {
	r := wire.Route{To: to}
	for _, hop := range way {
		r.Via = append(r.Via, hop)
	}
	return r
}

// reach takes in to whom a neighbour knows a way.
func (n *Node) reach(l *link, p []byte) error {
	routes, err := wire.ParseReach(p)
	if err != nil {
		return err
	}
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.currentLocked(l) || l.quiet || l.tunnel != nil {
		return nil
	}
	gained, lost := false, false
	first := !l.reported
	l.reported = true
	for _, r := range routes {
		to := peer.Instance(r.To)
		way := make(route, 0, len(r.Via))
		for _, hop := range r.Via {
			way = append(way, hop)
		}
		if to == n.self.Instance {
			continue
		}
		other := n.links[to]
		matters := other == nil || !other.direct() // to whom we have a link ourselves, that is the way
		if r.Lost || slices.Contains(way, n.self.Instance) {
			lost = lost || matters
			l.unlearn(to)
			n.pathLostLocked(l, to)
			n.detourOverLocked(to, now)
			continue
		}
		gained = gained || matters
		l.learn(to, way, now)
	}
	switch {
	case lost && l.flaps.Take(now, 1):
		n.reachNowLocked(now)
	case lost || gained:
		n.reachSoonLocked(now)
		n.seekDue = earlier(n.seekDue, now)
	case !first:
		return nil
	}
	n.clockwork.set()
	return nil
}

// learn takes in a way. When there are too many a shorter one takes the place
// of a longer: members that the other side has a link to come before those that
// it was told of, or whoever tells it of a thousand would hide them.
func (l *link) learn(to peer.Instance, way route, now time.Time) {
	if _, known := l.routes[to]; known {
		l.routes[to] = way
		return
	}
	if len(l.routes) >= wire.MaxRoutes && !l.unlearnLonger(len(way)) {
		return
	}
	l.routes[to], l.toldAt[to] = way, now
}

// unlearnLonger makes room by forgetting a way that is longer, if there is one.
func (l *link) unlearnLonger(than int) bool {
	for other, way := range l.routes {
		if len(way) > than {
			l.unlearn(other)
			return true
		}
	}
	return false
}

func (l *link) unlearn(to peer.Instance) {
	delete(l.routes, to)
	delete(l.toldAt, to)
}

// pathLostLocked ends the tunnels that go to an instance over l; the zero
// instance stands for all.
func (n *Node) pathLostLocked(l *link, to peer.Instance) {
	for _, t := range n.tunnels {
		if (to == t.To() || to == peer.Instance{}) && t.via.Load() == l {
			t.lose()
		}
	}
}

// reachedByLocked returns a neighbour that says that it reaches an instance, or
// nil.
func (n *Node) reachedByLocked(instance string) *Peer {
	to, err := peer.ParseInstance(instance)
	if err != nil {
		return nil
	}
	for _, l := range n.links {
		if _, ok := l.routes[to]; ok && l.m != nil {
			p := l.m.peer
			return &p
		}
	}
	return nil
}
