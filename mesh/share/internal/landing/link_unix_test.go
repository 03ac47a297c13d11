//go:build !windows

package landing_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// secret is a directory elsewhere in which nothing may change.
func secret(t *testing.T) (dir string, unchanged func()) {
	t.Helper()
	dir = t.TempDir()
	before := map[string][]byte{"one": []byte("secret"), "deep/er/wide": []byte("secret"), "film": []byte("secret"), "text.txt": []byte("secret")}
	fill(t, dir, before)
	return dir, func() {
		t.Helper()
		place{landing.Options{Dir: dir}}.want(t, before)
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		t.Fatal(err)
	}
	remove(t, at)
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

func fifo(t *testing.T, at string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		t.Fatal(err)
	}
	remove(t, at)
	if err := unix.Mkfifo(at, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	type test struct {
		conflict landing.Conflict
		link     string // in the destination
		target   string // in the secret directory
		inTheWay bool
	}
	for name, test := range map[string]test{
		"rename, a file":               {landing.Rename, "film", "film", false},
		"rename, a folder":             {landing.Rename, "slides", ".", false},
		"rename, a folder in it":       {landing.Rename, "slides/deep", "deep", false},
		"skip, a file":                 {landing.Skip, "film", "film", false},
		"skip, a dangling file":        {landing.Skip, "film", "nowhere", false},
		"skip, a folder":               {landing.Skip, "slides", ".", false},
		"skip, a folder in it":         {landing.Skip, "slides/deep", "deep", false},
		"skip, a folder deeper":        {landing.Skip, "slides/deep/er", "deep/er", false},
		"skip, a file in it":           {landing.Skip, "slides/one", "one", false},
		"overwrite, a file":            {landing.Overwrite, "film", "film", false},
		"overwrite, a dangling file":   {landing.Overwrite, "film", "nowhere", false},
		"overwrite, a file in it":      {landing.Overwrite, "slides/one", "one", false},
		"overwrite, a folder":          {landing.Overwrite, "slides", ".", true},
		"overwrite, a folder in it":    {landing.Overwrite, "slides/deep", "deep", true},
		"overwrite, a folder deeper":   {landing.Overwrite, "slides/deep/er", "deep/er", true},
		"overwrite, a dangling folder": {landing.Overwrite, "slides", "nowhere", true},
	} {
		for _, late := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				p, c := newPlace(t), sample(t)
				p.Conflict = test.conflict
				dir, unchanged := secret(t)
				at := filepath.Join(p.Dir, test.link)
				if !late {
					link(t, filepath.Join(dir, test.target), at)
				}
				l, err := landing.Open(c.Manifest, p.Options)
				if err == nil {
					defer l.Close()
					c.setRoots(t, l)
					c.write(t, l, wanted(l)...)
					if late {
						link(t, filepath.Join(dir, test.target), at)
					}
					_, err = l.Finish(t.Context())
				}
				if errors.Is(err, landing.ErrInTheWay) != test.inTheWay || err != nil && !test.inTheWay {
					t.Errorf("late %v: %v", late, err)
				}
				unchanged()
				info, err := os.Lstat(at)
				replaced := test.conflict == landing.Overwrite && !test.inTheWay
				if err != nil || (info.Mode().Type() == os.ModeSymlink) == replaced {
					t.Errorf("late %v: the link is now %v: %v", late, info.Mode(), err)
				}
			})
		}
	}
}

func TestLinkToWhatIsTheSameIsNotTakenForIt(t *testing.T) {
	p, c := newPlace(t), sample(t)
	other := t.TempDir()
	fill(t, other, c.data)
	link(t, filepath.Join(other, "film"), filepath.Join(p.Dir, "film"))
	link(t, filepath.Join(other, "slides"), filepath.Join(p.Dir, "slides"))
	l := p.open(t, c)
	if n := c.adopt(t, l); n != 0 {
		t.Errorf("%d files are taken for the same through a link", n)
	}
}

func TestLinkInAnotherPartialIsNotFollowed(t *testing.T) {
	p := newPlace(t)
	_, c := changedFolder(t, p)
	other := t.TempDir()
	fill(t, other, c.data)
	stage := p.stage(t)
	link(t, filepath.Join(other, "slides/run.sh"), filepath.Join(stage, "slides/run.sh"))
	link(t, filepath.Join(other, "slides/deep"), filepath.Join(stage, "slides/deep"))
	l := p.open(t, c)
	if n := c.adopt(t, l); n != 1 {
		t.Errorf("%d files are taken, want the one that is no link", n)
	}
	c.finish(t, l)
	l.Close()
	place{landing.Options{Dir: other}}.want(t, c.data)
}

