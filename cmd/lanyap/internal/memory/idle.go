package memory

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// What a flood of strangers, or a transfer, has made the heap grow to stays ours until
// the next collection, and a program to which nothing happens any more has none for
// two minutes, and then gives back little. So when it has been quiet for a while, all
// that is not in use goes back at once.
const (
	lookEvery = 30 * time.Second
	quiet     = floor / 4 // bytes that may be allocated meanwhile
	worth     = floor / 2 // bytes that are not in use, less than which stay
)

// Return gives memory back to the system whenever the program has been quiet for half
// a minute and has much that it does not use. A collection of all goes with it, at most
// one each half minute. It does not return.
func Return() {
	before := look()
	for range time.Tick(lookEvery) {
		now := look()
		if now.idle(before) {
			debug.FreeOSMemory()
			now = look()
		}
		before = now
	}
}

// heap is what the heap is like.
type heap struct {
	allocated uint64 // since the start of the program
	spare     uint64 // that are not in use and not given back
}

// idle reports whether it is time to give back, half a minute after before.
func (h heap) idle(before heap) bool {
	return h.allocated-before.allocated < quiet && h.spare >= worth
}

// look returns what the heap is like now; nothing is spare where the runtime does not
// tell.
func look() heap {
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"}, // with those that are garbage
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
	}
	metrics.Read(samples)
	var bytes [5]uint64
	for i, s := range samples {
		if s.Value.Kind() != metrics.KindUint64 {
			return heap{}
		}
		bytes[i] = s.Value.Uint64()
	}
	allocated, live, held := bytes[0], bytes[1], bytes[2]+bytes[3]+bytes[4]
	return heap{allocated: allocated, spare: held - min(live, held)}
}
