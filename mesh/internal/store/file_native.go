//go:build !js

package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"go.etcd.io/bbolt"
)

// What the database holds: the room under roomKey, and each entry under its
// number (8 bytes, big-endian) as the Unix time of its receipt in milliseconds
// (8 bytes, big-endian) and the frame. Where that time cannot be right, the age
// that the entry had at least when it was last looked at, in milliseconds, is
// under the same number in a bucket of its own.
var (
	metaBucket    = []byte("lanyap history")
	roomKey       = []byte("room")
	entriesBucket = []byte("entries v2")
	agesBucket    = []byte("ages v2")
)

// entriesPrefix is what the buckets of entries of all versions begin with. In v1
// messages carried neither a digest nor a topic.
const entriesPrefix = "entries v"

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
	dating dating
	junk   [][]byte // keys of what makes no sense, to be removed with the next write
	next   uint64   // number of the next entry
	dead   bool
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
// happens or nothing. ages says that those ages are written too that stamps do
// not tell.
func (f *file) write(batch []Entry, c clocks, ages bool) error {
	if f.dead {
		return ErrBroken
	}
	all := slices.Clone(f.index)
	for i, e := range batch {
		at := e.Received
		if at.After(c.now) {
			at = c.now
		}
		all = append(all, record{number: f.next + uint64(i), size: len(e.Frame), owner: e.Owner, own: true, at: at})
	}
	f.dating.date(all, c)
	keep := bound(all)
	ch := change{keep: keep, batch: batch, ages: make(map[uint64]int64)}
	for _, r := range keep {
		if ages && r.doubt {
			ch.ages[r.number] = c.now.Sub(r.at).Milliseconds()
		}
	}
	if len(batch) == 0 && len(f.junk) == 0 && len(ch.ages) == 0 && slices.EqualFunc(keep, f.index, sameStamp) {
		return nil
	}
	err := f.guard(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error { return f.apply(tx, ch) })
	})
	if err != nil {
		return err
	}
	f.index, f.junk = keep, nil
	f.next += uint64(len(batch))
	return nil
}

func sameStamp(a, b record) bool { return a.number == b.number && a.stamp == b.stamp }

// change is what a write does.
type change struct {
	keep  []record // what the file is to hold: of what is in it, and of batch
	batch []Entry
	ages  map[uint64]int64 // by number
}

func (f *file) apply(tx *bbolt.Tx, ch change) error {
	ages, err := tx.CreateBucketIfNotExists(agesBucket)
	if err != nil {
		return err
	}
	if err := f.replace(tx.Bucket(entriesBucket), ages, ch); err != nil {
		return err
	}
	for n, age := range ch.ages {
		if err := ages.Put(number(n), binary.BigEndian.AppendUint64(nil, uint64(age))); err != nil {
			return err
		}
	}
	return nil
}

// replace makes b hold what ch says.
func (f *file) replace(b, ages *bbolt.Bucket, ch change) error {
	kept := make(map[uint64]record, len(ch.keep))
	for _, r := range ch.keep {
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
			err = errors.Join(b.Delete(number(old.number)), ages.Delete(number(old.number)))
		case r.stamp != old.stamp:
			frame := bytes.Clone(b.Get(number(r.number)))[timeLen:]
			err = b.Put(number(r.number), value(r.stamp, frame))
		}
		if err != nil {
			return err
		}
	}
	for i, e := range ch.batch {
		r, ok := kept[f.next+uint64(i)]
		if !ok {
			continue
		}
		if err := b.Put(number(r.number), value(r.stamp, e.Frame)); err != nil {
			return err
		}
	}
	return nil
}

// read returns what the file holds within the bounds, which is all of it
// unless the last write failed or something seems too old.
func (f *file) read(c clocks) ([]Entry, error) {
	if f.dead {
		return nil, ErrBroken
	}
	f.dating.date(f.index, c)
	keep := bound(f.index)
	entries := make([]Entry, 0, len(keep))
	err := f.guard(func() error {
		return f.db.View(func(tx *bbolt.Tx) error {
			b := tx.Bucket(entriesBucket)
			for _, r := range keep {
				if r.old(c) {
					continue
				}
				frame := bytes.Clone(b.Get(number(r.number)))[timeLen:]
				entries = append(entries, Entry{Received: r.at, Frame: frame, Owner: r.owner})
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

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func value(stamp int64, frame []byte) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, timeLen+len(frame)), uint64(stamp)), frame...)
}
