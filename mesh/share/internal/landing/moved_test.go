package landing_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
)

// A run may end between what it says of a move, the move, and what it says then.
func TestRunEndsAboutAMove(t *testing.T) {
	for name, undo := range map[string]func(t *testing.T, p place){
		"after the move": func(*testing.T, place) {},
		"before the move": func(t *testing.T, p place) {
			if err := os.Rename(filepath.Join(p.Dir, "text.txt"), filepath.Join(p.stage(t), "text.txt")); err != nil {
				t.Fatal(err)
			}
		},
		"before the move, and another takes the name": func(t *testing.T, p place) {
			if err := os.Rename(filepath.Join(p.Dir, "text.txt"), filepath.Join(p.stage(t), "text.txt")); err != nil {
				t.Fatal(err)
			}
			fill(t, p.Dir, map[string][]byte{"text.txt": []byte("mine")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, c := newPlace(t), sample(t)
			l := p.open(t, c)
			c.write(t, l, 0, c.PiecesOf(c.entry(t, "text.txt")).First)
			if landed, err := l.Finish(t.Context()); err != nil || len(landed) != 1 {
				t.Fatal(landed, err)
			}
			l.Close()
			cutMoves(t, filepath.Join(p.State, "partials", c.Key().String(), "moves"))
			undo(t, p)
			l = p.open(t, c)
			if run := c.PiecesOf(c.entry(t, "text.txt")); l.Wanted().CountRun(run) != 0 {
				t.Error("what has come is wanted again")
			}
			landed := c.finish(t, l)
			l.Close()
			switch name {
			case "after the move":
				wantNames(t, p, landed, "film", "slides")
				p.want(t, c.data)
			case "before the move":
				wantNames(t, p, landed, "film", "slides", "text.txt")
				p.want(t, c.data)
			default:
				wantNames(t, p, landed, "film", "slides", "text (2).txt")
			}
			p.wantNothingLeft(t)
		})
	}
}

// cutMoves leaves of a file of moves the first line and half of the second.
func cutMoves(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.IndexByte(text, '\n') + 1
	if first == 0 || len(text) < first+10 {
		t.Fatalf("the moves are %q", text)
	}
	truncate(t, path, int64(first+5))
}

// A run may end when it has moved some of a folder's files into one that is there.
func TestRunEndsInTheMiddleOfAMerge(t *testing.T) {
	for name, conflict := range map[string]landing.Conflict{
		"and it goes on":          landing.Overwrite,
		"and the next one skips":  landing.Skip,
		"and the next one avoids": landing.Rename,
	} {
		t.Run(name, func(t *testing.T) {
			p, c := newPlace(t), sample(t)
			p.Conflict = landing.Overwrite
			fill(t, p.Dir, map[string][]byte{"slides/mine": []byte("mine")})
			l := p.open(t, c)
			c.setRoots(t, l)
			c.write(t, l, wanted(l)...)
			fill(t, p.Dir, map[string][]byte{"slides/one/": nil}) // .git and deep are moved by then
			if _, err := l.Finish(t.Context()); !errors.Is(err, landing.ErrInTheWay) {
				t.Fatalf("a folder in the place of a file: %v", err)
			}
			l.Close()
			remove(t, filepath.Join(p.Dir, "slides/one"))
			p.Conflict = conflict
			l = p.open(t, c)
			if n := l.Wanted().Count(); n != 0 {
				t.Errorf("%d pieces are wanted of what has come", n)
			}
			if _, err := l.Finish(t.Context()); err != nil || !l.Done() {
				t.Fatalf("done %v: %v", l.Done(), err)
			}
			l.Close()
			p.want(t, with(c.data, map[string][]byte{"slides/mine": []byte("mine")}))
			p.wantNothingLeft(t)
		})
	}
}
