package paths

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// network is a room of tables whose links come and go, and deliver what is told
// in order but each at a pace of its own.
type network struct {
	*testing.T
	rng    *rand.Rand
	now    time.Time
	nodes  []*node
	links  map[[2]int]*line
	slow   bool // what is told takes up to half a second
	frames int
	named  int // entries in them
}

// node is a member.
type node struct {
	*Table
	in   Instance
	ends map[Instance]*end // that are up
	due  time.Time
	wake []Instance // whom to look at with Take
}

// line is a link, as both ends see it.
type line struct {
	net  *network
	a, b int
	ends [2]*end
}

// end is what one side of a line is to take in.
type end struct {
	at, from int // nodes
	up, down bool
	queue    []parcel
}

type parcel struct {
	what func()
	due  time.Time
}

func newNetwork(t *testing.T, seed uint64, size int) *network {
	w := &network{T: t, rng: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0), links: make(map[[2]int]*line)}
	w.slow = w.rng.IntN(2) == 0
	for range size {
		var in Instance
		binary.BigEndian.PutUint64(in[:], w.rng.Uint64())
		w.nodes = append(w.nodes, &node{Table: New(in), in: in, ends: make(map[Instance]*end)})
	}
	return w
}

func (w *network) delay() time.Duration {
	if w.slow {
		return time.Duration(w.rng.IntN(500)) * time.Millisecond
	}
	return time.Duration(w.rng.IntN(3)) * time.Millisecond
}

// post has an end take something in after what was posted before.
func (w *network) post(e *end, what func()) {
	due := w.now.Add(w.delay())
	if k := len(e.queue); k > 0 && e.queue[k-1].due.After(due) {
		due = e.queue[k-1].due
	}
	e.queue = append(e.queue, parcel{what, due})
}

// link makes a link.
func (w *network) link(a, b int) {
	key := [2]int{min(a, b), max(a, b)}
	if a == b || w.links[key] != nil {
		return
	}
	k := &line{net: w, a: key[0], b: key[1]}
	k.ends = [2]*end{{at: k.a, from: k.b}, {at: k.b, from: k.a}}
	w.links[key] = k
	for _, e := range k.ends {
		w.post(e, func() {
			x, from := w.nodes[e.at], w.nodes[e.from].in
			if e.down {
				return
			}
			if old := x.ends[from]; old != nil {
				old.down = true
				x.Down(from, Replaced, w.now)
			}
			e.up, x.ends[from] = true, e
			x.Up(from, w.rng.IntN(2) == 0, w.now)
			x.due = w.now
		})
	}
}

// cut ends a link. Each side finds out in its time.
func (w *network) cut(a, b int, how End) {
	key := [2]int{min(a, b), max(a, b)}
	k := w.links[key]
	if k == nil {
		return
	}
	for _, e := range k.ends {
		if !e.up || w.rng.IntN(2) == 0 {
			e.queue = nil // what was on its way is lost
		}
		w.post(e, func() {
			if e.down {
				return
			}
			e.down = true
			if x, from := w.nodes[e.at], w.nodes[e.from].in; x.ends[from] == e {
				delete(x.ends, from)
				x.Down(from, how, w.now)
				x.due = w.now
			}
		})
	}
	w.gone(k)
	delete(w.links, key)
}

// dying are lines that ended and whose ends have not all found out.
func (w *network) gone(k *line) { w.links[[2]int{-1 - len(w.links), w.rng.IntN(1 << 30)}] = k }

func (w *network) settled(k *line) bool { return len(k.ends[0].queue)+len(k.ends[1].queue) == 0 }

// each calls f with the lines in an order that a seed repeats.
func (w *network) each(f func(key [2]int, k *line)) {
	keys := make([][2]int, 0, len(w.links))
	for key := range w.links {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b [2]int) int {
		if a[0] != b[0] {
			return a[0] - b[0]
		}
		return a[1] - b[1]
	})
	for _, key := range keys {
		f(key, w.links[key])
	}
}

// run lets time pass.
func (w *network) run(d time.Duration) {
	for end := w.now.Add(d); ; {
		next := end
		w.each(func(key [2]int, k *line) {
			for _, e := range k.ends {
				for len(e.queue) > 0 && !e.queue[0].due.After(w.now) {
					what := e.queue[0].what
					e.queue = e.queue[1:]
					what()
				}
				if len(e.queue) > 0 && e.queue[0].due.Before(next) {
					next = e.queue[0].due
				}
			}
			if key[0] < 0 && w.settled(k) {
				delete(w.links, key)
			}
		})
		frames := w.frames
		for i, x := range w.nodes {
			if !x.due.IsZero() && !x.due.After(w.now) {
				x.wake, x.due = x.Tick(w.now)
				w.write(i, x)
			}
			if !x.due.IsZero() && x.due.Before(next) {
				next = x.due
			}
		}
		if w.frames > frames {
			continue
		}
		if !w.now.Before(end) {
			return
		}
		w.now = next
		if d := w.now.Add(time.Duration(w.rng.IntN(2)) * time.Millisecond); d.Before(end) {
			w.now = d // not all is done in time
		}
	}
}

