package source

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// ErrChanged says that a file is no longer what it was when it was looked at.
var ErrChanged = errors.New("source: file has changed")

// Source is a content where it lies. Several goroutines may use it at once.
type Source struct {
	m       *manifest.Manifest
	disk    *disk
	omitted []Omission
	cache   atomic.Pointer[Cache]
	since   time.Time // before anything was looked at

	reading atomic.Int32  // how many ReadPieces are under way
	quiet   chan struct{} // is sent to when none is any more
	hashing chan struct{} // holds one while a file is hashed ahead

	mu     sync.Mutex  // guards what follows
	hashes []tree.Hash // of all pieces; zero if unknown
	known  map[int]*file
}

func newSource(m *manifest.Manifest, items []item, w *walker, cache *Cache) *Source {
	s := &Source{
		m: m, disk: newDisk(m, items, w.inodes), omitted: w.omitted, since: w.since,
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
	s.disk.close()
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
	if err := s.disk.readAt(p.Entry, buf, p.Offset); err != nil {
		return nil, tree.Hash{}, err
	}
	if h, ok := s.hash(number, p.Entry); ok {
		return buf, h, nil
	}
	h := tree.Sum(buf, s.m.FileSize(p.Entry), p.Index)
	return buf, h, s.learn(number, p.Entry, h)
}

func hasChanged(m *manifest.Manifest, entry int, how string) error {
	return fmt.Errorf("%w: %s %s", ErrChanged, m.Path(entry), how)
}
