//go:build !js

package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"github.com/lanyap/lanyap/mesh/internal/store"
)

const room = "lan"

func openStore(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(path, room, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "history.db") }

func closeStore(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// add adds frames that were received now.
func add(s *store.Store, frames ...string) {
	for _, f := range frames {
		s.Add(store.Entry{Received: time.Now(), Frame: []byte(f)})
	}
}

// frames returns what a store holds.
func frames(t *testing.T, s *store.Store) []string {
	t.Helper()
	entries, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = string(e.Frame)
	}
	return list
}

func wantFrames(t *testing.T, s *store.Store, want ...string) {
	t.Helper()
	if got := frames(t, s); !slices.Equal(got, want) {
		t.Errorf("holds %d %.300q, want %d %.300q", len(got), got, len(want), want)
	}
}

// records returns how many entries a process that starts now would find.
func records(t *testing.T, path string) int {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := newPath(t)
	writeFile(t, copied, raw)
	db, err := bbolt.Open(copied, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	n := 0
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("entries v2")).ForEach(func(_, _ []byte) error {
			n++
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func numbered(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("message ", i+1)
	}
	return list
}

func TestRoundTrip(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	wantFrames(t, s)
	want := store.Entry{Received: time.Now().Add(-time.Hour), Frame: []byte("one")}
	s.Add(want)
	add(s, "two", "two", "", string(make([]byte, 66<<10)))
	all := []string{"one", "two", "two", "", string(make([]byte, 66<<10))}
	wantFrames(t, s, all...)
	closeStore(t, s)

	s = openStore(t, path)
	wantFrames(t, s, all...)
	entries, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	if got := entries[0].Received; got.UnixMilli() != want.Received.UnixMilli() {
		t.Errorf("received at %v, want %v", got, want.Received)
	}
	add(s, "six")
	closeStore(t, s)
	wantFrames(t, openStore(t, path), append(all, "six")...)
}

func TestClosed(t *testing.T) {
	before := runtime.NumGoroutine()
	s := openStore(t, newPath(t))
	closeStore(t, s)
	closeStore(t, s)
	for runtime.NumGoroutine() > before {
		runtime.Gosched() // done is closed by a goroutine that is about to end
	}
	add(s, "late")
	if _, err := s.Load(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Load after Close: %v, want %v", err, fs.ErrClosed)
	}
}

func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		big := make([]byte, 256<<10)
		fits := store.MaxBytes / len(big)
		tests := []struct {
			name string
			add  func(s *store.Store)
			want int
		}{
			{"entries", func(s *store.Store) { add(s, numbered(store.MaxEntries+500)...) }, store.MaxEntries},
			{"bytes", func(s *store.Store) {
				for range fits + 20 {
					s.Add(store.Entry{Received: time.Now(), Frame: big})
				}
			}, fits},
			{"age", func(s *store.Store) {
				for i := range 49 {
					s.Add(store.Entry{Received: start.Add(time.Duration(i-48) * time.Hour), Frame: []byte("x")})
				}
			}, 25},
			{"old among new", func(s *store.Store) {
				add(s, "new")
				s.Add(store.Entry{Received: start.Add(-store.MaxAge - time.Hour), Frame: big})
				add(s, "new")
			}, 2},
			{"never received", func(s *store.Store) { s.Add(store.Entry{Frame: big}) }, 0},
			{"too big for any file", func(s *store.Store) {
				add(s, "new")
				s.Add(store.Entry{Received: start, Frame: make([]byte, store.MaxBytes+1)})
			}, 1},
		}
		for _, tt := range tests {
			path := newPath(t)
			s := openStore(t, path)
			tt.add(s)
			if got := len(frames(t, s)); got != tt.want {
				t.Errorf("%s: %d are loaded, want %d", tt.name, got, tt.want)
			}
			closeStore(t, s)
			if got := records(t, path); got != tt.want {
				t.Errorf("%s: %d are in the file, want %d", tt.name, got, tt.want)
			}
		}
	})
}

func TestNewestAreKept(t *testing.T) {
	path := newPath(t)
	all := numbered(3 * store.MaxEntries)
	for part := range slices.Chunk(all, 700) {
		s := openStore(t, path)
		add(s, part...)
		closeStore(t, s)
	}
	wantFrames(t, openStore(t, path), all[2*store.MaxEntries:]...)
}

