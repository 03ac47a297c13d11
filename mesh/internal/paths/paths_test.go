package paths

import (
	"flag"
	"testing"
	"time"
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
