package tree_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
	"lukechampine.com/blake3/guts"

	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// random is n bytes that are the same each time.
func random(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return p
}

// hashes is the hash of each piece of a file.
func hashes(file []byte) []tree.Hash {
	size := int64(len(file))
	all := make([]tree.Hash, tree.Pieces(size))
	for i := range all {
		offset, n := tree.Piece(size, int64(i))
		all[i] = tree.Sum(file[offset:offset+int64(n)], size, int64(i))
	}
	return all
}

func TestRootIsPlainBLAKE3(t *testing.T) {
	const p = tree.MinPiece
	sizes := []int{0, 1, 63, 64, 65, 1023, 1024, 1025, 2047, 2048, 2049, 3 << 10, 4 << 10, 5000,
		16<<10 - 1, 16 << 10, 16<<10 + 1, 17 << 10, 17<<10 + 1, 33<<10 + 5, 100_000}
	for _, pieces := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31} {
		for _, more := range []int{-1025, -1024, -1023, -1, 0, 1, 1023, 1024, 1025, 16 << 10, 16<<10 + 1} {
			sizes = append(sizes, pieces*p+more)
		}
	}
	file := random(32 * p)
	for _, size := range sizes {
		want := tree.Hash(blake3.Sum256(file[:size]))
		all := hashes(file[:size])
		if got := tree.Root(all, int64(size)); got != want {
			t.Errorf("root of %d bytes is %v, want %v", size, got, want)
		}
		if len(all) == 1 && all[0] != want {
			t.Errorf("the hash of the only piece, of %d bytes, is %v, want the file's %v", size, all[0], want)
		}
	}
}

// Files of larger pieces have more bytes than a test can hash: a piece of twice
// the size is what two pieces add up to, and so is the rest of the tree.
func TestLargerPieces(t *testing.T) {
	const size = 65536*tree.MinPiece + 5
	piece := random(2 * tree.MinPiece)
	left := tree.Sum(piece[:tree.MinPiece], 4*tree.MinPiece, 0)
	right := tree.Sum(piece[tree.MinPiece:], 4*tree.MinPiece, 1)
	if got, want := tree.Sum(piece, size, 0), parent(left, right, 0); got != want {
		t.Errorf("a piece of 512 KiB is %v, want what its halves add up to, %v", got, want)
	}
	if tree.Sum(piece, size, 0) == tree.Sum(piece, size, 1) {
		t.Error("a piece has the same hash in another place")
	}
}

func TestRootOfManyPieces(t *testing.T) {
	for _, n := range []int{2, 3, 4, 5, 63, 64, 65, 1000, 4095, 65536} {
		all := make([]tree.Hash, n)
		for i := range all {
			binary.BigEndian.PutUint32(all[i][:], uint32(i))
		}
		want := subtree(all, guts.FlagRoot)
		if got := tree.Root(all, int64(n)*tree.MinPiece-7); got != want {
			t.Errorf("root of %d pieces is %v, want %v", n, got, want)
		}
	}
}

// subtree is the tree's definition: the left side is the largest power of two
// that leaves something to the right (BLAKE3 specification, section 2.1).
func subtree(all []tree.Hash, flags uint32) tree.Hash {
	if len(all) == 1 {
		return all[0]
	}
	left := 1 << (bits.Len(uint(len(all)-1)) - 1)
	return parent(subtree(all[:left], 0), subtree(all[left:], 0), flags)
}

func parent(left, right tree.Hash, flags uint32) (h tree.Hash) {
	var cvs [2][8]uint32
	for i, side := range []tree.Hash{left, right} {
		for w := range cvs[i] {
			cvs[i][w] = binary.LittleEndian.Uint32(side[4*w:])
		}
	}
	n := guts.ParentNode(cvs[0], cvs[1], &guts.IV, flags)
	for w, word := range guts.ChainingValue(n) {
		binary.LittleEndian.PutUint32(h[4*w:], word)
	}
	return h
}

func TestPieces(t *testing.T) {
	const least, most = tree.MinPiece, tree.MaxPiece
	tests := []struct {
		size, piece, pieces int64
	}{
		{0, least, 0},
		{1, least, 1},
		{least, least, 1},
		{least + 1, least, 2},
		{65536 * least, least, 65536},
		{65536*least + 1, 2 * least, 32769},
		{65536 * 2 * least, 2 * least, 65536},
		{65536*2*least + 1, 4 * least, 32769},
		{65536 * most, most, 65536},
		{65536*most + 1, most, 65537},
		{math.MaxInt64 - 1, most, 1 << 41},
		{math.MaxInt64, most, 1 << 41},
		{-1, least, 0},
		{math.MinInt64, least, 0},
	}
	for _, tt := range tests {
		if got := tree.PieceSize(tt.size); got != tt.piece {
			t.Errorf("pieces of a file of %d bytes have %d bytes, want %d", tt.size, got, tt.piece)
		}
		if got := tree.Pieces(tt.size); got != tt.pieces {
			t.Errorf("a file of %d bytes has %d pieces, want %d", tt.size, got, tt.pieces)
		}
		if tt.pieces == 0 {
			continue
		}
		offset, n := tree.Piece(tt.size, tt.pieces-1)
		if n < 1 || n > most || offset+int64(n) != tt.size {
			t.Errorf("the last piece of a file of %d bytes is %d bytes at %d", tt.size, n, offset)
		}
	}
}

func TestRootOfTooFewOrTooMany(t *testing.T) {
	const size = 3 * tree.MinPiece
	for _, n := range []int{0, 1, 2, 4} {
		if got := tree.Root(make([]tree.Hash, n), size); got != (tree.Hash{}) {
			t.Errorf("%d hashes for 3 pieces have the root %v, want none", n, got)
		}
	}
	if got := tree.Root(nil, -1); got != (tree.Hash{}) {
		t.Errorf("a file of -1 bytes has the root %v", got)
	}
}

func TestSumOfWhatIsNoPiece(t *testing.T) {
	tests := []struct {
		name        string
		bytes       int
		size, index int64
	}{
		{"too short", 9, 10, 0},
		{"too long", 11, 10, 0},
		{"no such index", 10, 10, 1},
		{"negative index", 10, 10, -1},
		{"of an empty file", 1, 0, 0},
		{"of a negative size", 0, -1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			tree.Sum(make([]byte, tt.bytes), tt.size, tt.index)
		})
	}
}

// What lies behind a piece in a buffer that is used again has no part in it.
func TestSumReadsOnlyItsBytes(t *testing.T) {
	for _, n := range []int{1, 1000, 1500, 4096, 16<<10 + 700} {
		a, b := random(64<<10), make([]byte, 64<<10)
		copy(b, a[:n])
		if tree.Sum(a[:n], int64(n), 0) != tree.Sum(b[:n], int64(n), 0) {
			t.Errorf("the hash of %d bytes depends on those behind them", n)
		}
	}
}

func TestSumAllocatesNothing(t *testing.T) {
	p := random(tree.MinPiece)
	if n := testing.AllocsPerRun(100, func() { tree.Sum(p, 2*tree.MinPiece, 1) }); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSum(b *testing.B) {
	p := random(64 << 20) // more than caches hold
	for _, size := range []int64{4 << 10, 16 << 10, 256 << 10, 4 << 20} {
		file := max(size, size/tree.MinPiece*(65536*tree.MinPiece)) // of several pieces, where they are full
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(size)
			offset := int64(0)
			for b.Loop() {
				tree.Sum(p[offset:offset+size], file, 0)
				offset = (offset + size) % int64(len(p))
			}
		})
	}
}
