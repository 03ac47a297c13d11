package landing_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// disk returns a directory on a disk of its own.
func disk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skip("no disk to fill here, mounting one takes root: " + err.Error())
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestHostileSizes(t *testing.T) {
	const huge = 8 << 40
	for name, entries := range map[string][]manifest.Entry{
		"one":  {{Path: "huge", Size: huge}},
		"some": {{Path: "folder", Kind: manifest.Folder}, {Path: "folder/small", Size: 5}, {Path: "huge", Size: huge}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			m, err := manifest.New(entries...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = landing.Open(m, p.Options); !errors.Is(err, landing.ErrNoSpace) {
				t.Errorf("more than the disk has: %v", err)
			}
			p.want(t, nil)
			p.wantNothingLeft(t)
		})
	}
	// What is larger than that has no manifest.
	if _, err := manifest.New(manifest.Entry{Path: "huge", Size: math.MaxInt64}); err == nil {
		t.Error("there is a manifest of 2^63 bytes")
	}
}

func TestDiskIsFull(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.Dir = disk(t, "size=4m")
	l := p.open(t, c)
	c.write(t, l, c.PiecesOf(c.entry(t, "slides/one")).First)
	// Others fill the disk meanwhile.
	filler := filepath.Join(p.Dir, "filler")
	_ = os.WriteFile(filler, make([]byte, 8<<20), 0o666)
	var full []int
	for _, i := range wanted(l) {
		data, hash := c.piece(i)
		err := l.WritePiece(i, hash, data)
		var where *landing.Error
		if !errors.Is(err, landing.ErrNoSpace) || !errors.As(err, &where) || !strings.HasPrefix(where.Path, p.Dir) {
			t.Fatalf("piece %d on a full disk: %v", i, err)
		}
		full = append(full, i)
	}
	if len(full) == 0 || l.Have().Count() != 1 {
		t.Errorf("%d pieces did not fit, %d are had", len(full), l.Have().Count())
	}
	l.Close()
	// Nothing has a final name, and it goes on when there is space.
	stage := filepath.Base(p.stage(t))
	for path := range read(t, p.Dir) {
		if path != "filler" && !strings.HasPrefix(path, stage) {
			t.Errorf("%s is there", path)
		}
	}
	if _, err := landing.Open(c.Manifest, p.Options); !errors.Is(err, landing.ErrNoSpace) {
		t.Errorf("going on without space: %v", err)
	}
	remove(t, filler)
	l = p.open(t, c)
	if l.Have().Count() != 1 {
		t.Error("what was there is gone")
	}
	c.finish(t, l)
	l.Close()
	p.want(t, c.data)
	p.wantNothingLeft(t)
}

func TestWhatIsThereNeedsNoSpace(t *testing.T) {
	p := newPlace(t)
	p.Dir = disk(t, "size=4m")
	c := send(t, map[string][]byte{"film": noise(1, 3<<20), "text.txt": []byte("hello")})
	fill(t, p.Dir, map[string][]byte{"film": c.data["film"]})
	l := p.open(t, c)
	if n := c.adopt(t, l); n != 1 {
		t.Errorf("%d files are the same, want 1", n)
	}
	wantNames(t, p, c.finish(t, l), "film, skipped", "text.txt")
	l.Close()
	p.want(t, c.data)
	p.wantNothingLeft(t)
}

