package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxPacked is how long the page's program may be, compressed: what a phone waits
// for. An empty program of Go has 560 KB.
const maxPacked = 1_600_000

// TestSameTreeSameBytes builds this tree twice, in two places, with two homes and
// two caches, one of them under other settings.
func TestSameTreeSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles everything twice")
	}
	modules, err := builder{dir: "..", toolchain: "local"}.run("env", "GOMODCACHE")
	if err != nil {
		t.Fatal(err)
	}
	var made [][]byte
	for _, settings := range [][]string{nil, {"GOFLAGS=-v=false", "GOAMD64=v3", "TZ=Asia/Tokyo", "LANG=C"}} {
		home := t.TempDir()
		tree := filepath.Join(home, "a tree")
		copySource(t, "../../../../..", tree)
		b := builder{dir: filepath.Join(tree, "cmd/lanyap/internal/web"), toolchain: "local", env: append(settings,
			"HOME="+home, "GOCACHE="+filepath.Join(home, "cache"), "GOMODCACHE="+strings.TrimSpace(modules))}
		wasm, err := b.wasm()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(wasm, []byte(home)) {
			t.Error("it knows where it was built")
		}
		made = append(made, wasm)
	}
	if n := len(pack(made[0])); n > maxPacked {
		t.Errorf("it is %d bytes long, want at most %d", n, maxPacked)
	}
	if !bytes.Equal(made[0], made[1]) {
		t.Errorf("two builds differ: %d and %d bytes", len(made[0]), len(made[1]))
	}
}

// copySource copies what a build needs of a module.
func copySource(t *testing.T, from, to string) {
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(from, path)
		switch {
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case filepath.Ext(name) != ".go" && name != "go.mod" && name != "go.sum":
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), source, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKeep writes what is new and nothing else, and only checks when told to.
func TestKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wasm.gz")
	if err := keep(path, []byte("one"), true); err == nil {
		t.Error("nothing is there, and the check says nothing")
	}
	if err := keep(path, []byte("one"), false); err != nil {
		t.Fatal(err)
	}
	first, _ := os.ReadFile(path)
	if got, err := unpacked(path); err != nil || string(got) != "one" {
		t.Errorf("what is kept is %q, %v", got, err)
	}
	if err := keep(path, []byte("one"), true); err != nil {
		t.Errorf("the same is there, and the check says %v", err)
	}
	if err := keep(path, []byte("two"), true); err == nil {
		t.Error("another is there, and the check says nothing")
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, first) {
		t.Error("a check has written")
	}
}
