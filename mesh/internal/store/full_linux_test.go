package store_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/mesh/internal/store"
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

func TestDiskIsFull(t *testing.T) {
	dir := smallDisk(t)
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(dir, "history.db")
		said := newLogged()
		s, err := store.Open(path, room, store.Options{Log: slog.New(said)})
		if err != nil {
			t.Fatal(err)
		}
		add(s, "before")
		wantFrames(t, s, "before")
		filler := filepath.Join(dir, "filler")
		_ = os.WriteFile(filler, make([]byte, 1<<20), 0o600) // as much as fits

		all := numbered(2 * store.MaxEntries)
		add(s, all...)
		time.Sleep(time.Minute) // many tries
		wantFrames(t, s, "before")
		if n := len(said.lines); n != 1 {
			t.Errorf("%d lines are in the log, want one", n)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		want := all[store.MaxEntries:]
		if got := frames(t, s); !slices.Equal(got, want) {
			t.Errorf("the file holds %d entries, want the last %d", len(got), len(want))
		}
		if n := len(said.lines); n != 2 {
			t.Errorf("%d lines are in the log, want one for each change", n)
		}

		_ = os.WriteFile(filler, make([]byte, 1<<20), 0o600)
		s.Add(store.Entry{Received: time.Now(), Frame: make([]byte, 256<<10)})
		if err := s.Close(); err == nil {
			t.Error("Close says nothing of what it could not write")
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		wantFrames(t, openStore(t, path), want...)
	})
}

// logged collects messages.
type logged struct {
	slog.Handler
	lines chan string
}

func newLogged() *logged {
	return &logged{slog.DiscardHandler, make(chan string, 100)}
}

func (l *logged) Enabled(context.Context, slog.Level) bool { return true }

func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.lines <- r.Message
	return nil
}