// A large file is preallocated: that it does not fit is told with its first piece.
func TestDiskIsTooFullForAFileThatHasBegun(t *testing.T) {
	p := newPlace(t)
	p.Dir = disk(t, "size=8m")
	c := send(t, map[string][]byte{"film": noise(1, 4<<20)})
	l := p.open(t, c)
	if err := os.WriteFile(filepath.Join(p.Dir, "filler"), make([]byte, 5<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	data, hash := c.piece(0)
	if err := l.WritePiece(0, hash, data); !errors.Is(err, landing.ErrNoSpace) {
		t.Errorf("the first piece of a file that does not fit: %v", err)
	}
	l.Close()
	p.wantNothingLeft(t)
}

func TestStateDirectoryIsFull(t *testing.T) {
	p, c := newPlace(t), many(t, 2000, 10)
	p.State = disk(t, "size=256k")
	l := p.open(t, c)
	_ = os.WriteFile(filepath.Join(p.State, "filler"), make([]byte, 1<<20), 0o666)
	var err error
	for _, i := range wanted(l) {
		data, hash := c.piece(i)
		if err = l.WritePiece(i, hash, data); err != nil {
			break
		}
	}
	var where *landing.Error
	if !errors.Is(err, landing.ErrNoSpace) || !errors.As(err, &where) || !strings.HasPrefix(where.Path, p.State) {
		t.Errorf("no space in the state directory: %v", err)
	}
	if err := l.Remove(); err != nil {
		t.Error(err)
	}
	p.wantNothingLeft(t)
}

func TestDestinationIsReadOnly(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.Dir = disk(t, "size=4m")
	if err := unix.Mount("", p.Dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "size=4m"); err != nil {
		t.Fatal(err)
	}
	var where *landing.Error
	_, err := landing.Open(c.Manifest, p.Options)
	if !errors.Is(err, landing.ErrReadOnly) || !errors.As(err, &where) || where.Path != p.Dir {
		t.Errorf("a disk that may not be written to: %v", err)
	}
	p.wantNothingLeft(t)
}

func TestStateOnAnotherDisk(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.State = disk(t, "size=1m")
	p.receive(t, c)
	p.want(t, c.data)
	p.wantNothingLeft(t)
}

func TestPartialBeginsAnewOnAnotherDisk(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, 0, 1)
	l.Close()
	old := p.Dir
	p.Dir = disk(t, "size=8m")
	l = p.open(t, c)
	if n := l.Have().Count(); n != 0 {
		t.Errorf("%d pieces are had, of what is on another disk", n)
	}
	c.finish(t, l)
	l.Close()
	p.want(t, c.data)
	place{landing.Options{Dir: old}}.want(t, nil)
	p.wantNothingLeft(t)
}

// A folder that is a disk of its own is merged like any.
func TestFolderOnAnotherDisk(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.Conflict = landing.Overwrite
	fill(t, p.Dir, map[string][]byte{"slides/deep/": nil})
	at := filepath.Join(p.Dir, "slides/deep")
	if err := unix.Mount("tmpfs", at, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("mounting a disk takes root: " + err.Error())
	}
	defer unix.Unmount(at, 0)
	fill(t, at, map[string][]byte{"er/wide": []byte("mine")})
	p.receive(t, c)
	p.want(t, c.data)
	p.wantNothingLeft(t)
	if info := mustExist(t, filepath.Join(at, "er/wide")); !info.ModTime().Equal(changed) {
		t.Errorf("it was changed %v, want %v", info.ModTime(), changed)
	}
}

// limitVariable makes the test binary a process that may not write large files.
const limitVariable = "LANYAP_TEST_LANDING_LIMIT"

func TestFileIsTooLarge(t *testing.T) {
	if os.Getenv(limitVariable) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), limitVariable+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	const limit = 1 << 20
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
	p, c := newPlace(t), send(t, map[string][]byte{"film": noise(1, 2*limit), "text": []byte("text")})
	l := p.open(t, c)
	data, hash := c.piece(0)
	if err := l.WritePiece(0, hash, data); !errors.Is(err, landing.ErrTooLarge) {
		t.Errorf("a file of %d bytes where there may be %d: %v", 2*limit, limit, err)
	}
	i := c.PiecesOf(c.entry(t, "text")).First
	c.write(t, l, i) // others have no part in it
	if _, err := l.Finish(t.Context()); err != nil {
		t.Error(err)
	}
	l.Remove()
	p.want(t, map[string][]byte{"text": []byte("text")})
	p.wantNothingLeft(t)
}

func TestFewFilesAreOpen(t *testing.T) {
	p := newPlace(t)
	files := make(map[string][]byte)
	for i := range 100 {
		files[fmt.Sprintf("%d/%d/large", i, i)] = noise(uint64(i), tree.MinPiece+1)
	}
	c := send(t, files)
	l := p.open(t, c)
	most := 0
	for odd := range 2 {
		for i := odd; i < c.Pieces(); i += 2 {
			c.write(t, l, i)
			open, err := os.ReadDir("/proc/self/fd")
			if err != nil {
				t.Skip("nobody tells how many files are open: " + err.Error())
			}
			most = max(most, len(open))
		}
	}
	if most > 100 {
		t.Errorf("%d files are open", most)
	}
	c.finish(t, l)
	l.Close()
	p.want(t, c.data)
}
