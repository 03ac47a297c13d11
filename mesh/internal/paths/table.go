package paths

import (
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// Table is what one node knows of who reaches whom.
type Table struct {
	self       Instance
	own        *set
	neighbours map[Instance]*neighbour
	changed    time.Time              // when own last did
	gone       []Instance             // of those that own lost since then, whom all see go
	gather     time.Time              // when to tell what is new; zero: nothing is
	since      time.Time              // from when on there is something new
	linkTakes  time.Duration          // see Busy
	urgent     bool                   // somebody is reached no more, or not as well
	heardOf    map[Instance]time.Time // since when neighbours have said that they reach somebody
	ways       map[Instance][]Way     // those that were looked for since something changed
	beyond     []Instance             // whom neighbours reach and we do not; with ways
	version    int
	picked     map[pick]Instance // the neighbour that a way begins with that is in use
}

// neighbour is what the two sides of a link have told each other.
type neighbour struct {
	settled bool // it had been in the room for a while when the link began
	spare   bool // of ways that are as short, those that begin with it come last

	reported bool                    // it has said something
	links    *set                    // to whom it has links, as far as we know
	sum      [8]byte                 // of all of these, by its own word
	further  map[Instance][]Instance // to whom else it knows a way: those between, nearest to it first
	since    time.Time               // from when on links is not all
	asks     int                     // how often it was asked for all, and when
	asked    time.Time
	flaps    flaps

	told        *set                    // to whom it knows that we have links
	toldSum     [8]byte                 // what it was told last is the digest of these; zero: nothing was told
	toldFurther map[Instance][]Instance // what it was told beside
	owed        owed
	askDue      bool      // it is to be asked
	allDue      bool      // it has asked
	allSince    time.Time // when it was last told all
}

// owed is what is to be looked through for what a neighbour was not told.
type owed int

const (
	nothing owed = iota
	losses       // who is reached no more, or not as well
	everything
)

// New returns the table of a node without links.
func New(self Instance) *Table {
	return &Table{
		self:       self,
		own:        newSet([]Instance{self}),
		neighbours: make(map[Instance]*neighbour),
		heardOf:    make(map[Instance]time.Time),
		picked:     make(map[pick]Instance),
	}
}

// Up takes in that there is a link to a member over which it can relay. settled
// says that the member had been in the room for a while: a node that is new asks
// the first such at once whom it reaches.
func (t *Table) Up(to Instance, settled bool, now time.Time) {
	if to == t.self || t.neighbours[to] != nil {
		return
	}
	both := newSet([]Instance{t.self, to})
	t.neighbours[to] = &neighbour{
		settled:     settled,
		links:       both,
		told:        both,
		since:       now,
		further:     make(map[Instance][]Instance),
		toldFurther: make(map[Instance][]Instance),
		owed:        everything,
	}
	t.relinked(t.own.changed([]Instance{to}, nil), now)
}

// Spare has ways that begin with a neighbour taken last of those that are as short,
// for as long as its link lasts: it is a page, which its browser may slow down or
// stop as soon as nobody looks at it.
func (t *Table) Spare(neighbour Instance) {
	if n := t.neighbours[neighbour]; n != nil {
		n.spare = true
		t.stale()
	}
}

// End is how a link has ended.
type End int

const (
	// Broken: the others are told at once.
	Broken End = iota
	// Gone: the member is gone, which those see for themselves who have a link
	// to it. They are told with the next that is new.
	Gone
	// Replaced: another link to the same member is coming up. Everybody is told
	// with the next that is new, if it has not come up by then.
	Replaced
)

// Down takes in that a link has ended.
func (t *Table) Down(to Instance, how End, now time.Time) {
	if t.neighbours[to] == nil {
		return
	}
	delete(t.neighbours, to)
	if how == Gone {
		t.gone = append(t.gone, to)
	}
	if how != Replaced {
		t.urgent = true
	}
	t.relinked(t.own.changed(nil, []Instance{to}), now)
}

// relinked takes in that our links have changed.
func (t *Table) relinked(own *set, now time.Time) {
	t.own, t.changed = own, now
	t.stale()
	t.match(now)
	t.soon(now)
}

// stale forgets what was worked out.
func (t *Table) stale() {
	t.ways, t.beyond = nil, nil
	t.version++
}

// Pending reports whether a neighbour has yet to say whom it reaches, and that
// matters: of the settled ones it is enough to know one.
func (t *Table) Pending(neighbour Instance, now time.Time) bool {
	n := t.neighbours[neighbour]
	if n == nil || !n.reported {
		return true
	}
	if n.known() || !n.settled || n.asks > 0 && now.Sub(n.asked) >= askAgain {
		return false
	}
	for _, other := range t.neighbours {
		if other.settled && other.known() {
			return false
		}
	}
	return true
}

// Version is another whenever somebody may be reached otherwise than before.
func (t *Table) Version() int { return t.version }

// HeardOf returns since when neighbours have said that they reach a member;
// zero if none does.
func (t *Table) HeardOf(to Instance) time.Time { return t.heardOf[to] }

// flaps says how often the others are told at once of what a neighbour reaches
// no more.
type flaps struct {
	level float64
	at    time.Time
}

const (
	flapsAtOnce    = 16
	flapsPerSecond = 1
)

func (f *flaps) take(now time.Time) bool {
	f.level = max(0, f.level-now.Sub(f.at).Seconds()*flapsPerSecond)
	f.at = now
	if f.level+1 > flapsAtOnce {
		return false
	}
	f.level++
	return true
}

// Bounds of what a neighbour may say, each.
const (
	maxLinks   = wire.MaxRoutes
	maxFurther = wire.MaxRoutes
)
