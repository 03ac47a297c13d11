package source

import (
	"context"
	"sync"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// file is what is known of a file of several pieces.
type file struct {
	unknown  int       // pieces whose hash is not known
	root     tree.Hash // once all are
	recalled bool      // the cache was asked
}

// hash is the hash of a piece of a file, if it is known.
func (s *Source) hash(number, entry int) (tree.Hash, bool) {
	s.mu.Lock()
	h := s.hashes[number]
	s.mu.Unlock()
	if h == (tree.Hash{}) && s.recall(entry) {
		s.mu.Lock()
		h = s.hashes[number]
		s.mu.Unlock()
	}
	return h, h != tree.Hash{}
}

// learn notes the hash of a piece.
func (s *Source) learn(number, entry int, h tree.Hash) error {
	s.mu.Lock()
	if known := s.hashes[number]; known != (tree.Hash{}) {
		s.mu.Unlock()
		if known != h {
			return hasChanged(s.m, entry, "was written to")
		}
		return nil
	}
	s.hashes[number] = h
	pieces := s.m.PiecesOf(entry)
	if pieces.Count == 1 {
		s.mu.Unlock()
		return nil
	}
	f := s.fileLocked(entry)
	f.unknown--
	if f.unknown > 0 {
		s.mu.Unlock()
		return nil
	}
	all := s.hashes[pieces.First:pieces.End()] // which are not written to again
	f.root = tree.Root(all, s.m.FileSize(entry))
	s.mu.Unlock()
	s.keep(entry, all)
	return nil
}

// fileLocked is what is known of a file of several pieces.
func (s *Source) fileLocked(entry int) *file {
	f := s.known[entry]
	if f == nil {
		f = &file{unknown: s.m.PiecesOf(entry).Count}
		s.known[entry] = f
	}
	return f
}

// KnownRoot is the root of a file, if it is known without reading any of it.
func (s *Source) KnownRoot(entry int) (tree.Hash, bool) {
	s.recall(entry)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch pieces := s.m.PiecesOf(entry); pieces.Count {
	case 0:
		return tree.Empty, s.m.Kind(entry) == manifest.File
	case 1:
		h := s.hashes[pieces.First]
		return h, h != tree.Hash{}
	default:
		f := s.fileLocked(entry)
		return f.root, f.unknown == 0
	}
}

// Root is the root of a file. What is not known of it is read and hashed.
func (s *Source) Root(ctx context.Context, entry int) (tree.Hash, error) {
	return s.root(ctx, entry, func() error { return nil })
}

// root is Root that calls wait before each piece that it reads.
func (s *Source) root(ctx context.Context, entry int, wait func() error) (tree.Hash, error) {
	if h, ok := s.KnownRoot(entry); ok {
		return h, nil
	}
	// Several who want the same root let one do it.
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return tree.Hash{}, context.Cause(ctx)
	}
	if err := s.hashRun(ctx, s.m.PiecesOf(entry), wait); err != nil {
		return tree.Hash{}, err
	}
	h, _ := s.KnownRoot(entry)
	return h, nil
}

// HashAhead makes the root of each file known in the order of the manifest, and
// calls found with it. It reads when nobody else does: as long as pieces are
// read by [Source.ReadPiece], their hashes come for nothing. Files that cannot
// be hashed are passed over. It returns when all is known, or ctx ends.
func (s *Source) HashAhead(ctx context.Context, found func(entry int, root tree.Hash)) error {
	for entry := range s.m.Len() {
		if s.m.Kind(entry) != manifest.File {
			continue
		}
		h, err := s.root(ctx, entry, func() error { return s.awaitQuiet(ctx) })
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			found(entry, h)
		}
	}
	return nil
}

// awaitQuiet waits until no piece is being read for anybody.
func (s *Source) awaitQuiet(ctx context.Context) error {
	for s.reading.Load() > 0 {
		select {
		case <-s.quiet:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return context.Cause(ctx)
}

// Hashes appends the hashes of the pieces of a run. What is not known of them is
// read and hashed.
func (s *Source) Hashes(ctx context.Context, run bits.Run, dst []tree.Hash) ([]tree.Hash, error) {
	if err := s.hashRun(ctx, run, func() error { return nil }); err != nil {
		return dst, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(dst, s.hashes[run.First:run.End()]...), nil
}

// bufferSize is that of most pieces.
const bufferSize = tree.MinPiece

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// hashRun makes the hashes of a run known.
func (s *Source) hashRun(ctx context.Context, run bits.Run, wait func() error) error {
	small := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(small)
	buf := small[:]
	for number := run.First; number < run.End(); number++ {
		p := s.m.Piece(number)
		if _, ok := s.hash(number, p.Entry); ok {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := wait(); err != nil {
			return err
		}
		if p.Length > len(buf) {
			buf = make([]byte, p.Length)
		}
		if _, _, err := s.read(number, buf); err != nil {
			return err
		}
	}
	return nil
}
