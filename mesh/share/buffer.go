package share

import (
	"slices"
	"sync"

	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// batch is how much is written at once, if there is so much: a piece, or many
// small ones.
const batch = tree.MinPiece

// The buffers that pieces are read into come in three sizes: a small file, a
// piece of most others, and what is larger, which is left to the collector.
const (
	smallBuffer = 16 << 10
	largeBuffer = batch + 16<<10 // with room for the frames about it
)

var (
	small = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	large = sync.Pool{New: func() any { return new([largeBuffer]byte) }}
)

// buffer returns n bytes, to be released.
func buffer(n int) []byte {
	switch {
	case n <= smallBuffer:
		return small.Get().(*[smallBuffer]byte)[:n]
	case n <= largeBuffer:
		return large.Get().(*[largeBuffer]byte)[:n]
	default:
		return make([]byte, n)
	}
}

// release takes a buffer back. Nobody uses it any more.
func release(b []byte) {
	switch cap(b) {
	case smallBuffer:
		small.Put((*[smallBuffer]byte)(b[:smallBuffer]))
	case largeBuffer:
		large.Put((*[largeBuffer]byte)(b[:largeBuffer]))
	}
}

// extend returns b with n more bytes, which may be anything.
func extend(b []byte, n int) []byte {
	if b == nil {
		b = buffer(largeBuffer)[:0]
	}
	return slices.Grow(b, n)[:len(b)+n]
}

// allowance bounds the bytes that have come and wait to be written to disk. One
// may always wait, however large it is.
type allowance struct {
	mu    sync.Mutex
	freed sync.Cond
	used  int
	over  bool
}

// maxArrived is how much of one transfer has come and is not on disk.
const maxArrived = 8 << 20

func newAllowance() *allowance {
	a := &allowance{}
	a.freed.L = &a.mu
	return a
}

// take waits until n more may wait; it is false when nothing is taken any more.
func (a *allowance) take(n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !a.over && a.used > 0 && a.used+n > maxArrived {
		a.freed.Wait()
	}
	a.used += n
	return !a.over
}

func (a *allowance) give(n int) {
	a.mu.Lock()
	a.used -= n
	a.mu.Unlock()
	a.freed.Broadcast()
}

// close ends the waiting.
func (a *allowance) close() {
	a.mu.Lock()
	a.over = true
	a.mu.Unlock()
	a.freed.Broadcast()
}
