package source_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"lukechampine.com/blake3"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/source"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// random is n bytes that are the same each time.
func random(n int) string {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return string(p)
}

func TestReadPieces(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"d/a/large":  random(3*tree.MinPiece + 17),
		"d/a/small":  "small",
		"d/b":        random(tree.MinPiece),
		"d/c/d/e/f":  random(tree.MinPiece + 1),
		"d/c/d/zero": "",
		"item":       random(2 * tree.MinPiece),
	}
	write(t, dir, files)
	s := walk(t, filepath.Join(dir, "d"), filepath.Join(dir, "item"))
	m := s.Manifest()
	buf := make([]byte, tree.MaxPiece)
	got := map[string]string{}
	for n := range m.Pieces() {
		p := m.Piece(n)
		data, h, err := s.ReadPiece(n, buf)
		if err != nil {
			t.Fatal(err)
		}
		if want := tree.Sum(data, m.FileSize(p.Entry), p.Index); h != want {
			t.Errorf("hash of piece %d is %v, want %v", n, h, want)
		}
		got[m.Path(p.Entry)] += string(data)
	}
	for path, want := range files {
		if got[path] != want {
			t.Errorf("%s: %d bytes, want %d, or others", path, len(got[path]), len(want))
		}
	}
	for i := range m.Len() {
		root, ok := s.KnownRoot(i)
		content, file := files[m.Path(i)]
		if ok != file || file && root != tree.Hash(blake3.Sum256([]byte(content))) {
			t.Errorf("root of %s is %v, %v", m.Path(i), root, ok)
		}
	}
}

func TestReadersAtOnce(t *testing.T) {
	dir := t.TempDir()
	content := random(20 * tree.MinPiece)
	write(t, dir, map[string]string{"f": content})
	s := walk(t, filepath.Join(dir, "f"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			buf := make([]byte, tree.MinPiece)
			for n := range 20 {
				data, _, err := s.ReadPiece(n, buf)
				if err != nil || string(data) != content[n*tree.MinPiece:][:tree.MinPiece] {
					t.Errorf("piece %d: %v, or other bytes", n, err)
				}
				s.Close() // what others read goes on
			}
		})
	}
	wg.Wait()
}

func TestChangedFiles(t *testing.T) {
	old := random(2*tree.MinPiece + 100)
	other := []byte(random(2*tree.MinPiece + 101))[1:]
	tests := []struct {
		name   string
		change func(path string) error
		want   error
	}{
		{"shorter", func(path string) error { return os.Truncate(path, 2*tree.MinPiece) }, source.ErrChanged},
		{"much shorter", func(path string) error { return os.Truncate(path, 0) }, source.ErrChanged},
		{"longer", func(path string) error { return os.Truncate(path, 3*tree.MinPiece) }, source.ErrChanged},
		{"shorter, at the same time", func(path string) error {
			return errors.Join(os.Truncate(path, 5), os.Chtimes(path, longAgo, longAgo))
		}, source.ErrChanged},
		{"written to", func(path string) error { return os.WriteFile(path, other, 0o644) }, source.ErrChanged},
		{"removed", os.Remove, fs.ErrNotExist},
		{"a folder now", func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o755)) }, source.ErrChanged},
		{"replaced", func(path string) error {
			return errors.Join(os.WriteFile(path+".new", other, 0o644), os.Rename(path+".new", path))
		}, source.ErrChanged},
	}
	for _, tt := range tests {
		for _, opened := range []bool{false, true} {
			name := tt.name
			if opened {
				name += " after a piece of it was read"
			}
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				write(t, dir, map[string]string{"d/f": old})
				s := walk(t, filepath.Join(dir, "d"))
				buf := make([]byte, tree.MinPiece)
				if opened {
					if _, _, err := s.ReadPiece(0, buf); err != nil {
						t.Fatal(err)
					}
				}
				if err := tt.change(filepath.Join(dir, "d", "f")); err != nil {
					t.Fatal(err)
				}
				stays := opened && (tt.name == "removed" || tt.name == "a folder now" || tt.name == "replaced")
				if stays {
					// What was opened is still there, and still the same.
					for n := range 3 {
						data, _, err := s.ReadPiece(n, buf)
						if err != nil || !bytes.HasPrefix([]byte(old)[n*tree.MinPiece:], data) {
							t.Errorf("piece %d: %v, or other bytes", n, err)
						}
					}
					s.Close()
				}
				for n := range 3 {
					if _, _, err := s.ReadPiece(n, buf); !errors.Is(err, tt.want) {
						t.Errorf("piece %d: error is %v, want %v", n, err, tt.want)
					}
				}
				if _, err := s.Root(t.Context(), 1); !stays && !errors.Is(err, tt.want) {
					t.Errorf("root: error is %v, want %v", err, tt.want)
				}
			})
		}
	}
}

