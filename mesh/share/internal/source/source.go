package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// ErrChanged says that a file is no longer what it was when it was looked at.
var ErrChanged = errors.New("source: file has changed")

// How much is kept open for the next piece.
const (
	openFiles   = 32
	openFolders = 32
)

// Source is a content where it lies. Several goroutines may use it at once.
type Source struct {
	m       *manifest.Manifest
	items   []item
	inodes  []uint64
	omitted []Omission
	cache   atomic.Pointer[Cache]
	since   time.Time // before anything was looked at

	files   pool[*os.File] // by entry
	folders pool[*os.Root] // by entry

	reading atomic.Int32  // how many ReadPieces are under way
	quiet   chan struct{} // is sent to when none is any more
	hashing chan struct{} // holds one while a file is hashed ahead

	mu     sync.Mutex  // guards what follows
	hashes []tree.Hash // of all pieces; zero if unknown
	known  map[int]*file
}

func newSource(m *manifest.Manifest, items []item, w *walker, cache *Cache) *Source {
	s := &Source{
		m: m, items: items, inodes: w.inodes, omitted: w.omitted, since: w.since,
		files:   pool[*os.File]{max: openFiles},
		folders: pool[*os.Root]{max: openFolders},
		quiet:   make(chan struct{}, 1),
		hashing: make(chan struct{}, 1),
		// Memory is only taken up by what is known of it.
		hashes: make([]tree.Hash, m.Pieces()),
		known:  map[int]*file{},
	}
	s.UseCache(cache)
	return s
}

// Manifest is what the content consists of.
func (s *Source) Manifest() *manifest.Manifest { return s.m }

// Omitted is what was left out, in the order in which it was found.
func (s *Source) Omitted() []Omission { return s.omitted }

// UseCache has the hashes of files kept in a cache, and recalled from it, from
// now on.
func (s *Source) UseCache(c *Cache) { s.cache.Store(c) }

// Close closes the files that are kept open, and notes in the cache what is
// known. The Source may be used on, and opens them again.
func (s *Source) Close() {
	s.files.close()
	s.folders.close()
	s.cache.Load().trim()
}

// ReadPiece reads the piece of that number into buf, which must be long enough
// ([tree.MaxPiece] is), and returns it with its hash. It is hashed unless its
// hash is known. [ErrChanged] if the file is no longer what it was; other errors
// are those of the file system, [fs.ErrNotExist] among them.
func (s *Source) ReadPiece(number int, buf []byte) ([]byte, tree.Hash, error) {
	s.reading.Add(1)
	defer func() {
		if s.reading.Add(-1) > 0 {
			return
		}
		select {
		case s.quiet <- struct{}{}:
		default:
		}
	}()
	return s.read(number, buf)
}

func (s *Source) read(number int, buf []byte) ([]byte, tree.Hash, error) {
	p := s.m.Piece(number)
	buf = buf[:p.Length]
	if err := s.readAt(p.Entry, buf, p.Offset); err != nil {
		return nil, tree.Hash{}, err
	}
	if h, ok := s.hash(number, p.Entry); ok {
		return buf, h, nil
	}
	h := tree.Sum(buf, s.m.FileSize(p.Entry), p.Index)
	return buf, h, s.learn(number, p.Entry, h)
}

// readAt fills buf with what a file has at an offset.
func (s *Source) readAt(entry int, buf []byte, offset int64) error {
	if s.m.PiecesOf(entry).Count == 1 { // nobody comes back for more
		f, err := s.open(entry)
		if err != nil {
			return err
		}
		defer f.Close()
		return s.readFrom(f, entry, buf, offset)
	}
	o, err := s.files.take(entry, func() (*os.File, error) { return s.open(entry) })
	if err != nil {
		return err
	}
	defer s.files.give(o)
	return s.readFrom(o.value, entry, buf, offset)
}

func (s *Source) readFrom(f *os.File, entry int, buf []byte, offset int64) error {
	_, err := f.ReadAt(buf, offset)
	// Looked at after it is read, so that no change before is missed.
	info, statErr := f.Stat()
	if statErr != nil {
		return statErr
	}
	if changed := s.same(entry, info); changed != nil {
		return changed
	}
	if errors.Is(err, io.EOF) {
		return s.changed(entry, "ends early")
	}
	return err
}

// same says whether a file is what it was when it was looked at.
func (s *Source) same(entry int, info fs.FileInfo) error {
	size, was := info.Size(), s.m.FileSize(entry)
	switch {
	case !info.Mode().IsRegular():
		return s.changed(entry, "is no file any more")
	case size != was:
		return s.changed(entry, fmt.Sprintf("has %d bytes, had %d", size, was))
	case changed(info) != s.m.Changed(entry):
		return s.changed(entry, "was written to")
	case inode(info) != s.inodes[entry]:
		return s.changed(entry, "was replaced")
	}
	return nil
}

func (s *Source) changed(entry int, how string) error {
	return fmt.Errorf("%w: %s %s", ErrChanged, s.m.Path(entry), how)
}

// changed is when a file was written to, as manifests have it.
func changed(info fs.FileInfo) int64 { return info.ModTime().UnixNano() }

// open opens a file and, unless it is an item, the folder that it is in.
func (s *Source) open(entry int) (*os.File, error) {
	parent := s.m.Parent(entry)
	if parent < 0 {
		return s.items[s.m.ItemOf(entry)].open()
	}
	folder, err := s.folders.take(parent, func() (*os.Root, error) { return s.openFolder(parent) })
	if err != nil {
		return nil, err
	}
	defer s.folders.give(folder)
	name := s.m.Name(entry)
	f, err := folder.value.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err == nil {
		return f, nil
	}
	if info, e := folder.value.Lstat(name); e == nil && !info.Mode().IsRegular() {
		return nil, s.changed(entry, "is no file any more") // a link that leaves, say
	}
	return nil, err
}

// openFolder opens a folder of an item.
func (s *Source) openFolder(entry int) (*os.Root, error) {
	index := s.m.ItemOf(entry)
	root, err := s.items[index].openRoot()
	if err != nil || s.m.Parent(entry) < 0 {
		return root, err
	}
	defer root.Close()
	within := s.m.Path(entry)[len(s.items[index].name)+1:]
	return root.OpenRoot(within)
}
