package share_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// readZip returns what is in an archive, by name; folders end with a slash.
func readZip(t *testing.T, b []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		all[f.Name] = string(data)
	}
	return all
}

func TestZipWhileItLands(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := slow(t, 0)
		top := folder(t, filepath.Join(t.TempDir(), "slides"), 30, 10<<10)
		file(t, filepath.Join(top, "large"), 2<<20)
		file(t, filepath.Join(top, "empty"), 0)
		if err := errors.Join(os.Mkdir(filepath.Join(top, "nothing"), 0o755), os.Chmod(filepath.Join(top, "large"), 0o755)); err != nil {
			t.Fatal(err)
		}
		other := file(t, filepath.Join(t.TempDir(), "überblick.txt"), 1000)
		sent := ana.send(collect(t, top, other), bo)
		got := bo.accept()
		for range 2 { // while it comes, and when all is there
			z, err := got.Zip(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var buf bytes.Buffer
			if n, err := z.WriteTo(&buf); err != nil || n != z.Size() || buf.Len() != int(n) {
				t.Errorf("%d bytes are written, %d were announced: %v", n, z.Size(), err)
			}
			is := readZip(t, buf.Bytes())
			want := contents(t, top)
			if len(is) != len(want)+1+9 {
				t.Errorf("%d are in it: %v", len(is), is)
			}
			for name, data := range want {
				if is["slides/"+filepath.ToSlash(name)] != data {
					t.Errorf("%s is not what was sent", name)
				}
			}
			if _, there := is["slides/nothing/"]; !there || len(is["überblick.txt"]) != 1000 {
				t.Errorf("in it: %v", len(is))
			}
			done(t, sent, got)
		}
		z, err := got.Zip(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if n, err := z.WriteTo(&buf); err != nil || n != z.Size() || len(readZip(t, buf.Bytes())) != 1 {
			t.Errorf("of one item: %d bytes of %d, %v", n, z.Size(), err)
		}
		if _, err := got.Zip(t.Context(), 7); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("of no item: %v", err)
		}
	})
}

// Names in an archive are safe on any system, and no two are the same on any.
func TestZipNames(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		u := expect(t, map[string]int{
			".bashrc": 1, `..\..\evil`: 2, "C:x": 3, "d/aux.txt": 4, "d/Twin": 5, "d/twin": 6, "d/dot.": 7, "d/.hidden": 8,
		})
		u.giveAll()
		ana.send(u.content, bo)
		z, err := bo.accept().Zip(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		if n, err := z.WriteTo(&buf); err != nil || n != z.Size() {
			t.Errorf("%d bytes of %d: %v", n, z.Size(), err)
		}
		var names []string
		for name := range readZip(t, buf.Bytes()) {
			names = append(names, name)
		}
		slices.Sort(names)
		want := []string{"C_x", "_.._.._evil", "_.bashrc", "d/", "d/.hidden", "d/Twin", "d/_aux.txt", "d/dot_", "d/twin (2)"}
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("names are\n%q, want\n%q", names, want)
		}
	})
}

// An archive of which a file does not come has no end.
func TestZipThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, got, _ := coming(t, 10<<20)
		z, err := got.Zip(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(3*time.Second, got.Cancel)
		if n, err := z.WriteTo(io.Discard); !errors.Is(err, share.ErrCanceled) || n >= z.Size() {
			t.Errorf("%d bytes of %d, and then %v", n, z.Size(), err)
		}
	})
}
