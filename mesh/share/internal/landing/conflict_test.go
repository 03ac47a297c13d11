package landing_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// there is what a destination holds before sample comes.
var there = map[string][]byte{
	"film":             []byte("mine"),
	"film (2)":         []byte("mine too"),
	"slides/one":       []byte("mine"),
	"slides/mine":      []byte("mine"),
	"slides/deep/mine": []byte("mine"),
	"text.txt":         []byte("world"),
}

func TestRename(t *testing.T) {
	p, c := newPlace(t), sample(t)
	fill(t, p.Dir, there)
	landed := p.receive(t, c)
	wantNames(t, p, landed, "film (3)", "slides (2)", "text (2).txt")
	want := with(there, nil)
	for path, data := range c.data {
		path = strings.Replace(path, "film", "film (3)", 1)
		path = strings.Replace(path, "slides", "slides (2)", 1)
		path = strings.Replace(path, "text.txt", "text (2).txt", 1)
		want[path] = data
	}
	p.want(t, want)
	p.wantNothingLeft(t)
}

func TestSkip(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.Conflict = landing.Skip
	fill(t, p.Dir, there)
	l := p.open(t, c)
	for _, e := range []string{"film", "text.txt", "slides/one"} {
		if run := c.PiecesOf(c.entry(t, e)); l.Wanted().CountRun(run) != 0 {
			t.Errorf("%s is wanted, and is there", e)
		}
	}
	for path, settled := range map[string]bool{"film": true, "text.txt": true, "slides/run.sh": false, "slides/nothing": true, "slides": true} {
		if got := l.Settled(c.entry(t, path)); got != settled {
			t.Errorf("%s is settled: %v, want %v", path, got, settled)
		}
	}
	if n := len(l.Skipped()); n != 3 {
		t.Errorf("%d files are skipped, want 3", n)
	}
	c.write(t, l, 0) // is no fault
	landed := c.finish(t, l)
	l.Close()
	wantNames(t, p, landed, "film, skipped", "slides", "text.txt, skipped")
	p.want(t, with(c.data, there))
	p.wantNothingLeft(t)
}

func TestOverwrite(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.Conflict = landing.Overwrite
	fill(t, p.Dir, there)
	landed := p.receive(t, c)
	wantNames(t, p, landed, "film", "slides", "text.txt")
	p.want(t, with(there, c.data))
	p.wantNothingLeft(t)
}

// What appears while the rest comes is treated as if it had been there.
func TestNameIsTakenMeanwhile(t *testing.T) {
	for name, test := range map[string]struct {
		conflict landing.Conflict
		landed   []string
	}{
		"rename":    {landing.Rename, []string{"film (3)", "slides (2)", "text (2).txt"}},
		"skip":      {landing.Skip, []string{"film, skipped", "slides", "text.txt, skipped"}},
		"overwrite": {landing.Overwrite, []string{"film", "slides", "text.txt"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, c := newPlace(t), sample(t)
			p.Conflict = test.conflict
			l := p.open(t, c)
			c.setRoots(t, l)
			c.write(t, l, wanted(l)...)
			fill(t, p.Dir, there)
			landed := c.finish(t, l)
			l.Close()
			wantNames(t, p, landed, test.landed...)
			switch test.conflict {
			case landing.Skip:
				p.want(t, with(c.data, there))
			case landing.Overwrite:
				p.want(t, with(there, c.data))
			}
			p.wantNothingLeft(t)
		})
	}
}

func TestFolderIsNotReplaced(t *testing.T) {
	tests := map[string]map[string][]byte{
		"a folder in the place of a file":         {"film/mine": nil},
		"a file in the place of a folder":         {"slides": nil},
		"a folder in the place of a file further": {"slides/one/mine": nil},
		"a file in the place of a folder further": {"slides/deep": nil},
	}
	for name, before := range tests {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late %v", name, late), func(t *testing.T) {
				p, c := newPlace(t), sample(t)
				p.Conflict = landing.Overwrite
				if !late {
					fill(t, p.Dir, before)
					_, err := landing.Open(c.Manifest, p.Options)
					wantInTheWay(t, p, err)
					p.want(t, before)
					p.wantNothingLeft(t)
					return
				}
				l := p.open(t, c)
				c.setRoots(t, l)
				c.write(t, l, wanted(l)...)
				fill(t, p.Dir, before)
				_, err := l.Finish(t.Context())
				wantInTheWay(t, p, err)
				for path, data := range before {
					if got, err := os.ReadFile(filepath.Join(p.Dir, path)); err != nil || string(got) != string(data) {
						t.Errorf("%s was changed: %v", path, err)
					}
				}
				for path := range before {
					remove(t, filepath.Join(p.Dir, strings.TrimSuffix(path, "/mine")))
				}
				if _, err := l.Finish(t.Context()); err != nil || !l.Done() {
					t.Errorf("with nothing in the way any more: %v", err)
				}
				l.Close()
				p.wantNothingLeft(t)
			})
		}
	}
}

