package mesh

import (
	"math/rand/v2"
	"time"
)

const (
	// comparePace is the least time between two comparisons, and compareEvery
	// how often one is made though nothing happened.
	comparePace  = 100 * time.Millisecond
	compareDelay = 500 * time.Millisecond // lets a new neighbour say first whom it reaches
	compareEvery = time.Minute
)

// compareLocked looks whether answers are overdue, and starts comparisons one
// at a time: after a link came up, and now and then.
func (n *Node) compareLocked(now time.Time) (next time.Time) {
	for _, l := range n.links {
		if l.asked == nil {
			continue
		}
		if l.asked.until.After(now) {
			next = earlier(next, l.asked.until)
			continue
		}
		n.giveUpLocked(l, false)
	}
	if g := n.gather; g != nil && g.until.After(now) {
		next = earlier(next, g.until)
	} else if g != nil {
		n.gatheredLocked()
	}
	if n.compareDue.After(now) {
		return earlier(next, n.compareDue)
	}
	n.compareDue = now.Add(compareEvery)
	if len(n.compares) == 0 {
		n.compares = n.anyLinkLocked()
	}
	var busy []*link
	for len(n.compares) > 0 {
		l := n.compares[0]
		n.compares = n.compares[1:]
		if !n.currentLocked(l) || !l.heard {
			continue
		}
		if l.asked != nil {
			busy = append(busy, l)
			continue
		}
		n.askLocked(l, nil, false, now)
		break
	}
	n.compares = append(n.compares, busy...)
	if len(n.compares) > 0 {
		n.compareDue = now.Add(comparePace)
	}
	return earlier(next, n.compareDue)
}

func (n *Node) anyLinkLocked() []*link {
	var all []*link
	for _, l := range n.links {
		if l.direct() {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return []*link{all[rand.IntN(len(all))]}
}

// compareSoonLocked has a link compared when its turn comes.
func (n *Node) compareSoonLocked(l *link, now time.Time) {
	n.compares = append(n.compares, l)
	n.compareDue = earlier(n.compareDue, now.Add(compareDelay))
}
