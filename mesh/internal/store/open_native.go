//go:build !js

package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Errors of Open, beside those of the operating system.
var (
	ErrRoom   = errors.New("it is the history of another room")
	ErrBroken = errors.New("it is broken, or no history")
	// ErrVersion is what a file is that another version of this program wrote.
	ErrVersion = errors.New("it was written by another version")
)

const (
	// lookTimeout is as good as none. claimTimeout outlasts the look of
	// another process that starts at the same time, so that one of the two
	// gets the file.
	lookTimeout  = time.Nanosecond
	claimTimeout = 250 * time.Millisecond

	// maxFile is far beyond what a history grows to.
	maxFile = 256 << 20
)

func openFile(path, room string, author func([]byte) [32]byte) (*file, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular(), info.Size() > maxFile:
		return nil, ErrBroken
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("it is open to other users (mode %04o)", info.Mode().Perm())
	case info.Size() > 0:
		if err := look(path, room, author); err != nil {
			return nil, err
		}
	}
	return claim(path, room, author)
}

// look reads all of a file without writing to it.
func look(path, room string, author func([]byte) [32]byte) error {
	f, err := openDB(path, &bbolt.Options{ReadOnly: true, Timeout: lookTimeout})
	if err != nil {
		return err
	}
	err = f.guard(func() error {
		return f.db.View(func(tx *bbolt.Tx) error { return f.survey(tx, room, author) })
	})
	return errors.Join(err, f.close())
}

// claim opens a file for writing, and makes it what it has to be.
func claim(path, room string, author func([]byte) [32]byte) (*file, error) {
	f, err := openDB(path, &bbolt.Options{Timeout: claimTimeout})
	if err != nil {
		return nil, err
	}
	err = f.guard(func() error {
		return f.db.View(func(tx *bbolt.Tx) error { return f.survey(tx, room, author) })
	})
	if err == nil && f.next == 0 {
		err = f.guard(func() error {
			return f.db.Update(func(tx *bbolt.Tx) error { return prepare(tx, room) })
		})
		f.next = 1
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func openDB(path string, options *bbolt.Options) (*file, error) {
	f := new(file)
	options.NoStatistics = true
	options.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		handle, err := os.OpenFile(name, flag, mode)
		f.handle = handle
		return handle, err
	}
	err := f.guard(func() (err error) {
		f.db, err = bbolt.Open(path, 0o600, options)
		return err
	})
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrHeld
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return nil, fmt.Errorf("%w (%w)", ErrBroken, err)
	case f.dead:
		_ = f.close()
	}
	return nil, err
}

// survey checks that the database is the history of room, reads all of it, and
// notes what is there. A database without anything in it, left by a process
// that was ended as it made it, leaves f.next at 0.
func (f *file) survey(tx *bbolt.Tx, room string, author func([]byte) [32]byte) error {
	meta, entries := tx.Bucket(metaBucket), tx.Bucket(entriesBucket)
	if meta == nil || entries == nil {
		if name, _ := tx.Cursor().Seek([]byte(entriesPrefix)); meta != nil && bytes.HasPrefix(name, []byte(entriesPrefix)) {
			return ErrVersion
		}
		if name, _ := tx.Cursor().First(); name != nil {
			return ErrBroken
		}
		return nil
	}
	if !bytes.Equal(meta.Get(roomKey), []byte(room)) {
		return ErrRoom
	}
	f.next = 1
	ages := tx.Bucket(agesBucket) // nil: none was ever in doubt
	return entries.ForEach(func(key, value []byte) error {
		value = bytes.Clone(value) // a page that cannot be read faults here
		if len(key) != numberLen || len(value) < timeLen || binary.BigEndian.Uint64(key) >= maxNumber {
			if value != nil { // nil: a bucket, which nobody but a stranger puts there
				f.junk = append(f.junk, bytes.Clone(key))
			}
			return nil
		}
		r := record{
			number: binary.BigEndian.Uint64(key),
			stamp:  int64(binary.BigEndian.Uint64(value)),
			floor:  floor(ages, key),
			size:   len(value) - timeLen,
			owner:  owner{Author: author(value[timeLen:])},
		}
		f.index = append(f.index, r)
		f.next = r.number + 1
		return nil
	})
}

func prepare(tx *bbolt.Tx, room string) error {
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	if _, err := tx.CreateBucketIfNotExists(entriesBucket); err != nil {
		return err
	}
	return meta.Put(roomKey, []byte(room))
}

// floor returns what the file says of the age of an entry.
func floor(ages *bbolt.Bucket, key []byte) int64 {
	if ages == nil {
		return 0
	}
	age := ages.Get(key)
	if len(age) != timeLen {
		return 0
	}
	return int64(min(binary.BigEndian.Uint64(age), uint64(2*MaxAge.Milliseconds())))
}