func TestFileStopsGrowing(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 60 MB")
	}
	path := newPath(t)
	s := openStore(t, path)
	for i := range 2000 {
		s.Add(store.Entry{Received: time.Now(), Frame: make([]byte, 1+i*7919%(64<<10))})
		if i%100 == 0 {
			frames(t, s)
		}
	}
	closeStore(t, s)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 4*store.MaxBytes {
		t.Errorf("the file has %d bytes", info.Size())
	}
}

func TestAgeEndsInAQuietRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := openStore(t, path)
		add(s, "old")
		time.Sleep(store.MaxAge)
		synctest.Wait()
		if got := records(t, path); got != 1 {
			t.Errorf("after 24 h the file holds %d entries, want it still", got)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := records(t, path); got != 0 {
			t.Errorf("10 minutes later the file holds %d entries", got)
		}
		closeStore(t, s)
	})
}

func TestEntryFromTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := openStore(t, path)
		s.Add(store.Entry{Received: time.Now().AddDate(1, 0, 0), Frame: []byte("x")})
		closeStore(t, s)
		time.Sleep(store.MaxAge - time.Hour)
		s = openStore(t, path)
		entries, err := s.Load()
		if err != nil || len(entries) != 1 || time.Since(entries[0].Received) != store.MaxAge-time.Hour {
			t.Errorf("loaded %v, %v, want an entry that was received when it was added", entries, err)
		}
		time.Sleep(2 * time.Hour)
		wantFrames(t, s)
		closeStore(t, s)
	})
}

func TestBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newPath(t)
		s := openStore(t, path)
		add(s, "one")
		time.Sleep(100 * time.Millisecond)
		add(s, "two")
		time.Sleep(99 * time.Millisecond)
		synctest.Wait()
		if got := records(t, path); got != 0 {
			t.Errorf("after 199 ms the file holds %d, want nothing yet", got)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := records(t, path); got != 2 {
			t.Errorf("after 200 ms the file holds %d, want both", got)
		}
		add(s, numbered(256)...)
		synctest.Wait()
		if got := records(t, path); got != 258 {
			t.Errorf("the file holds %d, want 256 more at once", got)
		}
		closeStore(t, s)
	})
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no mode bits")
	}
	path := filepath.Join(t.TempDir(), "deep", "dir", "history.db")
	s := openStore(t, path)
	closeStore(t, s)
	for place, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700, filepath.Dir(filepath.Dir(path)): 0o700} {
		info, err := os.Stat(place)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %04o, want %04o", place, got, want)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, path, nil)
}

// wantRefused opens a file that is not to be opened, and not to be changed.
func wantRefused(t *testing.T, path string, want error) {
	t.Helper()
	before, _ := os.ReadFile(path)
	s, err := store.Open(path, room, store.Options{})
	if err == nil {
		s.Close()
		t.Errorf("%s was opened", path)
		return
	}
	if want != nil && !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
	if !bytes.Contains([]byte(err.Error()), []byte(path)) {
		t.Errorf("error %v does not name the file", err)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the file was changed")
	}
}

func TestHeld(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	wantRefused(t, path, store.ErrHeld)
	closeStore(t, s)
	openStore(t, path)
}

func TestOneOfManyHoldsIt(t *testing.T) {
	path := newPath(t)
	for _, state := range []string{"new", "there"} {
		const many = 8
		results := make(chan *store.Store, many)
		for range many {
			go func() {
				s, err := store.Open(path, room, store.Options{})
				if err != nil && !errors.Is(err, store.ErrHeld) {
					t.Errorf("%s: %v", state, err)
				}
				results <- s
			}()
		}
		var holders []*store.Store
		for range many {
			if s := <-results; s != nil {
				holders = append(holders, s)
			}
		}
		if len(holders) != 1 {
			t.Errorf("%s: %d hold the file, want 1", state, len(holders))
		}
		for _, s := range holders {
			closeStore(t, s)
		}
	}
}

func TestOtherRoom(t *testing.T) {
	path := newPath(t)
	s, err := store.Open(path, "other", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	wantRefused(t, path, store.ErrRoom)
}