func wantInTheWay(t *testing.T, p place, err error) {
	t.Helper()
	var where *landing.Error
	if !errors.Is(err, landing.ErrInTheWay) || !errors.As(err, &where) || !strings.HasPrefix(where.Path, p.Dir) {
		t.Fatalf("with something in the way: %v", err)
	}
}

func TestSkipLeavesWhatIsOfAnotherKind(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.Conflict = landing.Skip
	before := map[string][]byte{"film/mine": nil, "slides/one/mine": nil, "slides/deep": []byte("mine")}
	fill(t, p.Dir, before)
	landed := p.receive(t, c)
	wantNames(t, p, landed, "film, skipped", "slides", "text.txt")
	want := with(c.data, before)
	for _, path := range []string{"film", "slides/one", "slides/deep/er/", "slides/deep/er/wide"} {
		delete(want, path)
	}
	p.want(t, want)
	p.wantNothingLeft(t)
}

func TestRenameBesideWhatIsOfAnotherKind(t *testing.T) {
	p, c := newPlace(t), sample(t)
	fill(t, p.Dir, map[string][]byte{"film/mine": nil, "slides": nil})
	wantNames(t, p, p.receive(t, c), "film (2)", "slides (2)", "text.txt")
}

func TestChangedFolderIsFetchedInPart(t *testing.T) {
	for name, conflict := range map[string]landing.Conflict{"rename": landing.Rename, "overwrite": landing.Overwrite} {
		t.Run(name, func(t *testing.T) {
			p, c := newPlace(t), sample(t)
			p.receive(t, c)
			changed := noise(7, 1000) // as long as before
			c = send(t, with(c.data, map[string][]byte{"slides/one": changed}))
			p.Conflict = conflict
			l := p.open(t, c)
			if n := c.adopt(t, l); n != 5 {
				t.Errorf("%d files are the same, want 5", n)
			}
			if n := l.Wanted().Count(); n != 1 {
				t.Errorf("%d pieces are wanted, want 1", n)
			}
			landed := c.finish(t, l)
			l.Close()
			if conflict == landing.Overwrite {
				wantNames(t, p, landed, "film, skipped", "slides", "text.txt, skipped")
				p.want(t, c.data)
			} else {
				wantNames(t, p, landed, "film, skipped", "slides (2)", "text.txt, skipped")
				all := sample(t).data
				for path, data := range c.data {
					if rest, ok := strings.CutPrefix(path, "slides/"); ok {
						all["slides (2)/"+rest] = data
					}
				}
				p.want(t, all)
			}
			p.wantNothingLeft(t)
		})
	}
}

func TestSameFileIsChangedBeforeItIsCopied(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.receive(t, c)
	c = send(t, with(c.data, map[string][]byte{"slides/one": noise(7, 1000)}))
	l := p.open(t, c)
	c.adopt(t, l)
	scribble(t, filepath.Join(p.Dir, "slides/deep/er/wide"))
	c.setRoots(t, l)
	c.write(t, l, wanted(l)...)
	if _, err := l.Finish(t.Context()); !errors.Is(err, landing.ErrLost) {
		t.Fatalf("a file that was the same and is not any more: %v", err)
	}
	if n := l.Wanted().Count(); n != 2 {
		t.Errorf("%d pieces are wanted, want those 2", n)
	}
	wantNames(t, p, c.finish(t, l), "slides (2)")
	l.Close()
	p.wantNothingLeft(t)
}

// Two programs may receive the same into one directory, with a state each.
func TestTwoLandUnderOneName(t *testing.T) {
	const receivers = 8
	p, c := newPlace(t), send(t, map[string][]byte{"a.txt": []byte("a"), "folder/a": []byte("a")})
	var wg sync.WaitGroup
	for range receivers {
		own := place{p.Options}
		own.State = t.TempDir()
		wg.Go(func() {
			l, err := landing.Open(c.Manifest, own.Options)
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			for i := range c.Pieces() {
				data, hash := c.piece(i)
				if err := l.WritePiece(i, hash, data); err != nil {
					t.Error(err)
				}
			}
			if landed, err := l.Finish(t.Context()); err != nil || len(landed) != 2 {
				t.Errorf("%d have landed: %v", len(landed), err)
			}
		})
	}
	wg.Wait()
	want := with(c.data, nil)
	for n := 2; n <= receivers; n++ {
		want[fmt.Sprintf("a (%d).txt", n)] = []byte("a")
		want[fmt.Sprintf("folder (%d)/a", n)] = []byte("a")
	}
	p.want(t, want)
}

func TestServedFromAFolderThatWasMerged(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.Conflict = landing.Overwrite
	fill(t, p.Dir, there)
	l := p.open(t, c)
	c.finish(t, l)
	for i := range c.Pieces() {
		want, _ := c.piece(i)
		if _, got, err := l.ReadPiece(i, make([]byte, tree.MaxPiece)); err != nil || string(got) != string(want) {
			t.Errorf("piece %d: %v", i, err)
		}
	}
}
