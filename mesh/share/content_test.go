package share_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/mesh/share"
)

func TestCollectLeavesOut(t *testing.T) {
	dir := t.TempDir()
	file(t, filepath.Join(dir, "d", "f"), 10)
	if err := os.Symlink("f", filepath.Join(dir, "d", "link")); err != nil {
		t.Skip("no links here:", err)
	}
	c := collect(t, filepath.Join(dir, "d"))
	if len(c.Omitted) != 1 || c.Omitted[0].Reason != "symbolic link" || c.Omitted[0].Path != filepath.Join(dir, "d", "link") {
		t.Errorf("left out is %v", c.Omitted)
	}
	if c.Files != 1 || c.Size != 10 || len(c.Items) != 1 || c.Items[0] != (share.Item{Name: "d", Dir: true, Files: 1, Size: 10}) {
		t.Errorf("content is %+v", c)
	}
	if _, err := share.Collect(t.Context(), filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error of a missing path is %v", err)
	}
}

func TestSpool(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	inBubble(t, func(t *testing.T) {
		r := newRoom(t)
		ana, bo := r.enter("ana"), r.enter("bo")
		meet(t, ana, bo)
		c, err := share.Spool(t.Context(), "notes.txt", strings.NewReader("from a pipe"))
		if err != nil {
			t.Fatal(err)
		}
		done(t, ana.send(c, bo), bo.accept())
		if got, err := os.ReadFile(filepath.Join(bo.home, "notes.txt")); err != nil || string(got) != "from a pipe" {
			t.Errorf("arrived is %q, %v", got, err)
		}
		c.Close()
		if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "spool-*")); err != nil || len(left) != 0 {
			t.Errorf("left is %v, %v", left, err)
		}
	})
}
