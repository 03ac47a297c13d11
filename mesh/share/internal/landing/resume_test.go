package landing_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

func TestGoesOnWhereItEnded(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.setRoots(t, l)
	c.write(t, l, 0, 2, 4, 6)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = p.open(t, c)
	for i := range c.Pieces() {
		if want := i < 8 && i%2 == 0; l.Has(i) != want {
			t.Errorf("piece %d is had: %v, want %v", i, l.Has(i), want)
		}
	}
	for e := range c.Len() {
		// Of a file of one piece the root is the piece's hash.
		if root, known := l.Root(e); c.PiecesOf(e).Count > 1 && (!known || root != c.root(e)) {
			t.Errorf("the root of %s is not known any more", c.Path(e))
		}
	}
	c.write(t, l, wanted(l)...) // no root is said again
	if _, err := l.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.Close()
	p.want(t, c.data)
	p.wantNothingLeft(t)
}

func TestNothingIsWrittenBeforeItIsVerified(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, 0)
	l.Close()
	l, err := landing.Open(c.Manifest, p.Options)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	data, hash := c.piece(1)
	if err := l.WritePiece(1, hash, data); !errors.Is(err, landing.ErrUnverified) {
		t.Errorf("a piece before Verify: %v", err)
	}
	if l.Has(0) {
		t.Error("what nobody verified is had")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Verify(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify that is canceled: %v", err)
	}
	var done, total int64
	if err := l.Verify(t.Context(), func(d, all int64) { done, total = d, all }); err != nil {
		t.Fatal(err)
	}
	if _, n := c.Piece(0), int64(c.Piece(0).Length); done != n || total != n {
		t.Errorf("%d of %d bytes were verified, want %d", done, total, n)
	}
	if !l.Has(0) {
		t.Error("what was verified is not had")
	}
}

// damage is what may have become of a partial when it is taken up again.
func TestOnlyWhatIsRightCountsWhenItGoesOn(t *testing.T) {
	tests := map[string]func(t *testing.T, p place, journal string){
		"a file is gone":         func(t *testing.T, p place, _ string) { remove(t, filepath.Join(p.stage(t), "film")) },
		"a file is short":        func(t *testing.T, p place, _ string) { truncate(t, filepath.Join(p.stage(t), "film"), tree.MinPiece+7) },
		"a file has other bytes": func(t *testing.T, p place, _ string) { scribble(t, filepath.Join(p.stage(t), "slides/one")) },
		"a file is a folder":     func(t *testing.T, p place, _ string) { swap(t, filepath.Join(p.stage(t), "film"), os.Mkdir) },
		"a folder is a file":     func(t *testing.T, p place, _ string) { swap(t, filepath.Join(p.stage(t), "slides"), file) },
		"the stage is gone":      func(t *testing.T, p place, _ string) { remove(t, p.stage(t)) },
		"the stage is a file":    func(t *testing.T, p place, _ string) { swap(t, p.stage(t), file) },
		"all hashes are gone":    func(t *testing.T, _ place, j string) { truncate(t, filepath.Join(j, "hashes"), 0) },
		"half a hash is gone":    func(t *testing.T, _ place, j string) { truncate(t, filepath.Join(j, "hashes"), 50) },
		"all roots are gone":     func(t *testing.T, _ place, j string) { truncate(t, filepath.Join(j, "roots"), 0) },
		"roots are others":       func(t *testing.T, _ place, j string) { scribble(t, filepath.Join(j, "roots")) },
		"hashes are others":      func(t *testing.T, _ place, j string) { scribble(t, filepath.Join(j, "hashes")) },
		"records are nonsense":   func(t *testing.T, _ place, j string) { scribble(t, filepath.Join(j, "have")) },
		"half a record is there": func(t *testing.T, _ place, j string) { truncate(t, filepath.Join(j, "have"), 13) },
		"moves are nonsense": func(t *testing.T, _ place, j string) {
			fill(t, j, map[string][]byte{"moves": []byte(`{"item":7}{"item":-1,"done":true}{"ite`)})
		},
		"about is nonsense": func(t *testing.T, _ place, j string) { fill(t, j, map[string][]byte{"about": []byte(`{"version":`)}) },
		"about is of another age": func(t *testing.T, _ place, j string) {
			fill(t, j, map[string][]byte{"about": []byte(`{"version":99}`)})
		},
		"about leads elsewhere": func(t *testing.T, p place, j string) {
			fill(t, j, map[string][]byte{"about": []byte(`{"version":1,"dir":"` + filepath.ToSlash(p.Dir) + `","stage":"../x"}`)})
		},
		"the journal is gone":     func(t *testing.T, _ place, j string) { remove(t, j) },
		"the lock is gone":        func(t *testing.T, _ place, j string) { remove(t, filepath.Join(j, "lock")) },
		"the manifest is another": func(t *testing.T, _ place, j string) { scribble(t, filepath.Join(j, "manifest")) },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			p, c := newPlace(t), sample(t)
			l := p.open(t, c)
			c.setRoots(t, l)
			pieces := numbered(c.Pieces())
			c.write(t, l, pieces[:len(pieces)-2]...)
			l.Close()
			damage(t, p, filepath.Join(p.State, "partials", c.Key().String()))
			l = p.open(t, c)
			c.finish(t, l)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			got := read(t, p.Dir)
			for path := range got {
				if len(path) > 7 && path[:8] == ".lanyap-" {
					remove(t, filepath.Join(p.Dir, path)) // of a journal that is lost
				}
			}
			p.want(t, c.data)
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// scribble changes every byte of a file.
func scribble(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] ^= 0x5a
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// swap puts something else in the place of what is at a path.
func swap(t *testing.T, path string, as func(string, os.FileMode) error) {
	t.Helper()
	remove(t, path)
	if err := as(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func file(path string, mode os.FileMode) error { return os.WriteFile(path, []byte("x"), mode) }

func TestItemsThatHaveLandedStayLanded(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, c.PiecesOf(c.entry(t, "text.txt")).First, 0)
	if _, err := l.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.Close()
	// Whoever uses it does what they want with it.
	remove(t, filepath.Join(p.Dir, "text.txt"))
	l = p.open(t, c)
	wantNames(t, p, c.finish(t, l), "film", "slides")
	l.Close()
	if _, err := os.Lstat(filepath.Join(p.Dir, "text.txt")); err == nil {
		t.Error("what had landed has landed again")
	}
	p.wantNothingLeft(t)
}

func TestSameContentIsReceivedAgain(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.receive(t, c)
	l := p.open(t, c)
	if n := c.adopt(t, l); n != 6 {
		t.Errorf("%d files are the same, want 6", n)
	}
	if n := l.Wanted().Count(); n != 0 {
		t.Errorf("%d pieces are wanted of what is there", n)
	}
	landed := c.finish(t, l)
	wantNames(t, p, landed, "film, skipped", "slides, skipped", "text.txt, skipped")
	l.Close()
	p.want(t, c.data)
	p.wantNothingLeft(t)
}

func TestPartialMovesToAnotherDestination(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, 0, 1)
	l.Close()
	old := p.Dir
	p.Dir = t.TempDir()
	l = p.open(t, c)
	if !l.Has(0) || !l.Has(1) {
		t.Error("what was there is not had")
	}
	c.finish(t, l)
	l.Close()
	p.want(t, c.data)
	place{landing.Options{Dir: old}}.want(t, nil)
	p.wantNothingLeft(t)
}

func TestPartialsAreListed(t *testing.T) {
	p, c := newPlace(t), sample(t)
	if all, err := landing.Partials(p.State); err != nil || len(all) != 0 {
		t.Errorf("before all: %v, %v", all, err)
	}
	l := p.open(t, c)
	c.write(t, l, 0, 1)
	other := send(t, map[string][]byte{"other": []byte("other")})
	o := p.open(t, other)
	defer o.Close()
	l.Close()
	all, err := landing.Partials(p.State)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d partials, want 2: %v", len(all), err)
	}
	one, two := all[0], all[1]
	if one.Key != c.Key() {
		one, two = two, one
	}
	if one.Key != c.Key() || one.From != "ID" || one.Name != "bo" || one.Dir != p.Dir || one.Held {
		t.Errorf("the partial is %+v", one)
	}
	if one.Files != 7 || one.Size != c.Size() || one.Have != 2*tree.MinPiece || len(one.Items) != 3 {
		t.Errorf("%d files, %d bytes, %d here, %d items", one.Files, one.Size, one.Have, len(one.Items))
	}
	if it := one.Items[1]; it.Name != "slides" || !it.Dir || it.Files != 5 {
		t.Errorf("the second item is %+v", it)
	}
	if !two.Held || two.Key != other.Key() {
		t.Errorf("the other is %+v", two)
	}
}

func TestPartialsAreRemovedAfterAWeek(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, 0)
	l.Close()
	journal := filepath.Join(p.State, "partials", c.Key().String())
	age(t, p, c, landing.Week-time.Hour)
	other := place{p.Options}
	other.Dir = t.TempDir()
	other.receive(t, send(t, map[string][]byte{"other": nil}))
	if _, err := os.Stat(journal); err != nil {
		t.Fatal("it was removed before a week was over")
	}
	age(t, p, c, landing.Week+time.Hour)
	other.receive(t, send(t, map[string][]byte{"third": nil}))
	p.want(t, nil)
	p.wantNothingLeft(t)
}

