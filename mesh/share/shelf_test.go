package share_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/peer"
)

// library is two of whom one has a shelf of music.
func library(t *testing.T, cfg share.Config, readers ...peer.ID) (ana, bo *person, dir string, shelf *share.Shelf) {
	t.Helper()
	r := newRoom(t)
	ana, bo = r.with("ana", cfg), r.enter("bo")
	meet(t, ana, bo)
	dir = filepath.Join(t.TempDir(), "music")
	file(t, filepath.Join(dir, "jazz", "one.ogg"), 1000)
	file(t, filepath.Join(dir, "jazz", "two.ogg"), 300<<10)
	file(t, filepath.Join(dir, "jazz", "cover.png"), 10)
	file(t, filepath.Join(dir, "rock", "three.ogg"), 30<<20)
	shelf, err := ana.sharer.Share(dir, readers...)
	if err != nil {
		t.Fatal(err)
	}
	return ana, bo, dir, shelf
}

func paths(entries []share.Entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Path)
	}
	return all
}

func TestShelvesAreListed(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _, _ := library(t, share.Config{})
		at := ana.node.Self().Member
		shelves, err := bo.sharer.Shelves(t.Context(), at)
		if err != nil || !slices.Equal(paths(shelves), []string{"music"}) || !shelves[0].Dir {
			t.Errorf("shelves: %+v, %v", shelves, err)
		}
		for path, want := range map[string][]string{
			"music":           {"music/jazz", "music/rock"},
			"music/":          {"music/jazz", "music/rock"},
			"music/jazz":      {"music/jazz/cover.png", "music/jazz/one.ogg", "music/jazz/two.ogg"},
			"music/*/t*.ogg":  {"music/jazz/two.ogg", "music/rock/three.ogg"},
			"music/rock/thr*": {"music/rock/three.ogg"},
		} {
			entries, err := bo.sharer.List(t.Context(), at, path)
			if err != nil || !slices.Equal(paths(entries), want) {
				t.Errorf("%s: %v, %v, want %v", path, paths(entries), err, want)
			}
		}
		one, err := bo.sharer.List(t.Context(), at, "music/jazz/one.ogg")
		if err != nil || len(one) != 1 || one[0].Size != 1000 || one[0].Dir || one[0].Time.IsZero() {
			t.Errorf("a file: %+v, %v", one, err)
		}
	})
}

func TestGet(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, dir, _ := library(t, share.Config{})
		at := ana.node.Self().Member
		for _, path := range []string{"music/jazz", "music/rock/*"} {
			tr, err := bo.sharer.Get(t.Context(), at, path, share.Destination{Dir: bo.home})
			if err != nil {
				t.Fatal(err)
			}
			done(t, tr)
		}
		same(t, filepath.Join(dir, "jazz"), filepath.Join(bo.home, "jazz"))
		if _, err := os.Stat(filepath.Join(bo.home, "three.ogg")); err != nil {
			t.Error(err)
		}
	})
}

// Who may not read a shelf is told the same as if there were none.
func TestShelfForSome(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _, _ := library(t, share.Config{}, peer.NewIdentity().ID())
		at := ana.node.Self().Member
		shelves, err := bo.sharer.Shelves(t.Context(), at)
		if err != nil || len(shelves) != 0 {
			t.Errorf("shelves: %+v, %v", shelves, err)
		}
		for _, path := range []string{"music", "music/jazz/one.ogg", "nothing"} {
			if _, err := bo.sharer.List(t.Context(), at, path); !errors.Is(err, share.ErrNotFound) {
				t.Errorf("%s: %v", path, err)
			}
			if _, err := bo.sharer.Get(t.Context(), at, path, share.Destination{Dir: bo.home}); !errors.Is(err, share.ErrNotFound) {
				t.Errorf("%s: %v", path, err)
			}
		}
		if _, err := ana.sharer.Share(ana.home, bo.id.ID()); err != nil {
			t.Fatal(err)
		}
		if shelves, err := bo.sharer.Shelves(t.Context(), at); err != nil || len(shelves) != 1 {
			t.Errorf("shelves: %+v, %v", shelves, err)
		}
	})
}

