package paths

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

var (
	seedFlag  = flag.Uint64("seed", 0, "run the rooms with this seed alone")
	seedsFlag = flag.Uint64("seeds", 150, "how many seeds to run of each shape")
)

// rooms runs a test for each shape of a room, of several sizes, with many seeds.
func rooms(t *testing.T, test func(w *network, shape string)) {
	for _, shape := range shapes {
		t.Run(shape, func(t *testing.T) {
			first, last := uint64(1), *seedsFlag
			if *seedFlag != 0 {
				first, last = *seedFlag, *seedFlag
			}
			for seed := first; seed <= last; seed++ {
				size := 2 + int(seed)%8
				w := newNetwork(t, seed, size)
				test(w, shape)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

// TestConverges holds that a room whose links stay as they are falls silent, and
// everybody knows the shortest ways then.
func TestConverges(t *testing.T) {
	rooms(t, func(w *network, shape string) {
		defer w.blame(shape)
		w.shape(shape)
		w.silent()
		w.check()
	})
}

// TestConvergesAfterChanges does the same after links have come and gone.
func TestConvergesAfterChanges(t *testing.T) {
	rooms(t, func(w *network, shape string) {
		defer w.blame(shape)
		w.shape(shape)
		for range 5 + w.rng.IntN(40) {
			w.run(time.Duration(w.rng.IntN(1200)) * time.Millisecond * time.Duration(w.rng.IntN(2)))
			a, b := w.rng.IntN(len(w.nodes)), w.rng.IntN(len(w.nodes))
			switch w.rng.IntN(5) {
			case 0, 1:
				w.link(a, b)
			case 2, 3:
				w.cut(a, b, Broken)
			case 4:
				for b := range w.nodes {
					w.cut(a, b, Gone)
				}
			}
		}
		w.silent()
		w.check()
	})
}

// blame names the room that failed.
func (w *network) blame(shape string) {
	if w.Failed() {
		w.Logf("shape %q, %d nodes", shape, len(w.nodes))
	}
}

// TestFlappingLinkIsTold holds that a link that comes and goes in a room where
// most have links to most costs each neighbour of its ends a frame when it goes
// and one when it comes, and nobody else anything.
func TestFlappingLinkIsTold(t *testing.T) {
	for _, size := range []int{6, 12, 24} {
		for seed := range uint64(10) {
			w := newNetwork(t, seed, size)
			w.shape("clique")
			for range size / 4 {
				w.cut(2+w.rng.IntN(size-2), 2+w.rng.IntN(size-2), Broken)
			}
			w.silent()
			frames, named := w.frames, w.named
			const flaps = 10
			for range flaps {
				w.cut(0, 1, Broken)
				w.run(5 * time.Second)
				w.link(0, 1)
				w.run(5 * time.Second)
			}
			w.silent()
			w.check()
			frames, named = w.frames-frames, w.named-named
			// Down and up, to all neighbours of either end; and the ends greet.
			if most := flaps * (2*2*(size-2) + 2*3); frames > most {
				t.Errorf("%d nodes: %d frames in %d flaps, want %d at the most", size, frames, flaps, most)
			}
			if most := flaps * (2*2*(size-2) + 2*(size+3)); named > most {
				t.Errorf("%d nodes: %d entries in %d flaps, want %d at the most", size, named, flaps, most)
			}
		}
	}
}

// TestFormingCosts holds what a room tells that forms over seconds: some frames
// for each side of a link, and lists to nobody who has the same.
func TestFormingCosts(t *testing.T) {
	for _, size := range []int{8, 16, 32} {
		w := newNetwork(t, 1, size)
		w.slow = false
		for a := range size { // each new one meets all others, in 50 ms
			for b := range a {
				w.link(a, b)
			}
			w.run(50 * time.Millisecond)
		}
		w.silent()
		w.check()
		sides := size * (size - 1)
		t.Logf("%d nodes: %.1f frames and %.1f entries for each side of a link", size, float64(w.frames)/float64(sides), float64(w.named)/float64(sides))
		if w.frames > 8*sides || w.named > 8*sides {
			t.Errorf("%d nodes told %d entries in %d frames, want %d at the most", size, w.named, w.frames, 8*sides)
		}
	}
}

// TestBusyFormingCosts does the same for a room that forms slowly, as on a machine
// that is short of time, and knows it.
func TestBusyFormingCosts(t *testing.T) {
	const size, linkTakes = 24, 400 * time.Millisecond
	w := newNetwork(t, 1, size)
	w.slow = false
	for _, x := range w.nodes {
		x.Busy(linkTakes)
	}
	for a := range size { // nobody's links stay the same for long, for 10 s
		for b := range a {
			w.link(a, b)
		}
		w.run(linkTakes)
	}
	for _, x := range w.nodes {
		x.Busy(0)
	}
	w.silent()
	w.check()
	sides := size * (size - 1)
	t.Logf("%.1f frames and %.1f entries for each side of a link", float64(w.frames)/float64(sides), float64(w.named)/float64(sides))
	if w.frames > 5*sides || w.named > 8*sides {
		t.Errorf("told %d entries in %d frames, want %d and %d at the most", w.named, w.frames, 8*sides, 5*sides)
	}
}

// TestWayInUseIsKept holds that a way over which something is relayed is kept
// while no shorter is there, whatever else comes and goes, and that those that
// are as short are shared out.
func TestWayInUseIsKept(t *testing.T) {
	const relays = 16
	w := newNetwork(t, 7, relays+2)
	from, to := relays, relays+1
	hub := w.nodes[0] // relays from one end over one of the others to the other
	w.link(0, from)
	for i := 1; i < relays; i += 2 {
		w.link(0, i)
		w.link(i, to)
	}
	w.silent()
	target, besides := w.nodes[to].in, w.nodes[from].in
	used, ok := hub.Best(target, besides)
	if !ok {
		t.Fatal("there is no way")
	}
	keeps := func(why string) {
		t.Helper()
		w.silent()
		if now, ok := hub.Best(target, besides); !ok || now != used {
			t.Fatalf("%s, and the way is another", why)
		}
	}
	for i := 2; i < relays; i += 2 {
		w.link(0, i)
		w.link(i, to)
		keeps("another relay has come")
	}
	for i := 1; i < relays; i++ {
		if w.nodes[i].in != used {
			w.cut(i, to, Broken)
			keeps("another relay has gone")
			w.link(i, to)
			keeps("another relay is back")
		}
	}
	first := make(map[Instance]int)
	for range 1000 {
		var other Instance
		for i := range other {
			other[i] = byte(w.rng.IntN(256))
		}
		for i := 1; i < relays; i++ {
			hub.Hear(w.nodes[i].in, wire.Reach{Routes: []wire.Route{{To: other}}}, w.now)
		}
		first[hub.Ways(other)[0].Next]++
		for i := 1; i < relays; i++ {
			hub.Hear(w.nodes[i].in, wire.Reach{Routes: []wire.Route{{To: other, Lost: true}}}, w.now)
		}
	}
	for i := 1; i < relays; i++ {
		if n := first[w.nodes[i].in]; n < 30 || n > 150 {
			t.Errorf("relay %d is the first for %d of 1,000, with %d as near", i, n, relays-2)
		}
	}
}

// TestPagesAreTheLastWay holds that of ways that are as short the one over a page is
// taken last, and a longer one after that.
func TestPagesAreTheLastWay(t *testing.T) {
	now := time.Now()
	to, farther := Instance{0xff}, Instance{0xfe}
	for i := range 50 {
		table := New(Instance{1})
		page, node, longer := Instance{2, byte(i)}, Instance{3, byte(i)}, Instance{4, byte(i)}
		for _, in := range []Instance{page, node, longer} {
			table.Up(in, true, now)
		}
		table.Spare(page)
		table.Spare(Instance{99}) // nobody
		table.Hear(page, wire.Reach{Routes: []wire.Route{{To: to}}}, now)
		table.Hear(node, wire.Reach{Routes: []wire.Route{{To: to}}}, now)
		table.Hear(longer, wire.Reach{Routes: []wire.Route{{To: to, Via: [][8]byte{farther}}}}, now)
		var order []Instance
		for _, w := range table.Ways(to) {
			order = append(order, w.Next)
		}
		if !slices.Equal(order, []Instance{node, page, longer}) {
			t.Fatalf("the ways are over %x, want %x", order, []Instance{node, page, longer})
		}
	}
}

// TestLossIsToldAtOnce holds that who is lost is told of without a wait, all the
// way, and that what is only new waits.
func TestLossIsToldAtOnce(t *testing.T) {
	w := newNetwork(t, 2, 4)
	w.slow = false
	w.shape("chain")
	w.silent()
	far := w.nodes[3].in
	if len(w.nodes[0].Ways(far)) != 1 {
		t.Fatal("the end of the chain is not known")
	}
	w.cut(2, 3, Broken)
	w.run(20 * time.Millisecond) // each link takes up to 2 ms and so does each node
	if n := len(w.nodes[0].Ways(far)); n != 0 {
		t.Error("the end of the chain is known still")
	}
	w.link(2, 3)
	w.run(20 * time.Millisecond)
	if n := len(w.nodes[0].Ways(far)); n != 0 {
		t.Error("what is new was told at once")
	}
	w.run(2 * time.Second)
	if n := len(w.nodes[0].Ways(far)); n != 1 {
		t.Error("what is new was not told")
	}
}

// TestKnowsTheDetour holds that whoever loses a link knows another way by then,
// if there is one of at most four links.
func TestKnowsTheDetour(t *testing.T) {
	rooms(t, func(w *network, shape string) {
		w.shape(shape)
		w.silent()
		for i, x := range w.nodes {
			for j, y := range w.nodes {
				if i == j || !w.linked(i, j) {
					continue
				}
				key := [2]int{min(i, j), max(i, j)}
				k := w.links[key]
				delete(w.links, key)
				detour := w.distances(i)[j]
				w.links[key] = k
				if knows := x.Reachable(y.in); detour >= 2 && detour <= wire.MaxHops && !knows {
					t.Fatalf("%d knows no detour to %d of %d links", i, j, detour)
				}
			}
		}
	})
}

// TestNewcomerAsksOne holds that who comes into a room that has been there for
// long asks one of its members at once, is told of all, and asks no other.
func TestNewcomerAsksOne(t *testing.T) {
	const size = 20
	w := newNetwork(t, 3, size+1)
	w.slow = false
	for a := range size {
		for b := range a {
			w.link(a, b)
		}
	}
	w.silent()
	x := w.nodes[size]
	for i := range size / 2 {
		x.Up(w.nodes[i].in, true, w.now)
		y := w.nodes[i]
		y.Up(x.in, false, w.now)
	}
	asked := 0
	for i := range size / 2 {
		in := w.nodes[i].in
		if !x.Pending(in, w.now) {
			t.Errorf("%d has said nothing, and is not waited for", i)
		}
		r, ok := w.nodes[i].Take(x.in, w.now)
		if !ok {
			t.Fatal("a neighbour says nothing at first")
		}
		x.Hear(in, r, w.now)
		wake, _ := x.Tick(w.now)
		for _, in := range wake {
			if r, ok := x.Take(in, w.now); ok && r.Ask {
				asked++
				w.nodes[w.index(in)].Hear(x.in, r, w.now)
			}
		}
	}
	if asked != 1 {
		t.Fatalf("asked %d", asked)
	}
	pending, knows := 0, 0
	for range 2 { // before the answer, and after it
		pending = 0
		for i := range size / 2 {
			if x.Pending(w.nodes[i].in, w.now) {
				pending++
			}
		}
		for i := range size / 2 {
			if r, ok := w.nodes[i].Take(x.in, w.now); ok {
				if knows++; pending == 0 {
					t.Error("nobody was waited for while an answer was to come")
				}
				x.Hear(w.nodes[i].in, r, w.now)
			}
		}
	}
	if pending != 0 || knows == 0 {
		t.Errorf("%d are waited for after an answer", pending)
	}
	if n := len(x.Targets()); n != size/2 {
		t.Errorf("knows of %d more, want %d", n, size/2)
	}
}

// TestLiarsLeaveRoom holds that what one neighbour may have us keep is bounded,
// and that it does not hide the links of others nor its own shorter ways.
func TestLiarsLeaveRoom(t *testing.T) {
	x, liar, now := New(Instance{1}), Instance{2}, time.Unix(1e9, 0)
	x.Up(liar, true, now)
	say := func(kind byte, via ...Instance) {
		for i := range 4 {
			routes := make([]wire.Route, wire.MaxRoutes)
			for j := range routes {
				routes[j] = wire.Route{To: Instance{kind, byte(i), byte(j)}, Via: via}
			}
			x.Hear(liar, wire.Reach{Routes: routes}, now)
		}
	}
	say(10)
	say(11, Instance{3}, Instance{4})
	say(12, Instance{3})
	near := 0
	targets := x.Beyond(liar)
	for _, to := range targets {
		if to.To[0] == 12 {
			near++
		}
	}
	if len(targets) > 2*wire.MaxRoutes || near != wire.MaxRoutes {
		t.Errorf("%d are kept, %d of them over the shorter way", len(targets), near)
	}
	lost := 0
	for i := range 4 {
		for j := range wire.MaxRoutes {
			lost += len(x.Hear(liar, wire.Reach{Routes: []wire.Route{{To: Instance{12, byte(i), byte(j)}, Lost: true}}}, now))
		}
	}
	if lost != near {
		t.Errorf("%d of %d were lost", lost, near)
	}
}
