package manifest

import (
	"sort"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// Bounds of a content.
const (
	MaxEntries = 1_000_000
	MaxSize    = 64 << 20 // bytes of the encoding
	MaxPieces  = 1 << 22  // 1 TiB, or 16 TiB in files of 256 GiB and more
	MaxName    = 255      // bytes of a name
	MaxPath    = 4096     // bytes of a path
	MaxDepth   = 255      // folders that an entry is in
)

// Kind is what an entry is.
type Kind uint8

// What an entry may be.
const (
	File Kind = iota
	Folder
)

// Entry is a file or a folder of a content.
type Entry struct {
	Path string // relative, its parts separated by slashes
	Kind Kind

	// Of a file.
	Size       int64 // bytes
	Executable bool  // by its owner
	Changed    int64 // nanoseconds since 1970 UTC; see [time.Unix]
}

// Item is what was sent as one: a file, or a folder and all that is in it.
type Item struct {
	Name  string
	Kind  Kind
	Size  int64    // bytes of its files
	Files int      // how many they are
	Entry bits.Run // its entries: the item itself, and what is in it
	Piece bits.Run // its pieces
}

// Piece is where a piece of a content is.
type Piece struct {
	Entry  int   // the file
	Index  int64 // of the piece in the file
	Offset int64 // of its first byte in the file
	Length int   // at most [tree.MaxPiece]
}

// Manifest is the entries of a content. It does not change, and may be used by
// several goroutines at once.
type Manifest struct {
	nodes  []node
	names  []byte
	items  []uint32 // index of each item's first entry
	files  int
	size   int64
	pieces int
	length int // of the encoding
	key    Key
}

// node is an entry in 32 bytes.
type node struct {
	size    int64
	changed int64
	name    uint32 // where it begins in names
	parent  uint32 // index of the folder, or none
	piece   uint32 // the number of its first, or of the next if it has none
	length  uint8  // of the name
	kind    uint8  // as encoded
}

const none = ^uint32(0)

// Key is the key of the content, by which everybody knows it.
func (m *Manifest) Key() Key { return m.key }

// Len is how many entries there are. Each has an index below that.
func (m *Manifest) Len() int { return len(m.nodes) }

// Files is how many of the entries are files.
func (m *Manifest) Files() int { return m.files }

// Size is the sum of all sizes, in bytes.
func (m *Manifest) Size() int64 { return m.size }

// Pieces is how many pieces all files have. Each has a number below that.
func (m *Manifest) Pieces() int { return m.pieces }

// Entry is the entry of that index. Its path is put together at each call.
func (m *Manifest) Entry(i int) Entry {
	n := &m.nodes[i]
	e := Entry{Path: m.Path(i), Kind: n.is(), Size: n.size, Changed: n.changed}
	e.Executable = n.kind == kindExecutable
	return e
}

// Kind is what the entry of that index is.
func (m *Manifest) Kind(i int) Kind { return m.nodes[i].is() }

// FileSize is the size of the entry of that index: zero for a folder.
func (m *Manifest) FileSize(i int) int64 { return m.nodes[i].size }

// Changed is when the entry of that index was changed: zero for a folder.
func (m *Manifest) Changed(i int) int64 { return m.nodes[i].changed }

// Parent is the index of the folder that an entry is in, or -1 of an item.
func (m *Manifest) Parent(i int) int {
	if p := m.nodes[i].parent; p != none {
		return int(p)
	}
	return -1
}

// Name is the last part of an entry's path.
func (m *Manifest) Name(i int) string { return string(m.name(i)) }

func (m *Manifest) name(i int) []byte {
	n := &m.nodes[i]
	return m.names[n.name:][:n.length]
}

// Path is the path of an entry.
func (m *Manifest) Path(i int) string {
	length := -1
	for at := uint32(i); at != none; at = m.nodes[at].parent {
		length += 1 + int(m.nodes[at].length)
	}
	path := make([]byte, length)
	for at := uint32(i); ; at = m.nodes[at].parent {
		length -= int(m.nodes[at].length)
		copy(path[length:], m.name(int(at)))
		if length == 0 {
			return string(path)
		}
		length--
		path[length] = '/'
	}
}

// Items is how many items there are.
func (m *Manifest) Items() int { return len(m.items) }

// Item is the item of that index. It counts what is in the item at each call.
func (m *Manifest) Item(i int) Item {
	first, end := int(m.items[i]), len(m.nodes)
	if i+1 < len(m.items) {
		end = int(m.items[i+1])
	}
	item := Item{
		Name:  m.Name(first),
		Kind:  m.Kind(first),
		Entry: bits.Run{First: first, Count: end - first},
		Piece: bits.Run{First: int(m.nodes[first].piece), Count: m.pieceOf(end) - m.pieceOf(first)},
	}
	for n := first; n < end; n++ {
		item.Size += m.nodes[n].size
		if m.Kind(n) == File {
			item.Files++
		}
	}
	return item
}

// ItemOf is the index of the item that an entry belongs to.
func (m *Manifest) ItemOf(entry int) int {
	return sort.Search(len(m.items), func(i int) bool { return int(m.items[i]) > entry }) - 1
}

// PiecesOf is the pieces of an entry: none of a folder or of an empty file.
func (m *Manifest) PiecesOf(entry int) bits.Run {
	first := m.pieceOf(entry)
	return bits.Run{First: first, Count: m.pieceOf(entry+1) - first}
}

// pieceOf is the number of the first piece of an entry, or of what is behind it.
func (m *Manifest) pieceOf(entry int) int {
	if entry == len(m.nodes) {
		return m.pieces
	}
	return int(m.nodes[entry].piece)
}

// Piece is where the piece of that number is.
func (m *Manifest) Piece(number int) Piece {
	// Entries without pieces before the file bear its number, too.
	entry := sort.Search(len(m.nodes), func(i int) bool { return int(m.nodes[i].piece) > number }) - 1
	n := &m.nodes[entry]
	p := Piece{Entry: entry, Index: int64(number) - int64(n.piece)}
	p.Offset, p.Length = tree.Piece(n.size, p.Index)
	return p
}

// Bytes is how many bytes the pieces of a run have, all of which must exist.
func (m *Manifest) Bytes(r bits.Run) int64 {
	var sum int64
	for r.Count > 0 {
		p := m.Piece(r.First)
		n := min(r.Count, m.pieceOf(p.Entry+1)-r.First) // of this file
		offset, length := tree.Piece(m.nodes[p.Entry].size, p.Index+int64(n)-1)
		sum += offset + int64(length) - p.Offset
		r = bits.Run{First: r.First + n, Count: r.Count - n}
	}
	return sum
}

// is what the encoded kind stands for.
func (n *node) is() Kind {
	if n.kind == kindFolder {
		return Folder
	}
	return File
}
