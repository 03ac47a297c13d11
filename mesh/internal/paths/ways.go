package paths

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// Way is one way to a member.
type Way struct {
	Next  Instance // the neighbour that it begins with
	Links int      // how many it has; 1: Next is the member itself

	via   []Instance // who is between Next and the member
	order uint64     // among ways of as many links
}

// through reports whether a way begins with a neighbour, or leads through it.
func (w Way) through(in Instance) bool { return w.Next == in || slices.Contains(w.via, in) }

// path returns who is between us and the member.
func (w Way) path() []Instance {
	if w.Links == 1 {
		return nil
	}
	return append([]Instance{w.Next}, w.via...)
}

// Ways returns the ways to a member of at most four links, one over each
// neighbour at the most: the shortest first, and of several that are as short
// the same first as long as there are the same. What it returns is not to be
// changed.
func (t *Table) Ways(to Instance) []Way {
	if ways, ok := t.ways[to]; ok {
		return ways
	}
	var ways []Way
	order := t.order(to)
	for next, n := range t.neighbours {
		w, ok := n.way(next, to)
		if !ok || to == t.self {
			continue
		}
		if w.order = mix(order^binary.BigEndian.Uint64(next[:])) >> 1; n.spare {
			w.order |= 1 << 63
		}
		ways = append(ways, w)
	}
	if len(ways) == 0 {
		return nil
	}
	slices.SortStableFunc(ways, func(a, b Way) int {
		return cmp.Or(a.Links-b.Links, cmp.Compare(a.order, b.order))
	})
	if t.ways == nil {
		t.ways = make(map[Instance][]Way)
	}
	t.ways[to] = ways
	return ways
}

// way returns the way over a neighbour.
func (n *neighbour) way(self, to Instance) (Way, bool) {
	if self == to {
		return Way{Next: self, Links: 1}, true
	}
	if n.links.has(to) {
		return Way{Next: self, Links: 2}, true
	}
	via, ok := n.further[to]
	return Way{Next: self, Links: 2 + len(via), via: via}, ok
}

// order is where the order of ways to a member comes from: it is another one for
// each two members, or one neighbour would relay for all.
func (t *Table) order(to Instance) uint64 {
	sum := sha256.Sum256(append(t.self[:], to[:]...))
	return binary.BigEndian.Uint64(sum[:])
}

// mix is the last step of SplitMix64 (Steele, Lea, Flood: "Fast Splittable
// Pseudorandom Number Generators", 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Best returns the neighbour over which what came from another, besides, is
// passed on to a member: over the shortest way that does not lead back, and of
// several that are as short over the one that was taken before.
func (t *Table) Best(to, besides Instance) (next Instance, ok bool) {
	if to == besides {
		return Instance{}, false
	}
	shortest, use := t.shortest(to, besides), pick{to, besides}
	if len(shortest) == 0 {
		return Instance{}, false
	}
	if shortest[0].Links == 1 {
		return shortest[0].Next, true
	}
	before, ok := t.picked[use]
	if ok && slices.ContainsFunc(shortest, func(w Way) bool { return w.Next == before }) {
		return before, true
	}
	if len(t.picked) >= maxPicked {
		clear(t.picked)
	}
	t.picked[use] = shortest[0].Next
	return shortest[0].Next, true
}

// pick is something that is relayed: to whom, and from which neighbour.
type pick struct{ to, besides Instance }

// maxPicked is more than a node relays at a time.
const maxPicked = 4096

// shortest returns the ways to a member that have no part in common with one
// neighbour, and of these the shortest.
func (t *Table) shortest(to, besides Instance) []Way {
	var list []Way
	for _, w := range t.Ways(to) {
		if len(list) > 0 && w.Links > list[0].Links {
			break
		}
		if !w.through(besides) {
			list = append(list, w)
		}
	}
	return list
}

// Reachable reports whether a neighbour, other than the member itself, says that
// it reaches it.
func (t *Table) Reachable(to Instance) bool {
	return slices.ContainsFunc(t.Ways(to), func(w Way) bool { return w.Links > 1 })
}

// Reaches reports whether one neighbour says so.
func (t *Table) Reaches(neighbour, to Instance) bool {
	return slices.ContainsFunc(t.Ways(to), func(w Way) bool { return w.Links > 1 && w.Next == neighbour })
}

// IsLinked reports whether a neighbour has a link to another, by its own word.
func (t *Table) IsLinked(neighbour, to Instance) bool {
	n := t.neighbours[neighbour]
	return n != nil && n.links.has(to)
}

// IsKnown reports whether these are all the links that the neighbour has, by its
// last word.
func (t *Table) IsKnown(neighbour Instance) bool {
	n := t.neighbours[neighbour]
	return n != nil && n.known()
}

// IsAlone reports whether a neighbour has no link but ours, by its own word.
func (t *Table) IsAlone(neighbour Instance) bool {
	n := t.neighbours[neighbour]
	return n != nil && n.known() && len(n.links.list) <= 2
}

// Target is whom a neighbour reaches.
type Target struct {
	To    Instance
	Links int // of the way over the neighbour
}

// Beyond returns whom a neighbour says that it reaches and we have no link to,
// the nearest first.
func (t *Table) Beyond(neighbour Instance) []Target {
	n := t.neighbours[neighbour]
	if n == nil {
		return nil
	}
	var list []Target
	for _, to := range n.links.without(t.own) {
		list = append(list, Target{to, 2})
	}
	for to, via := range n.further {
		if !t.own.has(to) {
			list = append(list, Target{to, 2 + len(via)})
		}
	}
	slices.SortStableFunc(list, func(a, b Target) int { return cmp.Or(a.Links-b.Links, compare(a.To, b.To)) })
	return list
}

// Targets returns whom neighbours say that they reach and we have no link to,
// sorted. What it returns is not to be changed.
func (t *Table) Targets() []Instance {
	if t.beyond != nil {
		return t.beyond
	}
	list := make([]Instance, 0, 8) // not nil, though it be empty
	seen := make(map[*set]bool)
	for _, n := range t.neighbours {
		if !seen[n.links] {
			seen[n.links] = true
			list = append(list, n.links.without(t.own)...)
		}
		for to := range n.further {
			if !t.own.has(to) {
				list = append(list, to)
			}
		}
	}
	slices.SortStableFunc(list, compare)
	t.beyond = slices.Compact(list)
	return t.beyond
}

// furthest is how many links a way may have that others are told of: one more
// leads to us.
const furthest = wire.MaxHops - 1
