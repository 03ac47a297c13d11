package landing

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

func openRoot(t *testing.T) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// pretend has all disks be of a kind.
func pretend(t *testing.T, is kindOfDisk) {
	old := probeDisk
	probeDisk = func(*os.Root) (kindOfDisk, error) { return is, nil }
	t.Cleanup(func() { probeDisk = old })
}

// twins are names that some disks take for one.
var twins = map[string]string{"folder/a": "one", "folder/A": "two", "item": "three", "ITEM": "four"}

func receiveTwins(t *testing.T, l *Landing, m *manifest.Manifest) []Landed {
	t.Helper()
	for i := range m.Pieces() {
		data := []byte(twins[m.Path(m.Piece(i).Entry)])
		if err := l.WritePiece(i, tree.Sum(data, int64(len(data)), 0), data); err != nil {
			t.Fatal(err)
		}
	}
	landed, err := l.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return landed
}

func openTwins(t *testing.T, state, dir string) (*Landing, *manifest.Manifest) {
	t.Helper()
	var entries []manifest.Entry
	for path, text := range twins {
		entries = append(entries, manifest.Entry{Path: path, Size: int64(len(text))})
	}
	m, err := manifest.New(entries...)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(m, Options{State: state, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return l, m
}

// On any disk all four arrive, whatever they are called there.
func TestAllTwinsLand(t *testing.T) {
	plain, err := look(openRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, is := range map[string]kindOfDisk{
		"as the disk is":             plain,
		"as if it did not tell case": {folds: true},
		"as if it were a stick":      {folds: true, windows: true},
	} {
		t.Run(name, func(t *testing.T) {
			pretend(t, is)
			dir := t.TempDir()
			l, m := openTwins(t, t.TempDir(), dir)
			landed := receiveTwins(t, l, m)
			l.Close()
			if len(landed) != 3 {
				t.Fatalf("%d items have landed, want 3", len(landed))
			}
			got := map[string]bool{}
			err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := os.ReadFile(path)
				got[string(data)] = true
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range twins {
				if !got[text] {
					t.Errorf("%q has not landed", text)
				}
			}
		})
	}
}

// A disk may take names for the same in ways nobody foresaw: what is there by
// then is not lost.
func TestTwinThatNobodyForesawIsAnError(t *testing.T) {
	pretend(t, kindOfDisk{})
	dir := t.TempDir()
	l, m := openTwins(t, t.TempDir(), dir)
	defer l.Close()
	stage := filepath.Join(dir, l.journal.Stage)
	if err := os.Mkdir(filepath.Join(stage, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	twin := filepath.Join(stage, "folder", "a")
	if err := os.WriteFile(twin, []byte("twin"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range m.Pieces() {
		data := []byte(twins[m.Path(m.Piece(i).Entry)])
		err := l.WritePiece(i, tree.Sum(data, int64(len(data)), 0), data)
		if m.Path(m.Piece(i).Entry) == "folder/A" {
			continue // the disk may be one of those
		}
		if same := m.Path(m.Piece(i).Entry) == "folder/a"; errors.Is(err, ErrInTheWay) != same {
			t.Errorf("piece %d: %v", i, err)
		}
	}
	if data, err := os.ReadFile(twin); err != nil || !bytes.Equal(data, []byte("twin")) {
		t.Errorf("it was changed: %q, %v", data, err)
	}
}

// What is called otherwise on this disk is found again by the next run.
func TestGoesOnWhereNamesChange(t *testing.T) {
	pretend(t, kindOfDisk{folds: true, windows: true})
	state, dir := t.TempDir(), t.TempDir()
	l, m := openTwins(t, state, dir)
	for i := range m.Pieces() - 1 {
		data := []byte(twins[m.Path(m.Piece(i).Entry)])
		if err := l.WritePiece(i, tree.Sum(data, int64(len(data)), 0), data); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	l, m = openTwins(t, state, dir)
	if err := l.Verify(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if n := l.Wanted().Count(); n != 1 {
		t.Errorf("%d pieces are wanted, want the last", n)
	}
	receiveTwins(t, l, m)
	if !l.Done() {
		t.Error("it is not done")
	}
	l.Close()
}
