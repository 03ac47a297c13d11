package mesh_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/mesh"
)

// smallDisk returns a directory on a disk of 512 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); err != nil {
		t.Skip("no disk to fill here, mounting one takes root: " + err.Error())
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestHistoryFileOnAFullDisk holds that a program is told when its history is
// not kept: while it runs, once, and at its end.
func TestHistoryFileOnAFullDisk(t *testing.T) {
	dir := smallDisk(t)
	inRoom(t, func(r *room) {
		kept := func(cfg *mesh.Config) { cfg.HistoryFile = filepath.Join(dir, cfg.Name+".db") }
		failures := func(a *actor) (n int) {
			for _, ev := range a.events() {
				if f, ok := ev.(mesh.HistoryFailed); ok {
					n++
					if !errors.Is(f.Err, mesh.ErrHistory) || !errors.Is(f.Err, unix.ENOSPC) {
						t.Errorf("told of %v", f.Err)
					}
				}
			}
			return n
		}
		ana := r.join("ana", kept)
		filler := filepath.Join(dir, "filler")
		_ = os.WriteFile(filler, make([]byte, 1<<20), 0o600) // as much as fits
		r.say(ana, heavy)
		pass(time.Minute)
		if n := failures(ana); n != 1 {
			t.Errorf("told %d times while it ran", n)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		_ = os.WriteFile(filler, make([]byte, 1<<20), 0o600)
		for range 100 {
			r.say(ana, heavy) // and leave before it is written
		}
		if err := ana.Leave(r.Context()); !errors.Is(err, mesh.ErrHistory) {
			t.Errorf("left with %v", err)
		}
		<-ana.read
		if n := failures(ana); n != 2 || ana.last != nil {
			t.Errorf("told %d times in all, at the end %v", n, ana.last)
		}
		if err := ana.Close(); !errors.Is(err, mesh.ErrHistory) {
			t.Errorf("closed with %v", err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		ana = r.join("ana", kept)
		if got := ana.texts(); got != heavy {
			t.Errorf("of the first message %d bytes are left, want %d", len(got), len(heavy))
		}
		if err := ana.Close(); err != nil {
			t.Error(err)
		}
	})
}
