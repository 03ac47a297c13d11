package memory

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// floor is how large the heap may get before anything is collected, in bytes.
	// Most programs never get there before they have met everybody.
	floor = 16 << 20

	// usual is the runtime's own measure, in percent of what is in use: above the
	// floor it counts.
	usual = 100

	// first makes the runtime begin at the floor: it takes 4 MiB for a heap that
	// it knows nothing of, times this over 100.
	first = floor / (4 << 20) * 100
)

// Spare spares the collector a heap that is small, unless GOGC says something
// else. A limit on memory goes first: near it there is less. It is called once.
func Spare() {
	if _, told := os.LookupEnv("GOGC"); told {
		return
	}
	debug.SetGCPercent(first)
	afterCollection(first)
}

// afterCollection sets anew, after each collection, how much may gather until
// the next. percent is what is set now.
func afterCollection(percent int) {
	// It is found unused by the next collection. It is too large for the blocks
	// in which the runtime keeps several small things alive together.
	sentinel := new([4]uint64)
	runtime.AddCleanup(sentinel, func(percent int) {
		next := allowance(inUse())
		// Setting it stops everything for a moment, so a little is let pass.
		if next < percent*9/10 || next > percent*11/10 {
			debug.SetGCPercent(next)
			percent = next
		}
		afterCollection(percent)
	}, percent)
}

// allowance returns how much garbage may gather, in percent of the bytes in use.
func allowance(live uint64) int {
	if live == 0 {
		return first
	}
	return int(min(max(100*floor/live, usual+100)-100, first))
}

// inUse returns how many bytes the last collection found in use.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return floor // a later runtime may not tell
	}
	return sample[0].Value.Uint64()
}
