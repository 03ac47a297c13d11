package source_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/source"
)

// shelf opens a shelf named music with these files.
func shelf(t testing.TB, files map[string]string) (*source.Shelf, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "music")
	write(t, dir, map[string]string{"./": ""})
	write(t, dir, files)
	sh, err := source.OpenShelf(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sh.Close() })
	return sh, dir
}

var music = map[string]string{
	"rock/a.mp3":         "1",
	"rock/b.mp3":         "22",
	"rock/cover.jpg":     "333",
	"jazz/a.mp3":         "4444",
	"jazz/live/c.mp3":    "55555",
	"[2020] album/d.mp3": "666666",
	"2/e.mp3":            "7777777",
	"list.txt":           "88888888",
	"empty/":             "",
}

func TestShelfList(t *testing.T) {
	sh, _ := shelf(t, music)
	tests := []struct {
		place string
		want  []string // folders end with a slash; nil: not there
	}{
		{"", []string{"2/", "[2020] album/", "empty/", "jazz/", "list.txt", "rock/"}},
		{"/", []string{"2/", "[2020] album/", "empty/", "jazz/", "list.txt", "rock/"}},
		{"rock", []string{"rock/a.mp3", "rock/b.mp3", "rock/cover.jpg"}},
		{"rock/", []string{"rock/a.mp3", "rock/b.mp3", "rock/cover.jpg"}},
		{"rock/a.mp3", []string{"rock/a.mp3"}},
		{"empty", []string{}},
		{"[2020] album", []string{"[2020] album/d.mp3"}},
		{"[2-3]", []string{"2/"}},
		{"*", []string{"2/", "[2020] album/", "empty/", "jazz/", "list.txt", "rock/"}},
		{"*/a.mp3", []string{"jazz/a.mp3", "rock/a.mp3"}},
		{"*/*.mp3", []string{"2/e.mp3", "[2020] album/d.mp3", "jazz/a.mp3", "rock/a.mp3", "rock/b.mp3"}},
		{"ro?k/[ab].mp3", []string{"rock/a.mp3", "rock/b.mp3"}},
		{"jazz/*", []string{"jazz/a.mp3", "jazz/live/"}},
		{"*/*/*", []string{"jazz/live/c.mp3"}},
		{"nothing", nil},
		{"*.flac", nil},
		{"rock/a.mp3/x", nil},
		{"list.txt/*", nil},
		{"..", nil},
		{"rock/..", nil},
		{"rock/../list.txt", nil},
		{"../music/list.txt", nil},
		{".", nil},
		{"./list.txt", nil},
		{"rock//a.mp3", nil},
		{"/list.txt", nil},
		{"//", nil},
		{"rock\x00", nil},
		{`..\music`, nil},
		{`C:\x`, nil},
		{strings.Repeat("rock/", 2000), nil},
	}
	for _, tt := range tests {
		t.Run(tt.place[:min(len(tt.place), 20)], func(t *testing.T) {
			entries, more, err := sh.List(t.Context(), tt.place, 100)
			if tt.want == nil {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%v, error is %v, want ErrNotExist", entries, err)
				}
				return
			}
			if err != nil || more {
				t.Fatal(more, err)
			}
			got := []string{}
			for _, e := range entries {
				name := e.Path
				if e.Kind == manifest.Folder {
					name += "/"
				} else if e.Size != int64(len(music[name])) || e.Changed != longAgo.UnixNano() {
					t.Errorf("entry is %+v", e)
				}
				got = append(got, name)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("listed are\n%q, want\n%q", got, tt.want)
			}
		})
	}
	if _, _, err := sh.List(t.Context(), "rock/[", 100); !errors.Is(err, path.ErrBadPattern) {
		t.Errorf("error of a bad pattern is %v", err)
	}
}

