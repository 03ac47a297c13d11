package tree

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"sync"

	"lukechampine.com/blake3/guts"
)

// Sizes of pieces, in bytes, and what doubles them.
const (
	MinPiece = 256 << 10
	MaxPiece = 4 << 20

	// manyPieces is how many pieces a file may have before they grow.
	manyPieces = 65536
)

// group is how many bytes are hashed at once: a chunk in each lane.
const group = guts.MaxSIMD * guts.ChunkSize

// Hash is the hash of a piece or of a file.
type Hash [32]byte

// Empty is the hash of an empty file.
var Empty = Sum(nil, 0, 0)

// String is the hash in hexadecimal, as b3sum prints it.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// PieceSize is how many bytes each piece of a file of that size has, but the
// last: from [MinPiece] to [MaxPiece].
func PieceSize(fileSize int64) int64 {
	size := int64(MinPiece)
	for size < MaxPiece && fileSize > manyPieces*size {
		size *= 2
	}
	return size
}

// Pieces is how many pieces a file of that size has.
func Pieces(fileSize int64) int64 {
	if fileSize <= 0 {
		return 0
	}
	return (fileSize-1)/PieceSize(fileSize) + 1
}

// Piece says where the piece of that index is in a file of that size: at most
// [MaxPiece] bytes. The index must be below [Pieces].
func Piece(fileSize, index int64) (offset int64, length int) {
	size := PieceSize(fileSize)
	offset = index * size
	return offset, int(min(size, fileSize-offset))
}

// Sum is the hash of the piece of that index, whose bytes p is, in a file of
// that size. It panics if p is not as long as the piece, which is a mistake of
// the caller's and would be a hash of nothing that exists.
func Sum(p []byte, fileSize, index int64) Hash {
	if fileSize == 0 && index == 0 && len(p) == 0 {
		return encode(root(guts.CompressChunk(nil, &guts.IV, 0, 0)))
	}
	offset, length := Piece(fileSize, index)
	if index < 0 || index >= Pieces(fileSize) || len(p) != length {
		panic(fmt.Sprintf("tree: piece %d of a file of %d bytes is not %d bytes", index, fileSize, len(p)))
	}
	n := subtree(p, uint64(offset/guts.ChunkSize))
	if fileSize <= MinPiece {
		n = root(n)
	}
	return encode(n)
}

// buffers holds what subtree copies to: on the stack it would be cleared each
// time, and make stacks grow.
var buffers = sync.Pool{New: func() any { return new([group]byte) }}

// subtree is the top node of the tree over p, which begins at the given chunk.
//
// Each group is copied before it is hashed. That seems a waste, but the lanes
// read sixteen places a chunk apart, which no prefetcher follows: with the copy
// bytes that are not in the cache are hashed nearly twice as fast, and others
// as fast as before. It also gives a last group the full length that guts reads.
func subtree(p []byte, chunk uint64) guts.Node {
	buf := buffers.Get().(*[group]byte)
	defer buffers.Put(buf)
	var s stack
	for len(p) > group {
		copy(buf[:], p[:group])
		s.push(guts.ChainingValue(guts.CompressBuffer(buf, group, &guts.IV, chunk, 0)))
		chunk += guts.MaxSIMD
		p = p[group:]
	}
	n := copy(buf[:], p)
	return s.fold(guts.CompressBuffer(buf, n, &guts.IV, chunk, 0))
}

// stack holds the subtrees that wait for their right sibling, at most one of
// each height. Bit i of filled says whether cvs[i] is one of them.
type stack struct {
	cvs    [48][8]uint32 // 2^48 leaves of 16 KiB are 2^62 bytes
	filled uint64        // also the number of leaves pushed
}

// push adds a leaf that is not the last.
func (s *stack) push(cv [8]uint32) {
	i := 0
	for ; s.filled>>i&1 != 0; i++ {
		cv = guts.ChainingValue(guts.ParentNode(s.cvs[i], cv, &guts.IV, 0))
	}
	s.cvs[i] = cv
	s.filled++
}

// fold is the top node when the last leaf is n.
func (s *stack) fold(n guts.Node) guts.Node {
	for rest := s.filled; rest != 0; rest &= rest - 1 {
		left := s.cvs[bits.TrailingZeros64(rest)]
		n = guts.ParentNode(left, guts.ChainingValue(n), &guts.IV, 0)
	}
	return n
}

// root marks a node as the top of the whole tree.
func root(n guts.Node) guts.Node {
	n.Flags |= guts.FlagRoot
	return n
}

func encode(n guts.Node) (h Hash) {
	for i, word := range guts.ChainingValue(n) {
		binary.LittleEndian.PutUint32(h[4*i:], word)
	}
	return h
}

func decode(h Hash) (cv [8]uint32) {
	for i := range cv {
		cv[i] = binary.LittleEndian.Uint32(h[4*i:])
	}
	return cv
}
