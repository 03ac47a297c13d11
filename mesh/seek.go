package mesh

import (
	"slices"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// Whom a neighbour says that it reaches may be invented, and costs an open each
// few seconds. Neighbours that invent hundreds must not take away what pairs
// need that really cannot reach each other: each neighbour has a share, and of
// what it tells those come first that are known from elsewhere.

// turnsLocked returns whom to seek: the neighbours take turns, each with the
// likeliest of those that it says it reaches and we do not.
func (n *Node) turnsLocked() []peer.Instance {
	met := make(map[peer.Instance]bool, len(n.members))
	for who := range n.members {
		met[who.Instance] = true
	}
	var lists [][]peer.Instance
	for _, l := range n.links {
		if list := n.soughtLocked(l, met); l.direct() && len(list) > 0 {
			lists = append(lists, list)
		}
	}
	var turns []peer.Instance
	had := make(map[peer.Instance]bool)
	for i := 0; i < wire.MaxRoutes; i++ {
		for _, list := range lists {
			if i < len(list) && !had[list[i]] && len(turns) < maxSeeks-maxOpening {
				had[list[i]] = true
				turns = append(turns, list[i])
			}
		}
	}
	return turns // the rest of the seeks is for those that open to us
}

// soughtLocked returns whom to seek of a neighbour's: those first that were
// members before, then whom discovery shows, whom we are after already, and who
// is nearer.
func (n *Node) soughtLocked(l *link, met map[peer.Instance]bool) []peer.Instance {
	rank := func(to peer.Instance) int {
		switch {
		case met[to]:
			return 0
		case n.contacts.IsSighted(to):
			return 1
		case n.seeks[to] != nil:
			return 2
		}
		return 3
	}
	var list []peer.Instance
	for _, target := range n.paths.Beyond(l.conn.Remote().Instance) {
		if to := peer.Instance(target.To); n.links[to] == nil && !n.contacts.IsGone(to) {
			list = append(list, to)
		}
	}
	slices.SortStableFunc(list, func(a, b peer.Instance) int { return rank(a) - rank(b) }) // near ones first of each rank
	return list
}

// mayOpenLocked reports whether another tunnel may be begun over a neighbour:
// each has an equal share of those that are not up.
func (n *Node) mayOpenLocked(l *link) bool {
	neighbours, opening := 0, 0
	for _, other := range n.links {
		if other.direct() {
			neighbours++
		}
	}
	for _, s := range n.seeks {
		if s.over == l && s.opening() {
			opening++
		}
	}
	return opening < max(maxOpening/max(neighbours, 1), minOpening)
}

// minOpening is what a neighbour may have in a room of any size.
const minOpening = 2
