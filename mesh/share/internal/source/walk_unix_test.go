//go:build unix

package source_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/source"
)

// executables says whether files have a bit for that.
const executables = true

func TestLinksAndSpecialFilesAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir) // a socket's path must be short
	write(t, dir, map[string]string{"d/sub/f": "1", "outside/secret": "2", "d/plain": "3"})
	for name, target := range map[string]string{
		"d/link": "plain", "d/dangling": "nowhere", "d/up": "..", "d/out": "../outside", "d/loop": "loop", "d/sub/abs": filepath.Join(dir, "outside"),
	} {
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo("d/fifo", 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", "d/socket")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	s := walk(t, "d")
	if got, want := paths(s.Manifest()), []string{"d/", "d/plain", "d/sub/", "d/sub/f"}; !slices.Equal(got, want) {
		t.Errorf("content is %q, want %q", got, want)
	}
	var got []string
	for _, o := range s.Omitted() {
		name, err := filepath.Rel(dir, o.Path)
		if err != nil {
			t.Error(err)
		}
		got = append(got, name+": "+o.Reason)
	}
	want := []string{"d/dangling: symbolic link", "d/fifo: named pipe", "d/link: symbolic link", "d/loop: symbolic link", "d/out: symbolic link", "d/socket: socket", "d/sub/abs: symbolic link", "d/up: symbolic link"}
	if !slices.Equal(got, want) {
		t.Errorf("left out is\n%q, want\n%q", got, want)
	}
}

func TestNamesThatCannotBeSentAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	deep := "d" + strings.Repeat("/x", manifest.MaxDepth+5)
	write(t, dir, map[string]string{"d/fine": "", "d/aux.c": "", "d/AUX.c": "", "d/a:b": "", `d/back\slash`: "", "d/trailing. ": "", "d/break\nx": "", "d/rtl\u202egpj.exe/f": "", deep + "/f": ""})
	if err := os.WriteFile(filepath.Join(dir, "d/latin\xe9"), nil, 0o644); err != nil {
		t.Skip("no names here that are not UTF-8:", err)
	}
	s := walk(t, filepath.Join(dir, "d"))
	var got []string
	for _, path := range paths(s.Manifest()) {
		if !strings.HasPrefix(path, "d/x/") {
			got = append(got, path)
		}
	}
	if want := []string{"d/", "d/AUX.c", "d/a:b", "d/aux.c", `d/back\slash`, "d/fine", "d/trailing. "}; !slices.Equal(got, want) {
		t.Errorf("content is %q, want %q", got, want)
	}
	var reasons []string
	for _, o := range s.Omitted() {
		reasons = append(reasons, o.Reason)
	}
	if want := []string{"name holds U+000A", "name is not UTF-8", "name holds U+202E", "name is in too many folders"}; !slices.Equal(reasons, want) {
		t.Errorf("reasons are %q, want %q", reasons, want)
	}
	_, err := source.Walk(t.Context(), []string{filepath.Join(dir, "d/break\nx")}, nil)
	var name *manifest.NameError
	if !errors.As(err, &name) {
		t.Errorf("an item of such a name: %v, want a NameError", err)
	}
}

func TestLinkOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"film-2024.mkv": "abc", "d/f": "x"})
	for link, target := range map[string]string{"film": "film-2024.mkv", "folder": "d"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	s := walk(t, filepath.Join(dir, "film"), filepath.Join(dir, "folder"))
	if got, want := paths(s.Manifest()), []string{"film", "folder/", "folder/f"}; !slices.Equal(got, want) {
		t.Errorf("content is %q, want %q", got, want)
	}
	for i, want := range []string{"abc", "x"} {
		if got, _, err := s.ReadPiece(i, make([]byte, 10)); err != nil || string(got) != want {
			t.Errorf("piece %d is %q (%v), want %q", i, got, err, want)
		}
	}
}

func TestSpecialFileOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{fifo: "named pipe", "/dev/null": "device"} {
		if _, err := source.Walk(t.Context(), []string{path}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want one about a %s", path, err, want)
		}
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"d/fine": "", "d/secret": "x", "d/private/f": "", "d/listed/f": ""})
	for name, mode := range map[string]os.FileMode{".": 0o755, "..": 0o755, "d/secret": 0, "d/private": 0, "d/listed": 0o444} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(filepath.Join(dir, "d/private"), 0o755)
	defer os.Chmod(filepath.Join(dir, "d/listed"), 0o755)
	asNobody(t, func() {
		s, err := source.Walk(t.Context(), []string{filepath.Join(dir, "d")}, nil)
		if err != nil {
			t.Error(err)
			return
		}
		if got, want := paths(s.Manifest()), []string{"d/", "d/fine"}; !slices.Equal(got, want) {
			t.Errorf("content is %q, want %q", got, want)
		}
		if got := fmt.Sprint(s.Omitted()); strings.Count(got, "permission denied") != 3 {
			t.Errorf("left out is %v", got)
		}
		for _, name := range []string{"d/secret", "d/private"} {
			if _, err := source.Walk(t.Context(), []string{filepath.Join(dir, name)}, nil); !errors.Is(err, os.ErrPermission) {
				t.Errorf("%s: error is %v, want one of permission", name, err)
			}
		}
	})
}

func TestManyOmissions(t *testing.T) {
	defer source.BoundOmitted(10)()
	dir := t.TempDir()
	for i := range 11 {
		if _, err := source.Walk(t.Context(), []string{dir}, nil); err != nil {
			t.Errorf("%d links: %v", i, err)
		}
		if err := os.Symlink("x", filepath.Join(dir, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := source.Walk(t.Context(), []string{dir}, nil); !errors.Is(err, manifest.ErrTooLarge) {
		t.Errorf("error is %v, want ErrTooLarge", err)
	}
}

func TestReplacedFiles(t *testing.T) {
	tests := []struct {
		name    string
		replace func(path string) error // which is gone
	}{
		{"another of the same size and time", func(path string) error {
			return errors.Join(os.WriteFile(path, []byte("new"), 0o644), os.Chtimes(path, longAgo, longAgo))
		}},
		{"named pipe", func(path string) error { return syscall.Mkfifo(path, 0o644) }},
		{"link to a file outside", func(path string) error { return os.Symlink("../../outside", path) }},
		{"link to a file inside", func(path string) error { return os.Symlink("../inside", path) }},
		{"link to a file beside it", func(path string) error { return os.Symlink("beside", path) }},
		{"link to nothing", func(path string) error { return os.Symlink("nowhere", path) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"d/sub/f": "old", "d/inside": "2nd", "d/sub/beside": "2nd", "outside": "3rd"})
			s := walk(t, filepath.Join(dir, "d"))
			path := filepath.Join(dir, "d/sub/f")
			// The old one stays somewhere, so that its inode is not given away.
			if err := errors.Join(os.Rename(path, filepath.Join(dir, "old")), tt.replace(path)); err != nil {
				t.Fatal(err)
			}
			data, _, err := s.ReadPiece(2, make([]byte, 10))
			if err == nil {
				t.Fatalf("read %q", data)
			}
			if !errors.Is(err, source.ErrChanged) {
				t.Errorf("error is %v, want ErrChanged", err)
			}
		})
	}
}

func TestFolderReplacedByALink(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"d/sub/f": "old", "outside/f": "new"})
	s := walk(t, filepath.Join(dir, "d"))
	sub := filepath.Join(dir, "d/sub")
	if err := errors.Join(os.Rename(sub, filepath.Join(dir, "old")), os.Symlink("../outside", sub)); err != nil {
		t.Fatal(err)
	}
	if data, _, err := s.ReadPiece(0, make([]byte, 10)); err == nil {
		t.Errorf("read %q behind a link that leaves the folder", data)
	}
}