func TestHashesAndRoots(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"d/a": random(3 * tree.MinPiece), "d/b": "b", "d/c": "", "d/d": random(tree.MinPiece + 1)}
	write(t, dir, files)
	s := walk(t, filepath.Join(dir, "d"))
	m := s.Manifest()
	hashes, err := s.Hashes(t.Context(), bits.Run{First: 1, Count: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range hashes {
		p := m.Piece(1 + i)
		want := tree.Sum([]byte(files[m.Path(p.Entry)][p.Offset:][:p.Length]), m.FileSize(p.Entry), p.Index)
		if h != want {
			t.Errorf("hash %d is %v, want %v", i, h, want)
		}
	}
	if _, ok := s.KnownRoot(1); ok {
		t.Error("the root of a file is known of which a piece was not read")
	}
	for i := 1; i < m.Len(); i++ {
		root, err := s.Root(t.Context(), i)
		if want := tree.Hash(blake3.Sum256([]byte(files[m.Path(i)]))); err != nil || root != want {
			t.Errorf("root of %s is %v (%v), want %v", m.Path(i), root, err, want)
		}
	}
}

func TestHashAhead(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"d/a": random(3 * tree.MinPiece), "d/b": "b", "d/c": "", "d/gone": "x", "d/z": random(tree.MinPiece + 1)}
	write(t, dir, files)
	s := walk(t, filepath.Join(dir, "d"))
	if err := os.Remove(filepath.Join(dir, "d/gone")); err != nil {
		t.Fatal(err)
	}
	delete(files, "d/gone")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			found := map[string]tree.Hash{}
			err := s.HashAhead(t.Context(), func(entry int, root tree.Hash) { found[s.Manifest().Path(entry)] = root })
			if err != nil || len(found) != len(files) {
				t.Errorf("found %v, %v", found, err)
			}
			for path, content := range files {
				if want := tree.Hash(blake3.Sum256([]byte(content))); found[path] != want {
					t.Errorf("root of %s is %v, want %v", path, found[path], want)
				}
			}
		})
	}
	wg.Wait()
}

func TestSpool(t *testing.T) {
	content := random(tree.MinPiece + 5)
	dir := filepath.Join(t.TempDir(), "spool")
	s, remove, err := source.Spool(t.Context(), dir, "backup.tar", bytes.NewReader([]byte(content)))
	if err != nil {
		t.Fatal(err)
	}
	if e := s.Manifest().Entry(0); e.Path != "backup.tar" || e.Size != int64(len(content)) {
		t.Errorf("entry is %+v", e)
	}
	if root, err := s.Root(t.Context(), 0); err != nil || root != tree.Hash(blake3.Sum256([]byte(content))) {
		t.Errorf("root is %v, %v", root, err)
	}
	s.Close()
	remove()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left is %v, %v", left, err)
	}
}

func TestSpoolFails(t *testing.T) {
	dir := t.TempDir()
	broken := errors.New("broken")
	if _, _, err := source.Spool(t.Context(), dir, "x", &failing{broken}); !errors.Is(err, broken) {
		t.Errorf("error is %v, want the reader's", err)
	}
	if _, _, err := source.Spool(t.Context(), dir, "../x", bytes.NewReader(nil)); err == nil {
		t.Error("a path is taken for a name")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left is %v, %v", left, err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestMemory(t *testing.T) {
	dir := t.TempDir()
	const files = 2_000
	for i := range files {
		write(t, dir, map[string]string{fmt.Sprintf("d/%03d/a name as files have them %d.jpg", i/100, i): ""})
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := walk(t, filepath.Join(dir, "d"))
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d bytes for %d files", grown, files)
	if grown > 150*files {
		t.Errorf("%d bytes for %d files", grown, files)
	}
	runtime.KeepAlive(s)
}