// A path that leaves the shelf, or a link that does, names nothing.
func TestPathThatLeavesTheShelf(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, dir, _ := library(t, share.Config{})
		at := ana.node.Self().Member
		secret := file(t, filepath.Join(filepath.Dir(dir), "secret"), 10)
		if err := os.Symlink(secret, filepath.Join(dir, "link")); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		for _, path := range []string{"music/../secret", "music/./jazz", "../music", "music/link", "music/jazz/../../secret", "music//secret", "music/jazz/..", "music/\x00", "/etc/passwd"} {
			if entries, err := bo.sharer.List(t.Context(), at, path); !errors.Is(err, share.ErrNotFound) {
				t.Errorf("%q: %v, %v", path, paths(entries), err)
			}
			if _, err := bo.sharer.Get(t.Context(), at, path, share.Destination{Dir: bo.home}); !errors.Is(err, share.ErrNotFound) {
				t.Errorf("%q: %v", path, err)
			}
		}
		nothing(t, bo.home)
	})
}

func TestGetGoesOnAfterACut(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, dir, _ := library(t, share.Config{UploadLimit: 1 << 20})
		tr, err := bo.sharer.Get(context.Background(), ana.node.Self().Member, "music/rock", share.Destination{Dir: bo.home})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(15 * time.Second)
		bo.host.Cut()
		time.Sleep(time.Minute)
		bo.host.Heal()
		done(t, tr)
		same(t, filepath.Join(dir, "rock"), filepath.Join(bo.home, "rock"))
		if p := tr.Progress(); p.Received > 30<<20+30<<20/100 {
			t.Errorf("%d bytes received of %d", p.Received, p.Bytes)
		}
	})
}

func TestShelfThatIsTakenDown(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _, shelf := library(t, share.Config{UploadLimit: 1 << 20})
		at := ana.node.Self().Member
		tr, err := bo.sharer.Get(context.Background(), at, "music/rock", share.Destination{Dir: bo.home})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		shelf.Close()
		wantErr(t, tr, share.ErrNotFound)
		if _, err := bo.sharer.List(t.Context(), at, "music"); !errors.Is(err, share.ErrNotFound) {
			t.Errorf("listed after that: %v", err)
		}
		nothing(t, bo.home)
	})
}

func TestTwoShelvesOfOneName(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, _, _, shelf := library(t, share.Config{})
		again := filepath.Join(t.TempDir(), "music")
		if err := os.Mkdir(again, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := ana.sharer.Share(again); err == nil {
			t.Error("two shelves of one name")
		}
		shelf.Close()
		if _, err := ana.sharer.Share(again); err != nil {
			t.Error(err)
		}
	})
}

// Who asks for too much at once is told so.
func TestTooManyRequests(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _, _ := library(t, share.Config{UploadLimit: 1 << 20})
		at := ana.node.Self().Member
		var all []*share.Transfer
		for i := range 8 {
			name := string(rune('a' + i))
			file(t, filepath.Join(filepath.Dir(bo.home), name), 1)
			dir := filepath.Join(t.TempDir(), name)
			file(t, filepath.Join(dir, name), 5<<20)
			if _, err := ana.sharer.Share(dir); err != nil {
				t.Fatal(err)
			}
			tr, err := bo.sharer.Get(context.Background(), at, name, share.Destination{Dir: bo.home})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, tr)
		}
		if _, err := bo.sharer.List(t.Context(), at, "music"); !errors.Is(err, share.ErrBusy) {
			t.Errorf("a ninth request: %v", err)
		}
		done(t, all...)
		if _, err := bo.sharer.List(t.Context(), at, "music"); err != nil {
			t.Error(err)
		}
	})
}

// TestIdleReaders holds that who opens places on a shelf and then asks for nothing
// does not keep room there for ever.
func TestIdleReaders(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		bo, c := withCrook(t, share.Config{})
		if _, err := bo.sharer.Share(folder(t, filepath.Join(t.TempDir(), "music"), 3, 100)); err != nil {
			t.Fatal(err)
		}
		for range 8 {
			c.dial(bo).say(proto.AppendPath(nil, proto.Open, "music"))
		}
		synctest.Wait()
		ask := func() proto.Kind {
			l := c.dial(bo)
			l.say(proto.AppendPath(nil, proto.List, "music"))
			kind, _, _ := l.hear(proto.Entries)
			return kind
		}
		if kind := ask(); kind != proto.Bye {
			t.Errorf("beside as many opens as there may be it answers %v", kind)
		}
		time.Sleep(6 * time.Minute)
		if kind := ask(); kind != proto.Entries {
			t.Errorf("after they were silent it answers %v", kind)
		}
	})
}
