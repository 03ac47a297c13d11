package paths

import (
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// known reports whether links is all.
func (n *neighbour) known() bool { return n.reported && n.links.sum == n.sum }

// Hear takes in what a neighbour says, and returns whom it reaches no more.
func (t *Table) Hear(from Instance, r wire.Reach, now time.Time) (lost []Instance) {
	n := t.neighbours[from]
	if n == nil {
		return nil
	}
	n.reported = true
	n.allDue = n.allDue || r.Ask
	if r.Sum != n.sum {
		n.sum, n.asks = r.Sum, 0
	}
	news := t.newsOf(from, n, r)
	if len(news) > 0 {
		n.take(t.self, from, r)
		t.stale()
	}
	matters, worse := false, false
	for _, was := range news {
		is, ok := n.way(from, was.to)
		if was.ok && !ok {
			lost = append(lost, was.to)
		}
		if was.ok == ok && was.way.Links == is.Links && slices.Equal(was.way.via, is.via) {
			continue
		}
		if t.own.has(was.to) {
			continue // that link is the way
		}
		matters = true
		worse = worse || was.ok && (!ok || was.way.Links <= is.Links)
	}
	t.heard(n, news, now)
	t.match(now)
	if worse && n.flaps.take(now) {
		t.urgent = true
	}
	if matters || len(news) > 0 && len(t.Targets()) > 0 {
		t.soon(now)
	}
	return lost
}

// before is the way over a neighbour that there was.
type before struct {
	to  Instance
	way Way
	ok  bool
}

// newsOf returns whom a reach is about, and what was known of them.
func (t *Table) newsOf(from Instance, n *neighbour, r wire.Reach) []before {
	targets := make([]Instance, 0, len(r.Routes))
	for _, route := range r.Routes {
		targets = append(targets, route.To)
	}
	if r.All {
		targets = append(targets, n.links.list...)
	}
	slices.SortStableFunc(targets, compare)
	targets = slices.Compact(targets)
	news := make([]before, 0, len(targets))
	for _, to := range targets {
		if to == t.self || to == from {
			continue
		}
		w, ok := n.way(from, to)
		news = append(news, before{to, w, ok})
	}
	return news
}

// take takes in the entries of a reach.
func (n *neighbour) take(self, from Instance, r wire.Reach) {
	var more, less []Instance
	if r.All {
		less = n.links.without(newSet([]Instance{self, from}))
	}
	links := n.links.changed(nil, less)
	less = nil
	for _, route := range r.Routes {
		switch {
		case route.To == self || route.To == from:
		case route.Lost || slices.Contains(route.Via, self) || slices.Contains(route.Via, route.To):
			less = append(less, route.To)
			delete(n.further, route.To)
		case len(route.Via) == 0:
			if links.has(route.To) || len(links.list)+len(more) < maxLinks {
				more = append(more, route.To)
			}
			delete(n.further, route.To)
		default:
			less = append(less, route.To)
			n.learn(route)
		}
	}
	n.links = links.changed(more, less)
}

// learn takes in a further way. When there are too many a shorter one takes the
// place of a longer.
func (n *neighbour) learn(route wire.Route) {
	_, known := n.further[route.To]
	if known || len(n.further) < maxFurther || n.unlearnLonger(len(route.Via)) {
		n.further[route.To] = route.Via
	}
}

func (n *neighbour) unlearnLonger(than int) bool {
	for to, via := range n.further {
		if len(via) > than {
			delete(n.further, to)
			return true
		}
	}
	return false
}

// heard keeps since when somebody has been reached.
func (t *Table) heard(n *neighbour, news []before, now time.Time) {
	for _, was := range news {
		_, known := t.heardOf[was.to]
		_, further := n.further[was.to]
		switch reached := further || n.links.has(was.to); {
		case reached && !known:
			t.heardOf[was.to] = now
		case !reached && known && !t.reached(was.to):
			delete(t.heardOf, was.to)
		}
	}
}

// match looks for the links of those neighbours of whom only a digest is known,
// among our own and those of others.
func (t *Table) match(now time.Time) {
	sets := map[[8]byte]*set{t.own.sum: t.own}
	for _, n := range t.neighbours {
		if n.known() {
			sets[n.sum] = n.links
		}
	}
	settled := false
	for _, n := range t.neighbours {
		if same := sets[n.sum]; n.reported && !n.known() && same != nil {
			t.adopt(n, same, now)
		}
		switch known := n.known(); {
		case known && !n.since.IsZero():
			n.since, settled = time.Time{}, true
		case !known && n.since.IsZero():
			n.since = now
		}
	}
	if settled && len(t.Targets()) > 0 {
		t.soon(now)
	}
}

// adopt takes in that the links of a neighbour are those of a set.
func (t *Table) adopt(n *neighbour, links *set, now time.Time) {
	for _, to := range links.without(n.links) {
		delete(n.further, to)
		if _, known := t.heardOf[to]; !known {
			t.heardOf[to] = now
		}
	}
	n.links = links
	t.stale()
}

// forget keeps of nobody since when it has been reached that is no more.
func (t *Table) forget() {
	for to := range t.heardOf {
		if !t.reached(to) {
			delete(t.heardOf, to)
		}
	}
}

func (t *Table) reached(to Instance) bool {
	for in, n := range t.neighbours {
		if _, further := n.further[to]; in != to && (further || n.links.has(to)) {
			return true
		}
	}
	return false
}
