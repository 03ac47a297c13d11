package source_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/source"
)

// long ago is when files of tests were changed: the coarsest file system tells
// it apart from now.
var longAgo = time.Unix(1_700_000_000, 0)

// write makes files and the folders they are in. A name that ends with a slash
// is a folder.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		parent := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			parent = path
		}
		if err := os.MkdirAll(parent, 0o755); err != nil {
			t.Fatal(err)
		}
		if parent == path {
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, longAgo, longAgo); err != nil {
			t.Fatal(err)
		}
	}
}

func walk(t testing.TB, paths ...string) *source.Source {
	t.Helper()
	s, err := source.Walk(t.Context(), paths, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// paths is the paths in a manifest; those of folders end with a slash.
func paths(m *manifest.Manifest) (all []string) {
	for i := range m.Len() {
		path := m.Path(i)
		if m.Kind(i) == manifest.Folder {
			path += "/"
		}
		all = append(all, path)
	}
	return all
}

func TestWalk(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"slides/a.txt":         "a",
		"slides/a/b":           "bb",
		"slides/.git/config":   "ccc",
		"slides/empty folder/": "",
		"slides/empty":         "",
		"film.mkv":             "dddd",
		"not sent":             "x",
	})
	if err := os.Chmod(filepath.Join(dir, "slides/a/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := walk(t, filepath.Join(dir, "slides")+string(filepath.Separator), filepath.Join(dir, "film.mkv"))
	m := s.Manifest()
	want := []string{"film.mkv", "slides/", "slides/.git/", "slides/.git/config", "slides/a/", "slides/a/b", "slides/a.txt", "slides/empty/", "slides/empty folder/"}
	want[7] = "slides/empty"
	if got := paths(m); !slices.Equal(got, want) {
		t.Errorf("content is\n%q, want\n%q", got, want)
	}
	if m.Size() != 10 || m.Files() != 5 || len(s.Omitted()) != 0 {
		t.Errorf("%d bytes in %d files, left out %v", m.Size(), m.Files(), s.Omitted())
	}
	if e := m.Entry(5); e.Size != 2 || e.Changed != longAgo.UnixNano() || e.Executable != executables {
		t.Errorf("an entry is %+v", e)
	}
	if again := walk(t, filepath.Join(dir, "film.mkv"), filepath.Join(dir, "slides")); again.Manifest().Key() != m.Key() {
		t.Error("the same paths have another key")
	}
}

func TestItemsThatCannotBeSent(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a/x": "1", "b/x": "2", "f": "3"})
	tests := []struct {
		name  string
		paths []string
		want  string // in the error
		is    error
	}{
		{"missing", []string{"f", "missing"}, "missing", fs.ErrNotExist},
		{"in a file", []string{"f/x"}, "f", nil},
		{"two of one name", []string{"a/x", "b/x"}, filepath.Join("b", "x"), manifest.ErrTwice},
		{"the same twice", []string{"f", "f"}, "f", manifest.ErrTwice},
		{"nothing", nil, "nothing", manifest.ErrEmpty},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var paths []string
			for _, p := range tt.paths {
				paths = append(paths, filepath.Join(dir, filepath.FromSlash(p)))
			}
			_, err := source.Walk(t.Context(), paths, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error is %v, want one of %q that is %v", err, tt.want, tt.is)
			}
		})
	}
	if _, err := source.Walk(t.Context(), []string{string(filepath.Separator)}, nil); err == nil {
		t.Error("the root folder has a name")
	}
}

func TestPathsWithoutAName(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"here/inner/f": "1"})
	t.Chdir(filepath.Join(dir, "here", "inner"))
	for path, want := range map[string]string{".": "inner", "..": "here", "../inner/": "inner", "./f": "f"} {
		if got := walk(t, path).Manifest().Item(0).Name; got != want {
			t.Errorf("%q is sent as %q, want %q", path, got, want)
		}
	}
}

func TestWalkEnds(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"d/f": ""})
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cancel(enough)
	if _, err := source.Walk(ctx, []string{filepath.Join(dir, "d")}, nil); !errors.Is(err, enough) {
		t.Errorf("error is %v, want the context's cause", err)
	}
}

func TestUnfinishedTransfersAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"d/.lanyap-0123456789abcdef/film": "half of it",
		"d/.lanyap-notes/f":               "mine",
	})
	s := walk(t, filepath.Join(dir, "d"))
	if got, want := paths(s.Manifest()), []string{"d/", "d/.lanyap-notes/", "d/.lanyap-notes/f"}; !slices.Equal(got, want) {
		t.Errorf("content is %q, want %q", got, want)
	}
	if got := s.Omitted(); len(got) != 1 || got[0].Reason != "unfinished transfer" {
		t.Errorf("left out is %v", got)
	}
}
