package picker

import (
	"encoding/binary"
	"sort"
)

const (
	// A block is what one receiver gets of the origin at a time for all. Short
	// ones are passed on sooner and shared out more evenly; of long ones fewer
	// frames are sent and the origin reads more at once. A thousand blocks are
	// enough for the former.
	minBlock = 256 << 10
	maxBlock = 4 << 20
	blocks   = 1024

	// maxCount is how many pieces a run has: more would not fit in an answer
	// that can be cancelled soon.
	maxCount = 1024
)

// grid is how a content is cut into blocks. It follows from the content alone, so
// all receivers have the same.
type grid struct {
	size   int64   // of most blocks, in bytes
	starts []int32 // the first piece of each, and the end of the last
}

func newGrid(pieces int, offset func(int) int64) grid {
	g := grid{
		size:   min(max(offset(pieces)/blocks, minBlock), maxBlock),
		starts: []int32{0},
	}
	for first := 0; first < pieces; {
		first = fit(offset, pieces, first, g.size)
		g.starts = append(g.starts, int32(first))
	}
	return g
}

func (g grid) len() int { return len(g.starts) - 1 }

// block is the one that a piece is in.
func (g grid) block(piece int) int {
	return sort.Search(g.len(), func(b int) bool { return int(g.starts[b+1]) > piece })
}

// fit returns the end of the longest run from first that is no longer than size
// in bytes and maxCount in pieces, but one piece at least.
func fit(offset func(int) int64, end, first int, size int64) int {
	begin := offset(first)
	most := min(end-first, maxCount)
	n := sort.Search(most, func(i int) bool { return offset(first+i+1)-begin > size })
	return first + max(n, 1)
}

// weight is how much a receiver has a claim to a block: the owner has the
// largest. It must be the same at all of them, now and later.
func weight(h Holder, block int) uint64 {
	x := binary.BigEndian.Uint64(h[:]) ^ uint64(block)*0x9e3779b97f4a7c15
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
