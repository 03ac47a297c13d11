// Package spool keeps what a program has on disk only for as long as it runs: in a
// directory of its own that goes with [Dir.Close], and after a crash with the next
// start of any such program ([Sweep]).
//
// Each directory has a lock file that its process holds. The kernel lets go of it
// however the process ends, so nobody has to guess by a process number, which another
// may have by then, or which is another's in the next container.
package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lockfile"
)

const lockName = "lock"

// Dir is a directory that goes with its process.
type Dir struct {
	path string
	lock *os.File
}

// Place is where much may be kept for a while. Unless TMPDIR says so, that is not the
// folder of temporary files on Linux, which is in memory on many systems (Filesystem
// Hierarchy Standard, section 5.15).
func Place() string {
	const large = "/var/tmp"
	if info, err := os.Stat(large); runtime.GOOS == "linux" && os.Getenv("TMPDIR") == "" && err == nil && info.IsDir() {
		return large
	}
	return os.TempDir()
}

// New makes a directory in a place that nobody else can look into. Its name begins
// with prefix.
func New(place, prefix string) (d *Dir, err error) {
	// Who sweeps at this very moment may take the lock before us.
	for range 3 {
		if d, err = newDir(place, prefix); !errors.Is(err, lockfile.ErrHeld) {
			break
		}
	}
	return d, err
}

func newDir(place, prefix string) (*Dir, error) {
	path, file, err := begin(place, prefix)
	if err != nil {
		return nil, err
	}
	return hold(path, file)
}

// begin makes a directory with a lock file that nobody holds yet.
func begin(place, prefix string) (path string, file *os.File, err error) {
	if path, err = os.MkdirTemp(place, prefix); err != nil {
		return "", nil, fmt.Errorf("spool: %w", err)
	}
	if file, err = os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		_ = os.RemoveAll(path)
		return "", nil, fmt.Errorf("spool: %w", err)
	}
	return path, file, nil
}

// hold takes the lock of a directory that was begun. It says lockfile.ErrHeld if
// somebody sweeps it, or has swept it: the lock of a file that is gone is free.
func hold(path string, file *os.File) (*Dir, error) {
	err := lockfile.Try(file)
	if err == nil && !isAt(file, filepath.Join(path, lockName)) {
		err = lockfile.ErrHeld
	}
	if err == nil {
		return &Dir{path: path, lock: file}, nil
	}
	file.Close()
	_ = os.RemoveAll(path)
	return nil, fmt.Errorf("spool: %w", err)
}

// isAt reports whether an open file has that name.
func isAt(file *os.File, name string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(name)
	return err == nil && os.SameFile(opened, named)
}

// Path is where it is.
func (d *Dir) Path() string { return d.path }

// Close removes it with all that is in it.
func (d *Dir) Close() error {
	// A file that is open cannot be removed on Windows. In between somebody may take
	// the lock to remove the directory, which is what we are about to do.
	return errors.Join(d.lock.Close(), os.RemoveAll(d.path))
}

// Sweep removes the directories of that prefix in a place whose process is gone. Those
// of others, and those that are being made, are left alone.
func Sweep(place, prefix string) error {
	entries, err := os.ReadDir(place)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), prefix) {
			errs = append(errs, sweep(filepath.Join(place, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// sweep removes a directory if nobody holds its lock. One without a lock file is just
// being made, or removed. What is in it is not followed: os.RemoveAll follows no link,
// and the lock file is opened as what it is.
func sweep(path string) error {
	name := filepath.Join(path, lockName)
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return nil // another user's, maybe
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil
	}
	defer file.Close()
	if lockfile.Try(file) != nil {
		return nil
	}
	if runtime.GOOS == "windows" { // there it is not removed while it is open
		file.Close()
	}
	return os.RemoveAll(path) // with the lock: who has just made it gets no other
}
