package known

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestFullDisk holds that a full disk is told of, costs nothing that is in the file,
// and that what was entered meanwhile is there once there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("no disk to fill here, mounting one takes root: " + err.Error())
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
	b, warnings := open(t, Config{Dir: dir})
	must(t, b.Trust(id(1), "bo"))
	filler := filepath.Join(dir, "filler")
	_ = os.WriteFile(filler, make([]byte, 1<<20), 0o600) // as much as fits
	if err := b.Trust(id(2), "cy"); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("trust on a full disk: %v", err)
	}
	b.Meet(member(3, "dora", 1))
	for until := time.Now().Add(30 * time.Second); len(warnings()) == 0 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	if told := warnings(); len(told) != 1 || !strings.Contains(told[0], "not remembered") {
		t.Errorf("told %q", told)
	}
	if people, damaged, err := b.file.read(); err != nil || damaged != 0 || len(people) != 1 {
		t.Errorf("the file has %d people, %d damaged, %v", len(people), damaged, err)
	}
	must(t, os.Remove(filler))
	must(t, b.Close())
	if people, _, _ := b.file.read(); len(people) != 3 {
		t.Errorf("once there is room the file has %d people, want 3", len(people))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "known.new-*")); len(left) > 0 {
		t.Errorf("%q is left", left)
	}
}
