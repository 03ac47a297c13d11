//go:build !js

package store

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/lanyap/lanyap/peer/logger"
)

const (
	batchDelay = 200 * time.Millisecond // each batch costs two waits for the disk
	batchSize  = 256
	retryDelay = 5 * time.Second  // after a write that failed
	trimEvery  = 10 * time.Minute // so that a quiet room's history ends too
)

// Store is an open file. Its methods may be called from several goroutines.
type Store struct {
	path string
	Options
	file  *file              // the goroutine's alone
	err   error              // of the last write; the goroutine's until done is closed
	wake  chan struct{}      // one token: the queue is no longer empty, or full enough
	loads chan chan<- loaded // who wants to know what the file holds
	stop  chan struct{}
	done  chan struct{}
	once  sync.Once // closes stop

	mu    sync.Mutex // guards what follows
	queue []Entry    // to be written, oldest first
	bytes int        // of their frames
}

type loaded struct {
	entries []Entry
	err     error
}

// Open opens the history of room in the file path, and makes the file if it is
// not there. The room may be any text that names one.
func Open(path, room string, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = logger.Discard()
	}
	if o.Author == nil {
		o.Author = func([]byte) [32]byte { return [32]byte{} }
	}
	if o.Changed == nil {
		o.Changed = func(error) {}
	}
	f, err := openFile(path, room, o.Author)
	if err != nil {
		return nil, fmt.Errorf("history file %s: %w", path, err)
	}
	s := &Store{
		path:    path,
		Options: o,
		file:    f,
		wake:    make(chan struct{}, 1),
		loads:   make(chan chan<- loaded),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	f.dating.opened = time.Now()
	f.dating.look(s.clocks())
	go s.run()
	return s, nil
}

func (s *Store) clocks() clocks {
	c := clocks{now: time.Now()}
	c.wall = c.now.Round(0)
	if s.Wall != nil {
		c.wall = s.Wall()
	}
	return c
}

// Load returns what the file holds, what was added before included, oldest
// first. It waits for the disk.
func (s *Store) Load() ([]Entry, error) {
	reply := make(chan loaded, 1)
	select {
	case s.loads <- reply:
		got := <-reply
		return got.entries, s.about(got.err)
	case <-s.done:
		return nil, s.about(fs.ErrClosed)
	}
}

// Add adds e as the newest entry. It does not wait. After Close it does
// nothing, nor for a frame that would fill the file alone.
func (s *Store) Add(e Entry) {
	if len(e.Frame) > MaxBytes {
		return
	}
	s.mu.Lock()
	s.queue = append(s.queue, e)
	s.bytes += len(e.Frame)
	s.boundLocked()
	n := len(s.queue)
	s.mu.Unlock()
	if n != 1 && n < batchSize {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Close writes what waits and gives the file free. It returns the error of the
// last write, if that failed. Further calls return the same.
func (s *Store) Close() error {
	s.once.Do(func() { close(s.stop) })
	<-s.done
	return s.about(s.err)
}

func (s *Store) about(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("history file %s: %w", s.path, err)
}

// boundLocked drops what waits beyond the bounds of the file.
func (s *Store) boundLocked() {
	if len(s.queue) <= MaxEntries && s.bytes <= MaxBytes {
		return
	}
	all := make([]record, len(s.queue))
	for i, e := range s.queue {
		all[i] = record{number: uint64(i), size: len(e.Frame), owner: e.Owner}
	}
	queue := make([]Entry, 0, len(s.queue))
	s.bytes = 0
	for _, r := range bound(all) {
		queue = append(queue, s.queue[r.number])
		s.bytes += r.size
	}
	s.queue = queue
}

func (s *Store) take() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := s.queue
	s.queue, s.bytes = nil, 0
	return batch
}

// giveBack puts a batch that could not be written before what came since.
func (s *Store) giveBack(batch []Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range batch {
		s.bytes += len(e.Frame)
	}
	s.queue = slices.Concat(batch, s.queue)
	s.boundLocked()
}

func (s *Store) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

// run owns the file.
func (s *Store) run() {
	defer close(s.done)
	trim := time.NewTicker(trimEvery)
	defer trim.Stop()
	var due <-chan time.Time // when what waits is to be written; nil: nothing waits
	for {
		select {
		case <-s.wake:
			switch {
			case s.err == nil && s.waiting() >= batchSize:
				due = s.write(false)
			case due == nil:
				due = time.After(batchDelay)
			}
		case <-due:
			due = s.write(false)
		case <-trim.C:
			due = s.write(true)
		case reply := <-s.loads:
			due = s.write(false)
			entries, err := s.file.read(s.clocks())
			reply <- loaded{entries, err}
		case <-s.stop:
			s.write(true)
			if err := s.file.close(); s.err == nil {
				s.err = err
			}
			return
		}
	}
}

// write writes what waits, and returns when to try again if that failed. ages
// is as in [file.write].
func (s *Store) write(ages bool) <-chan time.Time {
	batch := s.take()
	failed := s.err != nil
	s.err = s.file.write(batch, s.clocks(), ages)
	if failed != (s.err != nil) {
		s.Changed(s.about(s.err))
	}
	switch {
	case s.err == nil && failed:
		s.Log.Info("history is kept again", "file", s.path)
	case s.err == nil:
	case s.file.dead:
		if !failed {
			s.Log.Error("history is kept no longer: its file is broken", "file", s.path, "err", s.err)
		}
		return nil
	default:
		if !failed {
			s.Log.Warn("history cannot be kept for now", "file", s.path, "err", s.err)
		}
		s.giveBack(batch)
		return time.After(retryDelay)
	}
	return nil
}
