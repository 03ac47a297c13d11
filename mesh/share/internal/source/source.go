package source

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// ErrChanged says that a file is no longer what it was when it was looked at.
var ErrChanged = errors.New("source: file has changed")

// Source is a content where it lies. Several goroutines may use it at once.
type Source struct {
	m       *manifest.Manifest
	disk    *disk   // where it lies,
	intake  *Intake // or what it comes by
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

func newSource(m *manifest.Manifest, d *disk, cache *Cache) *Source {
	s := &Source{
		m: m, disk: d,
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
	if s.disk != nil {
		s.disk.close()
	}
	s.cache.Load().trim()
}

// ReadPiece reads the piece of that number into buf, which must be long enough
// ([tree.MaxPiece] is), and returns it with its hash. It is hashed unless its
// hash is known. [ErrChanged] if the file is no longer what it was, [ErrAbsent] if
// it has not come yet; other errors are those of the file system, [fs.ErrNotExist]
// among them.
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

func (s *Source) readAt(entry int, buf []byte, offset int64) error {
	if s.intake != nil {
		return s.intake.readAt(entry, buf, offset)
	}
	return s.disk.readAt(entry, buf, offset)
}

// Coming reports whether it is a content whose bytes come later; what follows is
// about those, and all of others is there.
func (s *Source) Coming() bool { return s.intake != nil }

// Ready returns how many of the first pieces of a run are here, or will not come:
// reading one tells.
func (s *Source) Ready(run bits.Run) int {
	if s.intake == nil {
		return run.Count
	}
	return s.intake.ready(run)
}

// Next returns the first piece of a set that is Ready, or one that there is not.
func (s *Source) Next(of *bits.Set) int {
	if s.intake == nil {
		return of.Next(0)
	}
	return s.intake.next(of)
}

// Settled reports whether that is so of all of a file.
func (s *Source) Settled(entry int) bool { return s.intake == nil || s.intake.settled(entry) }

// Want takes in that somebody asks for any of it.
func (s *Source) Want() {
	if s.intake != nil {
		s.intake.want()
	}
}

// Watch has more called whenever more is Ready, until stop is called. It must not
// block, nor call the Source.
func (s *Source) Watch(more func()) (stop func()) {
	if s.intake == nil {
		return func() {}
	}
	return s.intake.watch(more)
}

func hasChanged(m *manifest.Manifest, entry int, how string) error {
	return fmt.Errorf("%w: %s %s", ErrChanged, m.Path(entry), how)
}
