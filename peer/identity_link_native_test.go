//go:build !js

package peer

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestIdentityWithoutHardLinks has many processes start at once for the first
// time, on a file system that has no hard links: they are one person.
func TestIdentityWithoutHardLinks(t *testing.T) {
	noLinks := func(from, to string) error { return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM} }
	for range 20 {
		dir := filepath.Join(t.TempDir(), "state")
		ids := make([]ID, 16)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				id, err := loadIdentity(dir, noLinks)
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = id.ID()
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] || id.IsZero() {
				t.Fatalf("got %v and %v", id, ids[0])
			}
		}
		entries, _ := os.ReadDir(dir)
		if len(entries) != 1 {
			t.Errorf("%d files are left in the directory, want 1", len(entries))
		}
		info, err := os.Stat(filepath.Join(dir, identityFile))
		if err != nil || openToOthers(info) {
			t.Errorf("got %v, %v", info.Mode(), err)
		}
	}
}

// TestIdentityWithoutModes is about a file system on which everybody reads
// everything.
func TestIdentityWithoutModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access is not a matter of modes there")
	}
	file, err := os.OpenFile(filepath.Join(t.TempDir(), identityFile), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Chmod(0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeKey(file, []byte("key")); !errors.Is(err, ErrIdentity) || !strings.Contains(err.Error(), "other users") {
		t.Errorf("got %v, want ErrIdentity with the reason", err)
	}
	if _, err := os.Stat(file.Name()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file is left: %v", err)
	}
}
