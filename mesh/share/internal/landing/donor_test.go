package landing_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
)

// changedFolder leaves a partial of sample in which text.txt and a piece of film
// are missing, and returns what is sent when slides/one has changed since.
func changedFolder(t *testing.T, p place) (before, after *content) {
	t.Helper()
	before = sample(t)
	l := p.open(t, before)
	pieces := numbered(before.Pieces())
	before.write(t, l, pieces[1:len(pieces)-1]...)
	before.setRoots(t, l)
	l.Close()
	return before, send(t, with(before.data, map[string][]byte{"slides/one": noise(7, 1001)}))
}

func TestPartialOfAnotherContentGives(t *testing.T) {
	p := newPlace(t)
	old, c := changedFolder(t, p)
	l := p.open(t, c)
	if n := len(l.Existing()); n != 3 {
		t.Errorf("%d files may be there, want those that are complete", n)
	}
	if n := c.adopt(t, l); n != 3 {
		t.Errorf("%d files are taken, want run.sh, wide and config", n)
	}
	one := c.PiecesOf(c.entry(t, "slides/one"))
	film := c.PiecesOf(c.entry(t, "film"))
	if w := l.Wanted(); w.Count() != film.Count+2 || w.CountRun(one) != 1 || w.CountRun(film) != film.Count {
		t.Errorf("%d pieces are wanted, want those of film, text.txt and what has changed", w.Count())
	}
	l.Close() // it is kept like what was fetched
	l = p.open(t, c)
	if w := l.Wanted(); w.Count() != film.Count+2 {
		t.Errorf("%d pieces are wanted by the next run", w.Count())
	}
	c.finish(t, l)
	l.Close()
	if removed, err := landing.Clean(p.State, 0); err != nil || len(removed) != 1 || removed[0].Key != old.Key() {
		t.Errorf("removed %v: %v", removed, err)
	}
	p.want(t, c.data)
	p.wantNothingLeft(t)
	for _, name := range []string{"slides/run.sh", "slides/deep/er/wide"} {
		if info := mustExist(t, filepath.Join(p.Dir, name)); !info.ModTime().Equal(changed) {
			t.Errorf("%s was changed %v, want %v", name, info.ModTime(), changed)
		}
	}
}

func TestPartialOfAnotherContentThatGivesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, p place, old *content)
		want  int // files that are taken
	}{
		"since it is received now": {func(t *testing.T, p place, old *content) { p.open(t, old) }, 0},
		"since it is elsewhere": {func(t *testing.T, p place, old *content) {
			p.Dir = t.TempDir()
			p.open(t, old).Close()
		}, 0},
		"since it is gone":            {func(t *testing.T, p place, _ *content) { remove(t, p.stage(t)) }, 0},
		"where files are others":      {func(t *testing.T, p place, _ *content) { forge(t, filepath.Join(p.stage(t), "slides/run.sh")) }, 2},
		"where files are longer":      {func(t *testing.T, p place, _ *content) { truncate(t, filepath.Join(p.stage(t), "slides/run.sh"), 20) }, 2},
		"where a file is a folder":    {func(t *testing.T, p place, _ *content) { swap(t, filepath.Join(p.stage(t), "slides/run.sh"), os.Mkdir) }, 2},
		"where a folder is a file":    {func(t *testing.T, p place, _ *content) { swap(t, filepath.Join(p.stage(t), "slides/deep"), file) }, 2},
		"where a file can be run":     {func(t *testing.T, p place, _ *content) { mayRun(t, filepath.Join(p.stage(t), "slides/deep/er/wide")) }, 2},
		"where nothing is the matter": {func(*testing.T, place, *content) {}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			old, c := changedFolder(t, p)
			test.spoil(t, p, old)
			l := p.open(t, c)
			if n := c.adopt(t, l); n != test.want {
				t.Errorf("%d files are taken, want %d", n, test.want)
			}
			c.finish(t, l)
			l.Close()
		})
	}
}

func mayRun(t *testing.T, path string) {
	t.Helper()
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

// forge changes every byte of a file, and nothing else.
func forge(t *testing.T, path string) {
	t.Helper()
	scribble(t, path)
	if err := os.Chtimes(path, changed, changed); err != nil {
		t.Fatal(err)
	}
}
