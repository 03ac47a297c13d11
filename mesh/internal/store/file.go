package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// What the database holds: the room under roomKey, and each entry under its
// number (8 bytes, big-endian) as the Unix time of its receipt in milliseconds
// (8 bytes, big-endian) and the frame.
var (
	metaBucket    = []byte("lanyap history")
	roomKey       = []byte("room")
	entriesBucket = []byte("entries v1")
)

const (
	numberLen = 8
	timeLen   = 8
	maxNumber = 1 << 62 // a larger one is not ours; this leaves room to count on
)

// file is the database. Its methods are for one goroutine at a time.
//
// bbolt panics where it finds a page that makes no sense, and reads through a
// memory map, where a file that was cut short is a fault. Both come out of the
// methods as ErrBroken. After that the database may hold locks of its own and
// is not touched again.
type file struct {
	db     *bbolt.DB
	handle *os.File // db's
	index  []record // what the file holds, oldest first
	junk   [][]byte // keys of what makes no sense, to be removed with the next write
	next   uint64   // number of the next entry
	dead   bool
}

// record is an entry without its frame.
type record struct {
	number   uint64
	received int64 // Unix milliseconds
	size     int   // of the frame
}

// guard calls do and returns its error, or ErrBroken if it panics or faults.
func (f *file) guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			f.dead = true
			err = fmt.Errorf("%w (%v)", ErrBroken, cause)
		}
	}()
	return do()
}

// write adds batch and removes what is beyond the bounds. Either all of that
// happens or nothing.
func (f *file) write(batch []Entry, at time.Time) error {
	if f.dead {
		return ErrBroken
	}
	now := at.UnixMilli()
	all := slices.Clone(f.index)
	for i, e := range batch {
		all = append(all, record{f.next + uint64(i), e.Received.UnixMilli(), len(e.Frame)})
	}
	keep := bound(all, now)
	if len(batch) == 0 && len(f.junk) == 0 && slices.Equal(keep, f.index) {
		return nil
	}
	err := f.guard(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error { return f.replace(tx.Bucket(entriesBucket), keep, batch) })
	})
	if err != nil {
		return err
	}
	f.index, f.junk = keep, nil
	f.next += uint64(len(batch))
	return nil
}

// replace makes b hold what keep says: what is in the file, and what of batch.
func (f *file) replace(b *bbolt.Bucket, keep []record, batch []Entry) error {
	kept := make(map[uint64]record, len(keep))
	for _, r := range keep {
		kept[r.number] = r
	}
	for _, key := range f.junk {
		if err := b.Delete(key); err != nil {
			return err
		}
	}
	for _, old := range f.index {
		r, ok := kept[old.number]
		var err error
		switch {
		case !ok:
			err = b.Delete(number(old.number))
		case r.received != old.received:
			frame := bytes.Clone(b.Get(number(r.number)))[timeLen:]
			err = b.Put(number(r.number), value(r.received, frame))
		}
		if err != nil {
			return err
		}
	}
	for i, e := range batch {
		r, ok := kept[f.next+uint64(i)]
		if !ok {
			continue
		}
		if err := b.Put(number(r.number), value(r.received, e.Frame)); err != nil {
			return err
		}
	}
	return nil
}

// read returns what the file holds within the bounds, which is all of it
// unless the last write failed.
func (f *file) read(at time.Time) ([]Entry, error) {
	if f.dead {
		return nil, ErrBroken
	}
	keep := bound(f.index, at.UnixMilli())
	entries := make([]Entry, 0, len(keep))
	err := f.guard(func() error {
		return f.db.View(func(tx *bbolt.Tx) error {
			b := tx.Bucket(entriesBucket)
			for _, r := range keep {
				frame := bytes.Clone(b.Get(number(r.number)))[timeLen:]
				entries = append(entries, Entry{time.UnixMilli(r.received), frame})
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

func (f *file) close() error {
	if f.dead || f.db == nil {
		return f.handle.Close() // which gives the lock free too
	}
	return f.guard(f.db.Close)
}

// bound returns those of all that a file may hold. What is from the future was
// received now.
func bound(all []record, now int64) []record {
	keep := make([]record, 0, min(len(all), MaxEntries))
	size := 0
	for _, r := range slices.Backward(all) {
		r.received = min(r.received, now)
		if now-r.received > MaxAge.Milliseconds() {
			continue
		}
		if len(keep) == MaxEntries || size+r.size > MaxBytes {
			break
		}
		size += r.size
		keep = append(keep, r)
	}
	slices.Reverse(keep)
	return keep
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func value(received int64, frame []byte) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, timeLen+len(frame)), uint64(received)), frame...)
}
