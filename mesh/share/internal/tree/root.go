package tree

import (
	"math/bits"

	"lukechampine.com/blake3/guts"
)

// Root is the BLAKE3 hash of a file of that size with pieces of those hashes.
// It is the zero Hash, which no file has, unless they are as many as [Pieces].
func Root(hashes []Hash, fileSize int64) Hash {
	var r Roots
	for _, h := range hashes {
		r.Add(h)
	}
	return r.Root(fileSize)
}

// Roots makes a file's hash of the hashes of its pieces as they come, in order,
// and keeps none of them. The zero Roots has seen none.
type Roots struct {
	stack stack
	last  Hash
	n     int64
}

// Add takes the hash of the next piece.
func (r *Roots) Add(h Hash) {
	if r.n > 0 {
		r.stack.push(decode(r.last)) // it was not the last
	}
	r.last = h
	r.n++
}

// Root is the hash of a file of that size, of which all pieces were added; see
// [Root].
func (r *Roots) Root(fileSize int64) Hash {
	if fileSize < 0 || r.n != Pieces(fileSize) {
		return Hash{}
	}
	switch r.n {
	case 0:
		return Empty
	case 1:
		return r.last
	}
	// What is known of the last piece is its chaining value, which is what
	// its parent holds: so the fold begins a step later.
	return encode(root(r.stack.foldValue(decode(r.last))))
}

// foldValue is fold for a last leaf of which only the chaining value is known,
// where there is another.
func (s *stack) foldValue(cv [8]uint32) guts.Node {
	var n guts.Node
	for rest := s.filled; rest != 0; rest &= rest - 1 {
		n = guts.ParentNode(s.cvs[bits.TrailingZeros64(rest)], cv, &guts.IV, 0)
		cv = guts.ChainingValue(n)
	}
	return n
}
