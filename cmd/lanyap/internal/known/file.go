package known

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lockfile"
)

const (
	fileName = "known"

	// lockLimit is how long it is waited for other processes: none holds the file
	// for longer than writing it takes.
	lockLimit = 2 * time.Second
	lockEvery = 5 * time.Millisecond
)

// file is where people are kept.
type file struct{ dir string }

func (f file) path() string { return filepath.Join(f.dir, fileName) }

// stamp tells whether somebody has written the file since.
type stamp struct{ info fs.FileInfo } // nil: it is not there

func (f file) stamp() stamp {
	info, err := os.Stat(f.path())
	if err != nil {
		return stamp{}
	}
	return stamp{info}
}

func (s stamp) equal(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil
	}
	return os.SameFile(s.info, o.info) && s.info.Size() == o.info.Size() && s.info.ModTime().Equal(o.info.ModTime())
}

// read returns who is in the file. One that is not there is empty.
func (f file) read() (people []Person, damaged int, err error) {
	in, err := os.Open(f.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxFile))
	if err != nil {
		return nil, 0, err
	}
	return parsePeople(data)
}

// lock keeps other processes from changing the file until unlock.
func (f file) lock() (unlock func(), err error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, err
	}
	// The file itself gives way to another when it is written, and its lock with it.
	held, err := os.OpenFile(f.path()+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for until := time.Now().Add(lockLimit); ; time.Sleep(lockEvery) {
		err := lockfile.Try(held)
		if err == nil {
			return func() { held.Close() }, nil
		}
		if !errors.Is(err, lockfile.ErrHeld) || time.Now().After(until) {
			held.Close()
			return nil, fmt.Errorf("%s: %w", held.Name(), err)
		}
	}
}

// write replaces the file. It is on the disk before it takes the place of the old
// one: after a crash there is one of the two.
func (f file) write(people []Person) (err error) {
	data, err := appendPeople(nil, people)
	if err != nil {
		return err
	}
	out, err := os.CreateTemp(f.dir, fileName+".new-") // for its user alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			out.Close()
			_ = os.Remove(out.Name())
		}
	}()
	if _, err := out.Write(data); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(out.Name(), f.path())
}

// setAside copies a file that is damaged to another name, and returns that.
func (f file) setAside(now time.Time) (string, error) {
	in, err := os.Open(f.path())
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.CreateTemp(f.dir, fileName+".damaged-"+now.UTC().Format("20060102T150405")+"-") // for its user alone
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(out, io.LimitReader(in, maxFile)); err != nil {
		out.Close()
		_ = os.Remove(out.Name())
		return "", err
	}
	return out.Name(), out.Close()
}