func TestShelfListIsBounded(t *testing.T) {
	defer source.BoundMatches(5)()
	files := map[string]string{}
	for i := range 6 {
		files[fmt.Sprintf("d/%d/f", i)] = ""
	}
	sh, _ := shelf(t, files)
	entries, more, err := sh.List(t.Context(), "d", 4)
	if err != nil || !more || len(entries) != 4 || entries[3].Path != "d/3" {
		t.Errorf("listed are %v, %v, %v", entries, more, err)
	}
	for _, place := range []string{"d/*", "d/*/f"} {
		if _, _, err := sh.List(t.Context(), place, 100); !errors.Is(err, manifest.ErrTooLarge) {
			t.Errorf("%s: error is %v, want ErrTooLarge", place, err)
		}
		if _, err := sh.Walk(t.Context(), place); !errors.Is(err, manifest.ErrTooLarge) {
			t.Errorf("%s: error is %v, want ErrTooLarge", place, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := sh.List(ctx, "*", 100); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
}

func TestShelfWalk(t *testing.T) {
	sh, _ := shelf(t, map[string]string{"rock/a.mp3": "1", "rock/b.mp3": "22", "jazz/a.mp3": "333"})
	tests := []struct {
		place string
		want  []string
		is    error
	}{
		{"", []string{"music/", "music/jazz/", "music/jazz/a.mp3", "music/rock/", "music/rock/a.mp3", "music/rock/b.mp3"}, nil},
		{"rock", []string{"rock/", "rock/a.mp3", "rock/b.mp3"}, nil},
		{"jazz/a.mp3", []string{"a.mp3"}, nil},
		{"rock/*", []string{"a.mp3", "b.mp3"}, nil},
		{"*/b*", []string{"b.mp3"}, nil},
		{"*/*", nil, manifest.ErrTwice},
		{"../music", nil, fs.ErrNotExist},
	}
	for _, tt := range tests {
		s, err := sh.Walk(t.Context(), tt.place)
		if err != nil {
			if !errors.Is(err, tt.is) || tt.is == nil {
				t.Errorf("%q: error is %v, want %v", tt.place, err, tt.is)
			}
			continue
		}
		defer s.Close()
		if got := paths(s.Manifest()); !slices.Equal(got, tt.want) {
			t.Errorf("%q is %q, want %q", tt.place, got, tt.want)
		}
		for n := range s.Manifest().Pieces() {
			if _, _, err := s.ReadPiece(n, make([]byte, 10)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestShelfClosed(t *testing.T) {
	sh, _ := shelf(t, map[string]string{"d/f": "1"})
	s, err := sh.Walk(t.Context(), "d")
	if err != nil {
		t.Fatal(err)
	}
	sh.Close()
	if data, _, err := s.ReadPiece(0, make([]byte, 10)); err == nil {
		t.Errorf("read %q from a shelf that is closed", data)
	}
	if _, _, err := sh.List(t.Context(), "", 10); err == nil {
		t.Error("a shelf that is closed lists what is on it")
	}
}

func TestShelfOfWhatIsNoFolder(t *testing.T) {
	_, dir := shelf(t, map[string]string{"f": "1"})
	for _, name := range []string{"f", "missing"} {
		if _, err := source.OpenShelf(filepath.Join(dir, name), nil); err == nil {
			t.Errorf("%s is a shelf", name)
		}
	}
}

func TestShelfLinks(t *testing.T) {
	sh, dir := shelf(t, map[string]string{"real/f": "inside", "real/sub/g": "1", "../outside/secret": "no", "../music-too/secret": "no", ".lanyap-0123456789abcdef/half": "no"})
	links := map[string]string{
		"in":        "real",
		"file":      "real/f",
		"real/back": "..",
		"out":       "../outside",
		"prefix":    "../music-too",
		"abs":       filepath.Join(dir, "..", "outside"),
		"up":        "..",
		"loop":      "loop",
		"dangling":  "nowhere",
		"real/sly":  "sub/../../../outside/secret",
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Skip("no links here:", err)
		}
	}
	list := func(place string) (got []string) {
		entries, _, err := sh.List(t.Context(), place, 100)
		if err != nil {
			return []string{"not there"}
		}
		for _, e := range entries {
			got = append(got, e.Path)
		}
		return got
	}
	for place, want := range map[string][]string{
		"":        {"file", "in", "real"},
		"*":       {"file", "in", "real"},
		"in":      {"in/back", "in/f", "in/sub"},
		"file":    {"file"},
		"in/back": {"in/back/file", "in/back/in", "in/back/real"},
		"in/sub":  {"in/sub/g"},
	} {
		if got := list(place); !slices.Equal(got, want) {
			t.Errorf("%q holds %q, want %q", place, got, want)
		}
	}
	for _, place := range []string{"out", "out/secret", "out/*", "prefix/secret", "abs/secret", "up", "up/outside/secret", "loop", "dangling", "real/sly", "in/sly", "u*/outside/secret", ".lanyap-0123456789abcdef", ".lanyap-*"} {
		if got := list(place); got[0] != "not there" {
			t.Errorf("%q holds %q", place, got)
		}
		if s, err := sh.Walk(t.Context(), place); err == nil {
			t.Errorf("%q is sent as %q", place, paths(s.Manifest()))
		}
	}
	s, err := sh.Walk(t.Context(), "in")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, want := paths(s.Manifest()), []string{"in/", "in/f", "in/sub/", "in/sub/g"}; !slices.Equal(got, want) {
		t.Errorf("a link is sent as %q, want what it leads to, without the links in it: %q", got, want)
	}
	if data, _, err := s.ReadPiece(0, make([]byte, 10)); err != nil || string(data) != "inside" {
		t.Errorf("read %q, %v", data, err)
	}
}

func FuzzShelf(f *testing.F) {
	sh, dir := shelf(f, map[string]string{"rock/a.mp3": "1", "[x]/b": "2", "../outside": "no"})
	if err := os.Symlink("../outside", filepath.Join(dir, "out")); err != nil {
		f.Log("without links:", err)
	}
	for _, place := range []string{"", "rock", "*/*", "[x]/b", "../outside", "out", "rock/../..", "[", "a\\", "//", "o*"} {
		f.Add(place)
	}
	f.Fuzz(func(t *testing.T, place string) {
		entries, _, err := sh.List(t.Context(), place, 100)
		if err != nil {
			return
		}
		for _, e := range entries {
			if p := e.Path; !slices.Contains([]string{"rock", "rock/a.mp3", "[x]", "[x]/b"}, p) {
				t.Errorf("%q holds %q", place, p)
			}
		}
	})
}