func TestCleanRemovesAllButWhatIsReceivedNow(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, 0)
	l.Close()
	other := send(t, map[string][]byte{"other": []byte("other")})
	o := p.open(t, other)
	removed, err := landing.Clean(p.State, 0)
	if err != nil || len(removed) != 1 || removed[0].Key != c.Key() {
		t.Errorf("removed %+v: %v", removed, err)
	}
	other.finish(t, o)
	o.Close()
	p.want(t, other.data)
	p.wantNothingLeft(t)
	if removed, err := landing.Clean(filepath.Join(p.State, "nowhere"), 0); err != nil || removed != nil {
		t.Errorf("where nothing ever was: %v, %v", removed, err)
	}
}

func TestPartialOfADiskThatIsOutIsKeptLonger(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, 0)
	l.Close()
	out := p.Dir + ".out"
	if err := os.Rename(p.Dir, out); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(out)
	age(t, p, c, landing.Week+time.Hour)
	if removed, err := landing.Clean(p.State, landing.Week); err != nil || len(removed) != 0 {
		t.Fatalf("after a week: %v, %v", removed, err)
	}
	age(t, p, c, 8*landing.Week+time.Hour)
	if removed, err := landing.Clean(p.State, landing.Week); err != nil || len(removed) != 1 {
		t.Fatalf("after eight: %v, %v", removed, err)
	}
	p.wantNothingLeftInState(t)
}

// age makes the journal of a content as old as that.
func age(t *testing.T, p place, c *content, d time.Duration) {
	t.Helper()
	journal := filepath.Join(p.State, "partials", c.Key().String())
	entries, err := os.ReadDir(journal)
	if err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-d)
	for _, e := range entries {
		if err := os.Chtimes(filepath.Join(journal, e.Name()), then, then); err != nil {
			t.Fatal(err)
		}
	}
}
