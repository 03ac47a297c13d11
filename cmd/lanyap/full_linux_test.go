package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// TestHistoryFileOnAFullDisk holds that a history that cannot be kept is a
// warning at once, a single one, and a failure in the end.
func TestHistoryFileOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); err != nil {
		t.Skip("no disk to fill here, mounting one takes root: " + err.Error())
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "lan.db")
		n := newNetwork(t)
		bo := n.on("bo", "chat", "--listen", "--json")
		settle()
		ana := n.on("ana", "chat", "--history-file", path)
		settle()
		_ = os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600) // as much as fits
		ana.say(strings.Repeat("x", 60_000) + "\n")
		settle()
		time.Sleep(time.Minute)
		if count := strings.Count(ana.err.String(), "not kept"); count != 1 {
			t.Errorf("%d warnings while it runs:\n%s", count, ana.err.String())
		}
		ana.stdin.Close()
		ana.wantError(exitFailure, path, "no space left")
		if got := len(bo.texts()); got != 1 {
			t.Errorf("bo has read %d messages, want the one", got)
		}
		bo.cancel(&signalError{signal: unix.SIGTERM})
		bo.exit()
	})
}
