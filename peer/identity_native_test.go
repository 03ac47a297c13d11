//go:build !js

package peer_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/lanyap/lanyap/peer"
)

func TestLoadIdentity(t *testing.T) {
	t.Run("many processes at first use get one identity", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "state", "lanyap")
		ids := make([]peer.ID, 16)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				id, err := peer.LoadIdentity(dir)
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
	})
	t.Run("a file that cannot be used is refused and kept", func(t *testing.T) {
		for name, content := range map[string]string{
			"empty":     "",
			"garbage":   "not a key",
			"large":     strings.Repeat("x", 1<<20),
			"other PEM": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		} {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "identity.pem")
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := peer.LoadIdentity(dir); !errors.Is(err, peer.ErrIdentity) {
					t.Errorf("got %v, want ErrIdentity", err)
				}
				if kept, _ := os.ReadFile(path); string(kept) != content {
					t.Error("the file was changed")
				}
			})
		}
	})
	t.Run("a file open to others is refused", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("Windows has no such mode")
		}
		dir := t.TempDir()
		if _, err := peer.LoadIdentity(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, "identity.pem"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := peer.LoadIdentity(dir); !errors.Is(err, peer.ErrIdentity) {
			t.Errorf("got %v, want ErrIdentity", err)
		}
	})
}

func TestID(t *testing.T) {
	id := peer.NewIdentity().ID()
	if s := id.String(); len(s) != 52 || s != strings.ToLower(s) {
		t.Errorf("%q is not 52 lower-case characters", s)
	}
	if back, err := peer.ParseID(strings.ToUpper(id.String())); back != id || err != nil {
		t.Errorf("got %v, %v; want %v", back, err, id)
	}
	for _, bad := range []string{"", "a", id.String() + "a", strings.Repeat("1", 52), id.String()[1:]} {
		if _, err := peer.ParseID(bad); err == nil {
			t.Errorf("%q was taken for an ID", bad)
		}
	}
	in := id.Instance(peer.NewSalt())
	if back, err := peer.ParseInstance(in.String()); back != in || err != nil {
		t.Errorf("got %v, %v; want %v", back, err, in)
	}
	for _, bad := range []string{"", "00", "zzzzzzzzzzzzzzzz", in.String() + "00"} {
		if _, err := peer.ParseInstance(bad); err == nil {
			t.Errorf("%q was taken for an instance", bad)
		}
	}
}
