package paths

import (
	"maps"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// What is new is told when nothing more has been for gatherQuiet, or after
// gatherLatest: a start of 32 nodes on two cores takes 5 s so, and took 8 s when
// each new link was told of soon.
const (
	gatherQuiet  = 300 * time.Millisecond
	gatherLatest = 2 * time.Second
)

// A machine that is short of time is given this many links' time more. Telling
// and asking all while everybody's links keep changing is most of the work that
// 64 nodes have that start at once on two cores, and what makes them take longer
// still.
const (
	quietLinks  = 2
	latestLinks = 8
)

// Busy takes in what a link takes to make at present: what is new is gathered,
// and neighbours are asked for all, as much later. What is lost is told at once
// all the same.
func (t *Table) Busy(linkTakes time.Duration) { t.linkTakes = min(linkTakes, time.Second) }

// few is how many new links are named. Of more only the digest is told: most
// likely the neighbour has the same.
const few = 4

const (
	// askQuiet is how long our own links have to have been the same for a
	// neighbour to be asked for its: it tells what is new after gatherQuiet, and
	// most likely has the same then.
	askQuiet = 500 * time.Millisecond
	// askLatest is how long the links of a neighbour stay unknown while our own
	// keep changing.
	askLatest = 8 * time.Second
	// askAgain is how long an answer is waited for.
	askAgain = time.Second
	// maxAsks is how often one is asked for in vain.
	maxAsks = 3
	// allEvery is how often a neighbour is told all.
	allEvery = time.Second
)

// soon schedules telling the neighbours what is new.
func (t *Table) soon(now time.Time) {
	if t.gather.IsZero() {
		t.since = now
	}
	t.gather = now.Add(gatherQuiet + quietLinks*t.linkTakes)
	if latest := t.since.Add(gatherLatest + latestLinks*t.linkTakes); t.gather.After(latest) {
		t.gather = latest
	}
}

// Tick does what is due. It returns those neighbours for whom [Table.Take] may
// have something, and when the next Tick is due, zero if nothing is to come. It
// is due at once after a call of Up, Down or Hear.
func (t *Table) Tick(now time.Time) (wake []Instance, next time.Time) {
	due := nothing
	if t.urgent {
		due = losses
	}
	if !t.gather.IsZero() && !t.gather.After(now) {
		due = everything
		t.gather, t.gone = time.Time{}, nil
		t.forget()
	}
	t.urgent = false
	next = t.gather
	asking := t.asking(now)
	for _, in := range t.own.list {
		n := t.neighbours[in]
		if n == nil {
			continue // that is we
		}
		n.owed = max(n.owed, due)
		next = earlier(next, t.ask(n, asking, now))
		wait := n.allSince.Add(allEvery)
		if n.allDue && wait.After(now) {
			next = earlier(next, wait)
		}
		if n.owed > nothing || n.askDue || n.allDue && !wait.After(now) {
			wake = append(wake, in)
		}
	}
	return wake, next
}

// asking is what answers are being waited for.
type asking struct {
	sums  map[[8]byte]time.Time // until when
	eager bool                  // no settled neighbour is known or asked
}

func (t *Table) asking(now time.Time) asking {
	a := asking{sums: make(map[[8]byte]time.Time), eager: true}
	for _, n := range t.neighbours {
		waiting := n.reported && !n.known() && n.asks > 0 && now.Sub(n.asked) < askAgain
		if waiting {
			a.sums[n.sum] = n.asked.Add(askAgain)
		}
		if n.settled && (waiting || n.known()) {
			a.eager = false
		}
	}
	return a
}

// ask asks a neighbour for its links if that is due, and returns when to look
// again.
func (t *Table) ask(n *neighbour, a asking, now time.Time) (next time.Time) {
	if !n.reported || n.known() || n.asks >= maxAsks {
		return time.Time{}
	}
	latest := n.since
	if n.asked.After(latest) {
		latest = n.asked // its links may never stay as they are for long
	}
	due := earlier(t.changed.Add(askQuiet+quietLinks*t.linkTakes), latest.Add(askLatest+latestLinks*t.linkTakes))
	if a.eager && n.settled && n.asks == 0 {
		due = now
	}
	if until := n.asked.Add(askAgain); until.After(due) {
		due = until
	}
	if until := a.sums[n.sum]; until.After(due) {
		due = until // a neighbour with the same links is being asked
	}
	if due.After(now) {
		return due
	}
	n.askDue, n.asked = true, now
	n.asks++
	a.sums[n.sum] = now.Add(askAgain)
	return now.Add(askAgain)
}

// Take returns what a neighbour is to be told now. ok is false if that is
// nothing. It is called when the link can take it, so that what has changed
// meanwhile is told once.
func (t *Table) Take(to Instance, now time.Time) (r wire.Reach, ok bool) {
	n := t.neighbours[to]
	if n == nil {
		return r, false
	}
	r.Ask, n.askDue = n.askDue, false
	r.All = n.allDue && !n.allSince.Add(allEvery).After(now)
	owed := n.owed
	n.owed = nothing
	if r.All {
		n.allDue, n.allSince = false, now
		n.told = newSet([]Instance{t.self, to})
		t.tellLinks(to, n, everything, &r)
	} else if owed > nothing {
		t.tellLinks(to, n, owed, &r)
	}
	if owed > nothing {
		t.tellFurther(to, n, owed, &r)
	}
	r.Sum = n.told.sum
	ok = r.Ask || r.All || len(r.Routes) > 0 || r.Sum != n.toldSum
	n.toldSum = r.Sum
	return r, ok
}

// tellLinks adds our links that are new, and those that have ended.
func (t *Table) tellLinks(to Instance, n *neighbour, what owed, r *wire.Reach) {
	var less []Instance
	for _, in := range n.told.without(t.own) {
		if what == losses && slices.Contains(t.gone, in) && n.links.has(in) {
			continue // it sees that itself
		}
		if len(r.Routes) == wire.MaxRoutes {
			n.owed = what
			break
		}
		less = append(less, in)
		route := wire.Route{To: in, Lost: true}
		if ways, _ := t.tellable(to, n, in); len(ways) > 0 {
			route = t.further(n, in, ways[0])
		}
		r.Routes = append(r.Routes, route)
	}
	if what == losses {
		n.told = n.told.changed(nil, less)
		return
	}
	more := t.own.without(n.told)
	for i, in := range more {
		_, instead := n.toldFurther[in]
		if !r.All && !instead && len(more) > few {
			continue
		}
		if len(r.Routes) == wire.MaxRoutes {
			n.owed, more = what, more[:i]
			break
		}
		delete(n.toldFurther, in)
		r.Routes = append(r.Routes, wire.Route{To: in})
	}
	n.told = n.told.changed(more, less)
	if slices.Equal(n.told.list, t.own.list) {
		n.told = t.own // not to keep another
	}
}

// tellFurther adds ways to whom we have no link.
func (t *Table) tellFurther(to Instance, n *neighbour, what owed, r *wire.Reach) {
	for _, in := range slices.SortedFunc(maps.Keys(n.toldFurther), compare) {
		ways, shorter := t.tellable(to, n, in)
		told := n.toldFurther[in]
		if slices.ContainsFunc(ways, func(w Way) bool { return slices.Equal(w.path(), told) }) {
			continue
		}
		if shorter && what == losses {
			continue
		}
		if len(r.Routes) == wire.MaxRoutes {
			n.owed = what
			return
		}
		if len(ways) > 0 {
			r.Routes = append(r.Routes, t.further(n, in, ways[0]))
			continue
		}
		delete(n.toldFurther, in)
		r.Routes = append(r.Routes, wire.Route{To: in, Lost: true})
	}
	if what == losses || !n.known() {
		return
	}
	for _, in := range t.Targets() {
		ways, _ := t.tellable(to, n, in)
		if _, told := n.toldFurther[in]; told || len(ways) == 0 || len(n.toldFurther) == maxFurther {
			continue
		}
		if len(r.Routes) == wire.MaxRoutes {
			n.owed = what
			return
		}
		r.Routes = append(r.Routes, t.further(n, in, ways[0]))
	}
}

// further notes that a neighbour is told of a way.
func (t *Table) further(n *neighbour, to Instance, w Way) wire.Route {
	n.toldFurther[to] = w.path()
	return wire.Route{To: to, Via: n.toldFurther[to]}
}

// tellable returns the ways to a member of which a neighbour may be told one.
// shorter says that there are none because it knows a shorter one itself.
func (t *Table) tellable(to Instance, n *neighbour, target Instance) (ways []Way, shorter bool) {
	if target == to || t.own.has(target) {
		return nil, false
	}
	ways = t.shortest(target, to)
	if len(ways) == 0 || ways[0].Links > furthest {
		return nil, false
	}
	if slices.ContainsFunc(ways, func(w Way) bool { return n.links.has(w.Next) }) {
		return nil, true
	}
	return ways, false
}

// Told reports whether a neighbour has reason to think that we reach a member.
func (t *Table) Told(neighbour, to Instance) bool {
	n := t.neighbours[neighbour]
	if n == nil {
		return false
	}
	_, further := n.toldFurther[to]
	return further || n.told.has(to)
}

// earlier returns the earlier of two times; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
