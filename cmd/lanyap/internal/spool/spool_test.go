package spool

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lockfile"
)

const prefix = "lanyap-test-"

func exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Lstat(path)
	return err == nil
}

func TestGoesWithClose(t *testing.T) {
	place := t.TempDir()
	d, err := New(place, prefix)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(d.Path()); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may look into it: %v, %v", info.Mode(), err)
	}
	if err := os.MkdirAll(filepath.Join(d.Path(), "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if exists(t, d.Path()) {
		t.Error("it is left")
	}
}

func TestSweepLeavesTheLiving(t *testing.T) {
	place := t.TempDir()
	d, err := New(place, prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	other := filepath.Join(place, "other")
	inTheMaking := filepath.Join(place, prefix+"new")
	linked := filepath.Join(place, prefix+"linked")
	for _, dir := range []string{other, inTheMaking, linked} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(d.Path(), lockName), filepath.Join(linked, lockName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(place, prefix+"link")); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(place, prefix); err != nil {
		t.Error(err)
	}
	for _, path := range []string{d.Path(), other, inTheMaking, linked, filepath.Join(place, prefix+"link")} {
		if !exists(t, path) {
			t.Errorf("%s is gone", path)
		}
	}
	if err := Sweep(filepath.Join(place, "nowhere"), prefix); err == nil {
		t.Error("a place that is none is swept")
	}
}

// TestSweptInTheMaking holds that nobody takes a directory for its own that was swept
// between the making of its lock file and the taking of its lock.
func TestSweptInTheMaking(t *testing.T) {
	path, file, err := begin(t.TempDir(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := sweep(path); err != nil {
		t.Fatal(err)
	}
	if d, err := hold(path, file); !errors.Is(err, lockfile.ErrHeld) {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestNewBesideSweeps holds that a directory stays, whoever sweeps meanwhile.
func TestNewBesideSweeps(t *testing.T) {
	place := t.TempDir()
	var sweeping sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		sweeping.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_ = Sweep(place, prefix) // others sweep the same
				}
			}
		})
	}
	for range 200 {
		d, err := New(place, prefix)
		if errors.Is(err, lockfile.ErrHeld) {
			continue // so often as nobody sweeps
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(d.Path(), "a"), 0o700); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	close(done)
	sweeping.Wait()
}

// TestSweepAfterACrash: this test runs itself as a process that makes a directory and
// is killed.
func TestSweepAfterACrash(t *testing.T) {
	if place := os.Getenv("SPOOL_TEST_CRASH"); place != "" {
		d, err := New(place, prefix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d.Path(), "film"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := os.FindProcess(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Kill()
		select {}
	}
	place := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestSweepAfterACrash$")
	cmd.Env = append(os.Environ(), "SPOOL_TEST_CRASH="+place)
	if err := cmd.Run(); err == nil {
		t.Fatal("it did not crash")
	}
	left, err := os.ReadDir(place)
	if err != nil || len(left) != 1 {
		t.Fatalf("left: %v, %v", left, err)
	}
	if err := Sweep(place, prefix); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(place); len(left) != 0 {
		t.Errorf("left after the sweep: %v", left)
	}
}

func TestFree(t *testing.T) {
	if free := Free(t.TempDir()); free <= 0 {
		t.Errorf("%d bytes are free", free)
	}
	if free := Free(filepath.Join(t.TempDir(), "nowhere")); free <= 0 {
		t.Errorf("%d bytes are free nowhere", free)
	}
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	if got := Place(); got != dir && os.TempDir() == dir {
		t.Errorf("%s, TMPDIR is %s", got, dir)
	}
}
