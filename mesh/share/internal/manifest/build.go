package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// Why there is no manifest of something.
var (
	ErrTooLarge  = errors.New("manifest: too large")
	ErrMalformed = errors.New("manifest: malformed")
	ErrTwice     = errors.New("manifest: two of one name")
	ErrEmpty     = errors.New("manifest: nothing in it")
)

// Builder makes a manifest of entries as they come. The zero Builder has none.
type Builder struct {
	m       Manifest
	open    []uint32 // the last entry of each depth: its folders, and itself
	path    []byte   // of the last entry
	ends    []int    // of each part of path
	pending int      // bytes of the encoding, without the number of entries
}

// Add adds an entry. It must come behind all others in the order of the package
// doc, in a folder that was added. Errors: [ErrTwice], [ErrTooLarge],
// [ErrMalformed] for what is out of order or has a negative size, and
// [*NameError]. After any of them the manifest is as it was before.
func (b *Builder) Add(e Entry) error {
	depth := strings.Count(e.Path, "/")
	name := e.Path
	if depth > 0 {
		at := strings.LastIndexByte(e.Path, '/')
		if depth > len(b.ends) || string(b.path[:b.ends[depth-1]]) != e.Path[:at] {
			return fmt.Errorf("%w: the folder of %q does not come before it", ErrMalformed, e.Path)
		}
		name = e.Path[at+1:]
	}
	n := node{size: e.Size, changed: e.Changed}
	switch {
	case e.Kind == Folder:
		n = node{kind: kindFolder}
	case e.Executable:
		n.kind = kindExecutable
	}
	return b.add(depth, []byte(name), n)
}

// add is Add for a depth and a name; it fills in the rest of the node.
func (b *Builder) add(depth int, name []byte, n node) error {
	if err := b.check(depth, name, n); err != nil {
		return err
	}
	m := &b.m
	index := uint32(len(m.nodes))
	n.parent = none
	if depth > 0 {
		n.parent = b.open[depth-1]
	}
	n.name, n.length = uint32(len(m.names)), uint8(len(name))
	n.piece = uint32(m.pieces)
	if depth == 0 {
		m.items = append(m.items, index)
	}
	m.nodes = append(m.nodes, n)
	m.names = append(m.names, name...)
	m.pieces += int(tree.Pieces(n.size))
	m.size += n.size
	if n.is() == File {
		m.files++
	}
	b.pending += encodedSize(depth, &n)
	b.enter(depth, name, index)
	return nil
}

// enter notes the last entry and the folders it is in.
func (b *Builder) enter(depth int, name []byte, index uint32) {
	keep := 0
	if depth > 0 {
		keep = b.ends[depth-1]
	}
	b.path = b.path[:keep]
	if depth > 0 {
		b.path = append(b.path, '/')
	}
	b.path = append(b.path, name...)
	b.ends = append(b.ends[:depth], len(b.path))
	b.open = append(b.open[:depth], index)
}

// check says whether an entry may come next.
func (b *Builder) check(depth int, name []byte, n node) error {
	m := &b.m
	if err := checkName(name); err != nil {
		return err
	}
	if depth > len(b.open) || depth == len(b.open) && depth > 0 && m.Kind(len(m.nodes)-1) != Folder {
		return fmt.Errorf("%w: %q is in no folder", ErrMalformed, name)
	}
	if depth > MaxDepth {
		return &NameError{Name: string(name), Reason: "is in too many folders"}
	}
	if depth > 0 && b.ends[depth-1]+1+len(name) > MaxPath {
		return &NameError{Name: string(name), Reason: "has a path that is too long"}
	}
	if depth < len(b.open) {
		switch order := bytes.Compare(m.name(int(b.open[depth])), name); {
		case order == 0:
			return fmt.Errorf("%w: %q", ErrTwice, name)
		case order > 0:
			return fmt.Errorf("%w: %q is out of order", ErrMalformed, name)
		}
	}
	if n.size < 0 {
		return fmt.Errorf("%w: %q has a negative size", ErrMalformed, name)
	}
	return b.fits(name, n, depth)
}

// fits says whether an entry is within the bounds.
func (b *Builder) fits(name []byte, n node, depth int) error {
	n.length = uint8(len(name))
	switch {
	case len(b.m.nodes) >= MaxEntries:
		return fmt.Errorf("%w: more than %d files and folders", ErrTooLarge, MaxEntries)
	case tree.Pieces(n.size) > int64(MaxPieces-b.m.pieces):
		return fmt.Errorf("%w: more than %d pieces, with the %d bytes of %q", ErrTooLarge, MaxPieces, n.size, name)
	case b.pending+encodedSize(depth, &n) > MaxSize-maxHeader:
		return fmt.Errorf("%w: names of more than %d bytes", ErrTooLarge, MaxSize)
	}
	return nil
}

// Manifest returns the manifest of what was added, or [ErrEmpty]. The Builder
// must not be used again.
func (b *Builder) Manifest() (*Manifest, error) {
	m := &b.m
	if len(m.nodes) == 0 {
		return nil, ErrEmpty
	}
	m.length = headerSize(len(m.nodes)) + b.pending
	m.key = m.sum()
	return m, nil
}

// New returns the manifest of entries that come in any order. Folders that
// others are in may be missing, and are added.
func New(entries ...Entry) (*Manifest, error) {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return compare(a.Path, b.Path) })
	var b Builder
	for _, e := range sorted {
		for i, c := range []byte(e.Path) {
			if c != '/' || b.has(e.Path[:i]) {
				continue
			}
			if err := b.Add(Entry{Path: e.Path[:i], Kind: Folder}); err != nil {
				return nil, err
			}
		}
		if err := b.Add(e); err != nil {
			return nil, err
		}
	}
	return b.Manifest()
}

// has says whether path is the last entry or a folder that it is in.
func (b *Builder) has(path string) bool {
	depth := strings.Count(path, "/")
	return depth < len(b.ends) && string(b.path[:b.ends[depth]]) == path
}

// compare orders paths as they come in a manifest: part by part.
func compare(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == b[i]:
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		default:
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}