func TestWhatIsPlantedInTheStageIsReplaced(t *testing.T) {
	for name, plant := range map[string]func(t *testing.T, dir, stage string){
		"a link in the place of a file":       func(t *testing.T, dir, s string) { link(t, filepath.Join(dir, "film"), filepath.Join(s, "film")) },
		"a link in the place of a small file": func(t *testing.T, dir, s string) { link(t, filepath.Join(dir, "one"), filepath.Join(s, "slides/one")) },
		"a link in the place of a folder":     func(t *testing.T, dir, s string) { link(t, dir, filepath.Join(s, "slides")) },
		"a link further down": func(t *testing.T, dir, s string) {
			link(t, filepath.Join(dir, "deep"), filepath.Join(s, "slides/deep"))
		},
		"a link within":                    func(t *testing.T, _, s string) { link(t, "film", filepath.Join(s, "text.txt")) },
		"a link to a folder beside":        func(t *testing.T, _, s string) { link(t, "empty", filepath.Join(s, "slides/deep")) },
		"a FIFO in the place of a file":    func(t *testing.T, _, s string) { fifo(t, filepath.Join(s, "film")) },
		"a FIFO in the place of a folder":  func(t *testing.T, _, s string) { fifo(t, filepath.Join(s, "slides")) },
		"a link in the place of the stage": func(t *testing.T, dir, s string) { link(t, dir, s) },
		"a FIFO in the place of the stage": func(t *testing.T, _, s string) { fifo(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			p, c := newPlace(t), sample(t)
			dir, unchanged := secret(t)
			l := p.open(t, c)
			c.write(t, l, 0, 1, 4, 5)
			l.Close()
			stage := p.stage(t)
			plant(t, dir, stage)
			l = p.open(t, c)
			c.finish(t, l)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			unchanged()
			if strings.HasSuffix(name, "of the stage") {
				remove(t, stage) // is not ours
			}
			p.want(t, c.data)
		})
	}
}

func TestStageOfAnotherUserIsNotUsed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make another user's directory")
	}
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, 0)
	l.Close()
	stage := p.stage(t)
	remove(t, stage)
	if err := os.Mkdir(stage, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(stage, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	fill(t, stage, map[string][]byte{"theirs": nil})
	l = p.open(t, c)
	c.finish(t, l)
	l.Close()
	if _, err := os.Stat(filepath.Join(stage, "theirs")); err != nil {
		t.Error("what is another user's was removed")
	}
	remove(t, stage)
	p.want(t, c.data)
}

// A folder that is swapped for a link while files are moved into it, again and
// again, is never followed to where it leads.
func TestLinkThatIsSwappedInIsNotFollowed(t *testing.T) {
	p := newPlace(t)
	p.Conflict = landing.Overwrite
	files := map[string][]byte{}
	for i := range 200 {
		files["folder/in/"+string(rune('a'+i%26))+string(rune('a'+i/26))] = []byte{byte(i)}
	}
	c := send(t, files)
	dir := t.TempDir()
	in := filepath.Join(p.Dir, "folder", "in")
	aside := filepath.Join(p.Dir, "aside")
	fill(t, p.Dir, map[string][]byte{"folder/in/mine": nil})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(in, aside)
			_ = os.Symlink(dir, in)
			_ = os.Remove(in)
			_ = os.Rename(aside, in)
		}
	}()
	l, err := landing.Open(c.Manifest, p.Options)
	for errors.Is(err, landing.ErrInTheWay) {
		l, err = landing.Open(c.Manifest, p.Options)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.write(t, l, wanted(l)...)
	for n := 0; n < 2000 && !l.Done(); n++ {
		_, _ = l.Finish(t.Context())
		_, _ = l.Adopt(t.Context(), c.entry(t, "folder/in/aa"))
		_, _, _ = l.ReadPiece(0, make([]byte, tree.MaxPiece))
	}
	close(stop)
	<-stopped
	l.Close()
	place{landing.Options{Dir: dir}}.want(t, nil)
}

func TestFIFOIsNotOpened(t *testing.T) {
	for name, conflict := range map[string]landing.Conflict{"rename": landing.Rename, "skip": landing.Skip, "overwrite": landing.Overwrite} {
		t.Run(name, func(t *testing.T) {
			p, c := newPlace(t), sample(t)
			p.Conflict = conflict
			film, one := filepath.Join(p.Dir, "film"), filepath.Join(p.Dir, "slides/one")
			fifo(t, film)
			fifo(t, one)
			l := p.open(t, c)
			c.adopt(t, l)
			c.finish(t, l)
			l.Close()
			stays := mustExist(t, film).Mode().Type() == os.ModeNamedPipe && mustExist(t, one).Mode().Type() == os.ModeNamedPipe
			if stays != (conflict != landing.Overwrite) {
				t.Errorf("the FIFOs are still there: %v", stays)
			}
			p.wantNothingLeft(t)
		})
	}
}
