package mesh

import (
	"errors"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/mesh/internal/paths"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// Members tell their neighbours to whom they have a link, and to whom they know
// a way; package paths knows what of it, and to whom. Nobody has to believe it:
// a way leads to an attempt to open a tunnel, and only the one at its end can
// answer that.

// ways is what a link keeps of tunnels over it.
type ways struct {
	others map[peer.Instance]bool      // of an observer: whom the other side says it has a link to
	doubts map[peer.Instance]time.Time // until when it is no way to these
	opens  budget.Bucket               // tunnels that may be opened to us over it
	offers budget.Bucket               // links that may be offered to us over it
}

func newWays() ways {
	return ways{
		others: make(map[peer.Instance]bool),
		doubts: make(map[peer.Instance]time.Time),
		opens:  budget.Bucket{Burst: 64, PerSecond: 8},
		offers: budget.Bucket{Burst: 64, PerSecond: 2},
	}
}

// direct reports whether a link leads to a member without a relay, and
// can carry what is for it.
func (l *link) direct() bool { return l.tunnel == nil && !l.quiet && l.heard }

// endOf returns how others are to be told of the end of a link.
func endOf(err error) paths.End {
	switch {
	case errors.Is(err, peer.ErrGone):
		return paths.Gone
	case errors.Is(err, peer.ErrReplaced):
		return paths.Replaced
	}
	return paths.Broken
}

// unlinkedLocked takes in that a direct link has ended.
func (n *Node) unlinkedLocked(to peer.Instance, how paths.End, now time.Time) {
	n.paths.Down(to, how, now)
	n.reachDue = now
	n.seekDue = earlier(n.seekDue, now)
}

// reachLocked has those neighbours told what has changed for whom that is due.
func (n *Node) reachLocked(now time.Time) (next time.Time) {
	if n.reachDue.IsZero() || n.reachDue.After(now) {
		return n.reachDue
	}
	n.paths.Busy(n.contacts.DialTakes(now))
	wake, next := n.paths.Tick(now)
	for _, to := range wake {
		if l := n.links[to]; l != nil {
			l.wake.set()
		}
	}
	n.reachDue = next
	return next
}

// appendReachLocked appends what the other side does not know yet.
func (n *Node) appendReachLocked(l *link, buf []byte, now time.Time) []byte {
	to := l.conn.Remote().Instance
	r, ok := n.paths.Take(to, now)
	if !ok {
		return buf
	}
	n.log.Debug("reach", "to", to, "ways", len(r.Routes), "all", r.All, "ask", r.Ask)
	return wire.AppendReach(buf, r)
}

// seekSoon gathers what neighbours say before it is looked through for somebody
// to open a tunnel to.
const seekSoon = 50 * time.Millisecond

// reach takes in to whom a neighbour knows a way.
func (n *Node) reach(l *link, p []byte) error {
	r, err := wire.ParseReach(p)
	if err != nil {
		return err
	}
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.currentLocked(l) || !l.direct() {
		return nil
	}
	before := n.paths.Version()
	for _, to := range n.paths.Hear(l.conn.Remote().Instance, r, now) {
		n.pathLostLocked(l, to)
		n.detourOverLocked(to, now)
		n.seekDue = now // before who comes and goes is taken for one who stays
	}
	if n.paths.Version() != before {
		n.seekDue = earlier(n.seekDue, now.Add(seekSoon))
	}
	n.reachDue = now
	n.saidLocked(l, now)
	n.clockwork.set()
	return nil
}

// waysLocked returns the neighbours that reach an instance, in the order in which
// they are to be tried.
func (n *Node) waysLocked(to peer.Instance) []*link {
	var list []*link
	for _, w := range n.paths.Ways(to) {
		if l := n.links[w.Next]; l != nil && w.Links > 1 {
			list = append(list, l)
		}
	}
	return list
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
	for _, l := range n.waysLocked(to) {
		p := l.m.peer
		return &p
	}
	for _, l := range n.links {
		if l.others[to] && l.m != nil {
			p := l.m.peer
			return &p
		}
	}
	return nil
}
