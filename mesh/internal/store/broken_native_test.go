//go:build !js

package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/lanyap/lanyap/mesh/internal/store"
)

func writeFile(t *testing.T, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestForeignFiles(t *testing.T) {
	text := newPath(t)
	writeFile(t, text, bytes.Repeat([]byte("Dear diary\n"), 10_000))
	short := newPath(t)
	writeFile(t, short, []byte("x"))
	zeros := newPath(t)
	writeFile(t, zeros, make([]byte, 1<<20))
	database := newPath(t)
	db, err := bbolt.Open(database, 0o600, &bbolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("widgets"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	for _, path := range []string{text, short, zeros, database} {
		wantRefused(t, path, store.ErrBroken)
	}
	wantRefused(t, t.TempDir(), store.ErrBroken)
	wantRefused(t, filepath.Join(text, "below"), nil)
}

func TestEmptyFiles(t *testing.T) {
	path := newPath(t)
	writeFile(t, path, nil)
	s := openStore(t, path)
	add(s, "x")
	wantFrames(t, s, "x")
	closeStore(t, s)

	path = newPath(t)
	db, err := bbolt.Open(path, 0o600, nil) // and ended before anything was in it
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	wantFrames(t, openStore(t, path))
}

func TestRecordsThatMakeNoSense(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	add(s, "one", "two")
	closeStore(t, s)
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("entries v2"))
		_, err := b.CreateBucket([]byte("bucket "))
		return errors.Join(err,
			b.Put([]byte("short"), []byte("a value that is long enough")),
			b.Put([]byte("\x00\x00\x00\x00\x00\x00\x00\x07"), []byte("short")),
			b.Put([]byte("\xff\xff\xff\xff\xff\xff\xff\xff"), make([]byte, 100)))
	})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	s = openStore(t, path)
	add(s, "three")
	wantFrames(t, s, "one", "two", "three")
	closeStore(t, s)
	wantFrames(t, openStore(t, path), "one", "two", "three")
}

// TestBrokenFiles damages a file in many ways. Whatever a store makes of it,
// it neither panics nor hangs, and what it returns is what was added.
func TestBrokenFiles(t *testing.T) {
	path := newPath(t)
	s := openStore(t, path)
	added := make(map[string]bool)
	for i := range 300 {
		frame := fmt.Sprintf("%04d%s", i, make([]byte, i*i%9000))
		added[frame] = true
		add(s, frame)
		if i%50 == 0 {
			frames(t, s) // several transactions
		}
	}
	closeStore(t, s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	refused := 0
	runs := 150
	if testing.Short() {
		runs = 6
	}
	for i := range runs {
		raw := bytes.Clone(whole)
		switch i % 3 {
		case 0: // cut short
			raw = raw[:rnd.IntN(len(raw))]
		case 1: // a page lost
			page := rnd.IntN(len(raw)/4096) * 4096
			clear(raw[page : page+4096])
		case 2: // a sector of noise
			sector := rnd.IntN(len(raw)/512) * 512
			for j := range 512 {
				raw[sector+j] = byte(rnd.Uint32())
			}
		}
		broken := filepath.Join(t.TempDir(), "history.db")
		writeFile(t, broken, raw)
		s, err := store.Open(broken, room, store.Options{})
		if err != nil {
			refused++
			wantRefused(t, broken, nil)
			continue
		}
		entries, err := s.Load()
		for _, e := range entries {
			if i%3 == 0 && !added[string(e.Frame)] {
				t.Errorf("a file that was cut short holds a frame that was never added")
			}
		}
		if err == nil {
			for range 300 {
				add(s, string(make([]byte, 3000)))
			}
		}
		s.Close()
	}
	t.Logf("%d of %d were refused", refused, runs)
}

// TestFilesOfOtherVersions holds that what another version wrote, an older one or
// one to come, is refused as that and left alone.
func TestFilesOfOtherVersions(t *testing.T) {
	for _, version := range []string{"entries v1", "entries v3", "entries v10"} {
		path := newPath(t)
		db, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bbolt.Tx) error {
			meta, err := tx.CreateBucket([]byte("lanyap history"))
			if err != nil {
				return err
			}
			if _, err := tx.CreateBucket([]byte(version)); err != nil {
				return err
			}
			return meta.Put([]byte("room"), []byte("lan"))
		})
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		wantRefused(t, path, store.ErrVersion)
	}
}
