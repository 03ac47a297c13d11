package landing_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
)

func TestDestinationThatIsNone(t *testing.T) {
	p, c := newPlace(t), sample(t)
	file := filepath.Join(p.Dir, "file")
	fill(t, p.Dir, map[string][]byte{"file": nil})
	for path, cause := range map[string]error{
		filepath.Join(p.Dir, "missing"): fs.ErrNotExist,
		file:                            nil,
		filepath.Join(file, "further"):  nil,
	} {
		at := place{p.Options}
		at.Dir = path
		_, err := landing.Open(c.Manifest, at.Options)
		var where *landing.Error
		if !errors.Is(err, landing.ErrDestination) || !errors.As(err, &where) || where.Path != path {
			t.Errorf("receiving into %s: %v", path, err)
		}
		if cause != nil && !errors.Is(err, cause) {
			t.Errorf("receiving into %s: %v, want %v in it", path, err, cause)
		}
	}
	p.wantNothingLeftInState(t)
}

func TestDestinationThatWeMayNotWriteTo(t *testing.T) {
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("the user that we are may write to every directory")
	}
	p, c := newPlace(t), sample(t)
	if err := os.Chmod(p.Dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := landing.Open(c.Manifest, p.Options)
	if !errors.Is(err, landing.ErrReadOnly) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a directory that is read-only: %v", err)
	}
	p.wantNothingLeft(t)
}

func TestErrorsSayWhereAndWhat(t *testing.T) {
	err := &landing.Error{Path: "/a/b", Kind: landing.ErrNoSpace, Cause: fs.ErrInvalid}
	if got, want := err.Error(), "landing: /a/b: no space left on the disk (invalid argument)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !errors.Is(err, landing.ErrNoSpace) || !errors.Is(err, fs.ErrInvalid) {
		t.Error("it is neither its kind nor its cause")
	}
}

func TestManyFilesCostLittleMemory(t *testing.T) {
	const files = 100_000
	p, c := newPlace(t), many(t, files, 1)
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := used()
	l := p.open(t, c)
	const some = 3000
	c.write(t, l, numbered(some)...)
	after := used()
	// A byte and some bits an entry, and what waits for the journal.
	if grown := int64(after) - int64(before); grown > 2<<20 {
		t.Errorf("it takes %d bytes for %d files", grown, files)
	}
	if l.Have().Count() != some {
		t.Error("not all has come")
	}
	if err := l.Remove(); err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(c)
}