// write sends what a node owes.
func (w *network) write(i int, x *node) {
	for j, to := range w.nodes {
		k := w.links[[2]int{min(i, j), max(i, j)}]
		if k == nil || !slices.Contains(x.wake, to.in) {
			continue
		}
		mine, theirs := k.ends[0], k.ends[1]
		if mine.at != i {
			mine, theirs = theirs, mine
		}
		for mine.up && !mine.down {
			r, ok := x.Take(to.in, w.now)
			if !ok {
				break
			}
			w.frames++
			w.named += len(r.Routes)
			w.post(theirs, func() {
				if theirs.down || !theirs.up {
					return
				}
				to.Hear(x.in, r, w.now)
				to.due = w.now
			})
		}
	}
}

// silent lets the room settle, and fails the test if it does not fall silent.
func (w *network) silent() {
	w.Helper()
	w.run(30 * time.Second)
	before := w.frames
	w.run(5 * time.Minute)
	if n := w.frames - before; n > 0 {
		w.Fatalf("%d frames in five minutes in which nothing happened", n)
	}
}

// linked reports whether there is a link.
func (w *network) linked(a, b int) bool { return w.links[[2]int{min(a, b), max(a, b)}] != nil }

// distances returns how many links are between a node and each other.
func (w *network) distances(from int) []int {
	dist := make([]int, len(w.nodes))
	for i := range dist {
		dist[i] = -1
	}
	dist[from] = 0
	for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
		for j := range w.nodes {
			if dist[j] < 0 && w.linked(queue[0], j) {
				dist[j] = dist[queue[0]] + 1
				queue = append(queue, j)
			}
		}
	}
	return dist
}

func (w *network) index(in Instance) int {
	return slices.IndexFunc(w.nodes, func(x *node) bool { return x.in == in })
}

// check fails the test unless each node knows a shortest way to each other
// within four links and none that is not there, and what it relays gets there.
func (w *network) check() {
	w.Helper()
	for i, x := range w.nodes {
		dist := w.distances(i)
		for j, y := range w.nodes {
			if i == j {
				continue
			}
			ways := x.Ways(y.in)
			reached := dist[j] > 0 && dist[j] <= wire.MaxHops
			if reached != (len(ways) > 0) {
				w.Fatalf("%d knows %d ways to %d, which is %d links away", i, len(ways), j, dist[j])
			}
			if !reached {
				continue
			}
			if ways[0].Links != dist[j] {
				w.Fatalf("%d knows a way of %d links to %d, which is %d away", i, ways[0].Links, j, dist[j])
			}
			for _, way := range ways {
				w.valid(i, j, way)
			}
			w.arrives(i, j, ways[0].Next)
		}
	}
}

// valid fails the test unless all links of a way are there.
func (w *network) valid(from, to int, way Way) {
	w.Helper()
	at := from
	for _, in := range append(way.path(), w.nodes[to].in) {
		next := w.index(in)
		if !w.linked(at, next) {
			w.Fatalf("%d knows a way to %d over a link of %d and %d, which is not there", from, to, at, next)
		}
		at = next
	}
	if len(way.path())+1 != way.Links {
		w.Fatalf("a way of %d links has %d between", way.Links, len(way.path()))
	}
}

// arrives walks a relayed frame.
func (w *network) arrives(from, to int, next Instance) {
	w.Helper()
	before := from
	for hops := wire.MaxHops; ; hops-- {
		at := w.index(next)
		if at == to {
			return
		}
		if hops == 0 {
			w.Fatalf("what %d sends to %d runs in a circle", from, to)
		}
		var ok bool
		if next, ok = w.nodes[at].Best(w.nodes[to].in, w.nodes[before].in); !ok {
			w.Fatalf("what %d sends to %d ends at %d", from, to, at)
		}
		before = at
	}
}

// shape links the nodes in one of several ways.
func (w *network) shape(name string) {
	n := len(w.nodes)
	pairs := func(want func(a, b int) bool) {
		for a := range n {
			for b := range a {
				if want(a, b) {
					w.link(a, b)
				}
			}
		}
	}
	switch name {
	case "clique":
		pairs(func(a, b int) bool { return true })
	case "clique minus edges":
		pairs(func(a, b int) bool { return w.rng.IntN(6) > 0 })
	case "sparse":
		pairs(func(a, b int) bool { return w.rng.IntN(n) < 2 })
	case "ring":
		pairs(func(a, b int) bool { return a == b+1 || a-b == n-1 })
	case "chain":
		pairs(func(a, b int) bool { return a == b+1 })
	case "star":
		pairs(func(a, b int) bool { return b == 0 })
	case "two dual-homed between halves":
		pairs(func(a, b int) bool { return b < 2 || a%2 == b%2 })
	}
}

var shapes = []string{"clique", "clique minus edges", "sparse", "ring", "chain", "star", "two dual-homed between halves"}
