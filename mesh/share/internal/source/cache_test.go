package source_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lukechampine.com/blake3"

	"github.com/lanyap/lanyap/mesh/share/internal/source"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// cached walks a path with a cache.
func cached(t *testing.T, cache, path string) *source.Source {
	t.Helper()
	s, err := source.Walk(t.Context(), []string{path}, source.NewCache(cache))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// hashed makes a file and has the cache hold its hashes.
func hashed(t *testing.T, content string) (cache, path string) {
	t.Helper()
	dir := t.TempDir()
	cache = filepath.Join(dir, "hashes")
	write(t, dir, map[string]string{"f": content})
	path = filepath.Join(dir, "f")
	s := cached(t, cache, path)
	if _, ok := s.KnownRoot(0); ok {
		t.Error("the root of a file is known that was never read")
	}
	if _, err := s.Root(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s.Close()
	return cache, path
}

func TestCache(t *testing.T) {
	content := random(2<<20 + 9)
	cache, path := hashed(t, content)
	s := cached(t, cache, path)
	if root, ok := s.KnownRoot(0); !ok || root != tree.Hash(blake3.Sum256([]byte(content))) {
		t.Errorf("root is %v, %v", root, ok)
	}
	s = cached(t, cache, path)
	data, h, err := s.ReadPiece(8, make([]byte, tree.MinPiece))
	if err != nil || string(data) != content[2<<20:] || h != tree.Sum(data, int64(len(content)), 8) {
		t.Errorf("piece is of %d bytes, hash %v, %v", len(data), h, err)
	}
	if _, ok := s.KnownRoot(0); !ok {
		t.Error("the root of a file in the cache is not known after a piece of it was read")
	}
}

func TestCacheOfWhatIsNoLongerSo(t *testing.T) {
	content := random(2 << 20)
	tests := []struct {
		name   string
		change func(cache, path string) error
	}{
		{"longer", func(_, path string) error {
			return errors.Join(os.Truncate(path, 3<<20), os.Chtimes(path, longAgo, longAgo))
		}},
		{"another time", func(_, path string) error { return os.Chtimes(path, longAgo, longAgo.Add(time.Second)) }},
		{"cut short", func(cache, _ string) error { return each(cache, func(p []byte) []byte { return p[:len(p)-1] }) }},
		{"empty", func(cache, _ string) error { return each(cache, func(p []byte) []byte { return nil }) }},
		{"too long", func(cache, _ string) error { return each(cache, func(p []byte) []byte { return append(p, 0) }) }},
		{"a bit turned", func(cache, _ string) error {
			return each(cache, func(p []byte) []byte { p[len(p)-40] ^= 1; return p })
		}},
		{"of a later version", func(cache, _ string) error {
			return each(cache, func(p []byte) []byte { p[14] = '2'; return p })
		}},
		{"gone", func(cache, _ string) error { return os.RemoveAll(cache) }},
		{"a file in its place", func(cache, _ string) error {
			return errors.Join(os.RemoveAll(cache), os.WriteFile(cache, nil, 0o644))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cache, path := hashed(t, content)
			if err := tt.change(cache, path); err != nil {
				t.Fatal(err)
			}
			s := cached(t, cache, path)
			if _, ok := s.KnownRoot(0); ok {
				t.Error("the cache still counts")
			}
			now, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if root, err := s.Root(t.Context(), 0); err != nil || root != tree.Hash(blake3.Sum256(now)) {
				t.Errorf("root is %v, %v", root, err)
			}
		})
	}
}

// each changes all files in a folder.
func each(dir string, change func([]byte) []byte) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) == 0 {
		err = errors.New("nothing in it")
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		p, readErr := os.ReadFile(path)
		err = errors.Join(err, readErr, os.WriteFile(path, change(p), 0o600))
	}
	return err
}

func TestCacheKeepsNothingOfWhatJustChanged(t *testing.T) {
	dir := t.TempDir()
	cache, path := filepath.Join(dir, "hashes"), filepath.Join(dir, "f")
	if err := os.WriteFile(path, make([]byte, 2<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := cached(t, cache, path).Root(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, ok := cached(t, cache, path).KnownRoot(0); ok {
		t.Error("hashes are kept of a file that may be written to within the same tick")
	}
}

func TestCacheOfSmallFiles(t *testing.T) {
	cache, path := hashed(t, random(1<<20-1))
	if entries, err := os.ReadDir(cache); !errors.Is(err, os.ErrNotExist) && len(entries) > 0 {
		t.Errorf("hashes of %s are kept: %v", path, entries)
	}
}

func TestCacheIsBounded(t *testing.T) {
	defer source.BoundCache(3, 1<<20)()
	dir := t.TempDir()
	cache := filepath.Join(dir, "hashes")
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		write(t, dir, map[string]string{name: random(1 << 20)})
		s := cached(t, cache, filepath.Join(dir, name))
		if _, err := s.Root(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if entries, err := os.ReadDir(cache); err != nil || len(entries) > 3 {
			t.Errorf("%d files (%v) in a cache of 3", len(entries), err)
		}
	}
	defer source.BoundCache(100, 600)() // each takes 80 + 4 * 32 + 32 bytes
	write(t, dir, map[string]string{"f": random(1 << 20)})
	s := cached(t, cache, filepath.Join(dir, "f"))
	if _, err := s.Root(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if entries, err := os.ReadDir(cache); err != nil || len(entries) != 2 {
		t.Errorf("%d files (%v) in a cache of 600 bytes, want 2", len(entries), err)
	}
}
