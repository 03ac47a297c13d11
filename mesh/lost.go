package mesh

import (
	"cmp"
	"errors"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// Who is lost is looked for before it is gone: another way to it, and its last
// words at the others'.
const (
	// lingerTime is how long who is lost stays present while the others are
	// asked what they have of it.
	lingerTime = time.Second
	// latelyTime is how long ago somebody who is lost may have said something
	// for all others to be asked. It is longer than a link that gets nothing
	// through lasts: what is older would have come to us, or its link would have
	// ended. Of those who were silent fewOthers are asked; whoever heard them
	// later tells.
	latelyTime = 15 * time.Second
	fewOthers  = 2
	// relayGrace is how long a member that is reached no more stays present
	// while a tunnel to it is being opened.
	relayGrace = 800 * time.Millisecond
)

// partedLocked takes in that a member's link ended unexpectedly. It is still
// here while another way to it is looked for, and while the others are asked
// what they have of it.
func (n *Node) partedLocked(l *link, err error, now time.Time) {
	m := l.m
	m.detour = n.detourLocked(l, err, now)
	m.asking = n.askOthersLocked(m, n.howManyLocked(m, now), now)
	m.lost = err
	switch {
	case m.detour:
		m.missUntil(now.Add(relayGrace))
	case m.asking > 0:
		m.missUntil(now.Add(lingerTime))
	default:
		n.leftLocked(m, err, now)
	}
}

// howManyLocked returns how many others are to be asked about a member that is
// lost.
func (n *Node) howManyLocked(m *member, now time.Time) int {
	last := n.archive.last(m.peer.Member)
	if m.told > m.want || last != nil && now.Sub(last.at) <= latelyTime {
		return len(n.links)
	}
	return fewOthers
}

// askOthersLocked asks others, most at the most, what they have of a member that
// is lost, and returns how many that are.
func (n *Node) askOthersLocked(m *member, most int, now time.Time) int {
	count := 0
	for _, l := range n.links {
		if count == most {
			break
		}
		if l.m == nil || l.m == m || !l.heard {
			continue
		}
		if n.askAboutLocked(l, m.peer.Member, now) {
			count++
		}
	}
	return count
}

// askBackLocked takes in that who asks about members has more of them than we.
func (n *Node) askBackLocked(l *link, holdings []wire.Holding, now time.Time) {
	for _, h := range holdings {
		m := n.members[memberOf(h.Member)]
		if m == nil || m.want == 0 || h.Last < m.want {
			continue
		}
		m.told = max(m.told, h.Last+1)
		if m.link == nil && n.askAboutLocked(l, m.peer.Member, now) && m.missing() && m.lost != nil {
			m.asking++
		}
	}
}

// detourLocked reports whether a member whose link has ended may be reached
// through others, and sees to it. Who closed the link, or is gone, is not
// looked for.
func (n *Node) detourLocked(l *link, err error, now time.Time) bool {
	var closed *peer.CloseError
	instance := l.conn.Remote().Instance
	if n.observer || errors.Is(err, peer.ErrGone) || errors.As(err, &closed) || !n.paths.Reachable(instance) {
		return false
	}
	if s := n.seekOfLocked(now, instance); s != nil && s.t == nil {
		s.next, s.wait, s.tried = now, firstSeek, true
	}
	n.seekDue = now
	return true
}

// seekLaterLocked takes in that a tunnel has ended because a link takes its
// place that we do not have yet: another tunnel would take the place of that.
func (n *Node) seekLaterLocked(to peer.Instance, now time.Time) {
	if s := n.seekOfLocked(now, to); s != nil {
		s.next, s.tried = now.Add(graceTime), true
	}
}

// detourOverLocked takes in that a neighbour knows no way to an instance any
// more: if it was the last, who is missed is not looked for any longer.
func (n *Node) detourOverLocked(to peer.Instance, now time.Time) {
	for _, p := range n.present {
		m := n.members[p.Member]
		if p.Instance != to || !m.missing() || !m.detour || n.paths.Reachable(to) {
			continue
		}
		if m.detour = false; m.asking == 0 {
			n.leftLocked(m, cmp.Or(m.lost, errNoLink), now)
		}
	}
}
