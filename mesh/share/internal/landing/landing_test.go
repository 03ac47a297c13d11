package landing_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

func TestAllOfItLands(t *testing.T) {
	p, c := newPlace(t), sample(t)
	landed := p.receive(t, c)
	wantNames(t, p, landed, "film", "slides", "text.txt")
	p.want(t, c.data)
	p.wantNothingLeft(t)
	for _, l := range landed {
		name := filepath.Base(l.Path)
		want := tree.Hash{}
		if name != "slides" {
			want = c.root(c.entry(t, name))
		}
		if l.Root != want {
			t.Errorf("the root of %s is %s, want %s", name, l.Root, want)
		}
	}
}

func TestPiecesComeInAnyOrder(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	pieces := numbered(c.Pieces())
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(pieces), func(a, b int) {
		pieces[a], pieces[b] = pieces[b], pieces[a]
	})
	c.write(t, l, pieces...)
	c.write(t, l, pieces...) // twice is no fault
	c.finish(t, l)
	p.want(t, with(c.data, map[string][]byte{filepath.Base(p.stage(t)) + "/": nil}))
	l.Close()
	p.want(t, c.data)
}

func TestSeveralGoroutinesWrite(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.setRoots(t, l)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(g), 0))
			for _, i := range random.Perm(c.Pieces()) {
				data, hash := c.piece(i)
				if err := l.WritePiece(i, hash, data); err != nil {
					t.Error(err)
				}
				if _, err := l.Finish(t.Context()); err != nil {
					t.Error(err)
				}
				if _, got, err := l.ReadPiece(i, make([]byte, tree.MaxPiece)); err != nil || string(got) != string(data) {
					t.Errorf("piece %d is not what was written: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	if !l.Done() {
		t.Error("it is not done")
	}
	l.Close()
	p.want(t, c.data)
	p.wantNothingLeft(t)
}

func TestItemLandsAsSoonAsItIsComplete(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.setRoots(t, l)
	run := c.PiecesOf(c.entry(t, "text.txt"))
	c.write(t, l, run.First)
	landed, err := l.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantNames(t, p, landed, "text.txt")
	if l.Done() {
		t.Error("it is done, and two items are missing")
	}
}

func TestModeAndTimeAreTheSenders(t *testing.T) {
	p, c := newPlace(t), sample(t)
	p.receive(t, c)
	for _, name := range []string{"film", "slides/one", "slides/run.sh", "slides/nothing"} {
		info := mustExist(t, filepath.Join(p.Dir, name))
		if !info.ModTime().Equal(changed) {
			t.Errorf("%s was changed %v, want %v", name, info.ModTime(), changed)
		}
		executable := info.Mode()&0o100 != 0
		if want := name == "slides/run.sh"; executable != want && runtime.GOOS != "windows" {
			t.Errorf("%s may be executed: %v, want %v", name, executable, want)
		}
		if info.Mode()&(os.ModeSetuid|os.ModeSetgid|os.ModeSticky) != 0 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
	}
}

// TestPlain has a file be begun for somebody from whom it may be executed, and go on
// for one from whom not, and the other way round.
func TestPlain(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file has no such mode here")
	}
	for _, plain := range []bool{true, false} {
		p, c := newPlace(t), send(t, map[string][]byte{"bin/run.sh": noise(1, 2*tree.MinPiece), "bin/text": noise(2, 10)})
		p.Plain = !plain
		l := p.open(t, c)
		c.setRoots(t, l)
		c.write(t, l, c.PiecesOf(c.entry(t, "bin/run.sh")).First)
		l.Close()
		p.Plain = plain
		p.receive(t, c)
		if executable := mustExist(t, filepath.Join(p.Dir, "bin/run.sh")).Mode()&0o111 != 0; executable == plain {
			t.Errorf("plain %v: it may be executed: %v", plain, executable)
		}
		if mustExist(t, filepath.Join(p.Dir, "bin/text")).Mode()&0o111 != 0 {
			t.Error("a text may be executed")
		}
	}
}

func TestBytesThatDoNotFitAreRefused(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	for i := range c.Pieces() {
		data, hash := c.piece(i)
		wrong := append([]byte(nil), data...)
		wrong[0]++
		for _, bad := range [][]byte{wrong, data[1:], append(data[:len(data):len(data)], 0), nil} {
			if err := l.WritePiece(i, hash, bad); !errors.Is(err, landing.ErrMismatch) {
				t.Errorf("piece %d with %d bytes that are wrong: %v", i, len(bad), err)
			}
		}
	}
	if n := l.Have().Count(); n != 0 {
		t.Errorf("%d pieces are had", n)
	}
	l.Close()
	p.want(t, nil)
	p.wantNothingLeft(t)
}

func TestPiecesThatDoNotAddUpToTheRoot(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	e := c.entry(t, "film")
	lie := c.root(e)
	lie[0]++
	for _, first := range []bool{true, false} {
		run := c.PiecesOf(e)
		var err error
		if first {
			err = l.SetRoot(e, lie)
		}
		for i := run.First; i < run.End() && err == nil; i++ {
			data, hash := c.piece(i)
			err = l.WritePiece(i, hash, data)
		}
		if !first {
			err = l.SetRoot(e, lie)
		}
		if !errors.Is(err, landing.ErrRoot) {
			t.Fatalf("a wrong root, said first %v: %v", first, err)
		}
		if n := l.Have().CountRun(run); n != 0 {
			t.Errorf("%d pieces of it are had", n)
		}
	}
	c.finish(t, l) // nothing of the lies is left
	l.Close()
	p.want(t, c.data)
}

func TestWrongRootOfAFileOfOnePiece(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	e := c.entry(t, "text.txt")
	i := c.PiecesOf(e).First
	lie := c.root(e)
	lie[0]++
	c.write(t, l, i)
	if err := l.SetRoot(e, lie); !errors.Is(err, landing.ErrRoot) {
		t.Fatalf("a wrong root after the piece: %v", err)
	}
	if err := l.SetRoot(e, lie); err != nil {
		t.Fatal(err)
	}
	data, hash := c.piece(i)
	if err := l.WritePiece(i, hash, data); !errors.Is(err, landing.ErrMismatch) {
		t.Fatalf("the piece after a wrong root: %v", err)
	}
	if err := l.SetRoot(e, c.root(e)); err != nil {
		t.Fatal(err)
	}
	c.write(t, l, i)
}

func TestHashesAreComparedWithTheRoot(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	e := c.entry(t, "film")
	hashes := c.hashes(e)
	if err := l.SetHashes(e, hashes); !errors.Is(err, landing.ErrMismatch) {
		t.Errorf("hashes without a root: %v", err)
	}
	if err := l.SetRoot(e, c.root(e)); err != nil {
		t.Fatal(err)
	}
	wrong := append([]tree.Hash(nil), hashes...)
	wrong[1][0]++
	for _, bad := range [][]tree.Hash{wrong, hashes[1:], nil} {
		if err := l.SetHashes(e, bad); !errors.Is(err, landing.ErrMismatch) {
			t.Errorf("%d hashes that are wrong: %v", len(bad), err)
		}
	}
	if err := l.SetHashes(e, hashes); err != nil {
		t.Fatal(err)
	}
	run := c.PiecesOf(e)
	got := make([]tree.Hash, run.Count)
	if err := l.Hashes(run.First, got); err != nil {
		t.Fatal(err)
	}
	for n := range got {
		if got[n] != hashes[n] {
			t.Errorf("hash %d is not what was said", n)
		}
	}
	// Bytes that fit what somebody else says do not do.
	other := noise(9, tree.MinPiece)
	if err := l.WritePiece(run.First, tree.Sum(other, c.FileSize(e), 0), other); !errors.Is(err, landing.ErrMismatch) {
		t.Errorf("another piece than the root's: %v", err)
	}
}

func TestPieceThatAnotherSaidGoesWithTheHashes(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	e := c.entry(t, "film")
	first := c.PiecesOf(e).First
	other := noise(9, tree.MinPiece)
	if err := l.WritePiece(first, tree.Sum(other, c.FileSize(e), 0), other); err != nil {
		t.Fatal(err)
	}
	c.write(t, l, first+1)
	if err := l.SetRoot(e, c.root(e)); err != nil {
		t.Fatal(err)
	}
	if err := l.SetHashes(e, c.hashes(e)); err != nil {
		t.Fatal(err)
	}
	if l.Has(first) || !l.Has(first+1) {
		t.Errorf("had: %v and %v, want the second alone", l.Has(first), l.Has(first+1))
	}
	c.finish(t, l)
	l.Close()
	p.want(t, c.data)
}

func TestServedWhileItComesAndWhenItHasLanded(t *testing.T) {
	p, c := newPlace(t), sample(t)
	fill(t, p.Dir, map[string][]byte{"film": []byte("another")}) // so it lands as another name
	l := p.open(t, c)
	all := func() {
		t.Helper()
		buf := make([]byte, tree.MaxPiece)
		for i := range c.Pieces() {
			want, hash := c.piece(i)
			said, got, err := l.ReadPiece(i, buf)
			if err != nil || string(got) != string(want) || said != hash {
				t.Errorf("piece %d: %v", i, err)
			}
		}
	}
	if _, _, err := l.ReadPiece(0, make([]byte, tree.MaxPiece)); !errors.Is(err, landing.ErrLost) {
		t.Errorf("a piece that is not there: %v", err)
	}
	c.write(t, l, wanted(l)...)
	all()
	landed := c.finish(t, l)
	wantNames(t, p, landed, "film (2)", "slides", "text.txt")
	all()
	l.Close()
	if _, _, err := l.ReadPiece(0, make([]byte, tree.MaxPiece)); !errors.Is(err, landing.ErrClosed) {
		t.Errorf("a piece after Close: %v", err)
	}
}

// TestServedUntilClose holds that who reads while it closes is told that.
func TestServedUntilClose(t *testing.T) {
	const readers = 16
	for range 50 {
		p, c := newPlace(t), send(t, map[string][]byte{"text.txt": []byte("hello")})
		l := p.open(t, c)
		c.finish(t, l)
		reading, ended := make(chan struct{}), make(chan error)
		for range readers {
			go func() {
				reading <- struct{}{}
				for buf := make([]byte, tree.MinPiece); ; {
					if _, _, err := l.ReadPiece(0, buf); err != nil {
						ended <- err
						return
					}
				}
			}()
		}
		for range readers {
			<-reading
		}
		l.Close()
		for range readers {
			if err := <-ended; !errors.Is(err, landing.ErrClosed) {
				t.Error(err)
			}
		}
	}
}

func TestNothingIsServedThatWasChanged(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.finish(t, l)
	if err := os.WriteFile(filepath.Join(p.Dir, "text.txt"), []byte("hallo"), 0o666); err != nil {
		t.Fatal(err)
	}
	i := c.PiecesOf(c.entry(t, "text.txt")).First
	if _, _, err := l.ReadPiece(i, make([]byte, tree.MaxPiece)); !errors.Is(err, landing.ErrLost) {
		t.Errorf("a piece that the user has changed: %v", err)
	}
	if l.Has(i) {
		t.Error("it is still had")
	}
	if !l.Done() {
		t.Error("the user's change has undone what was done")
	}
}

func TestWhatIsLostBeforeItLandsIsFetchedAgain(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, wanted(l)...)
	stage := p.stage(t)
	for _, name := range []string{"text.txt", "film"} {
		if err := os.Truncate(filepath.Join(stage, name), 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"text.txt", "film"} {
		i := c.PiecesOf(c.entry(t, name)).First
		if _, _, err := l.ReadPiece(i, make([]byte, tree.MaxPiece)); !errors.Is(err, landing.ErrLost) {
			t.Errorf("a piece of %s that is gone: %v", name, err)
		}
	}
	if n := l.Wanted().Count(); n != 2 {
		t.Errorf("%d pieces are wanted, want those 2", n)
	}
}

func TestClosed(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
	data, hash := c.piece(0)
	if err := l.WritePiece(0, hash, data); !errors.Is(err, landing.ErrClosed) {
		t.Errorf("WritePiece after Close: %v", err)
	}
	p.wantNothingLeft(t)
}

func TestRemoveLeavesNothing(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	c.write(t, l, 0, 1, 2)
	if err := l.Remove(); err != nil {
		t.Fatal(err)
	}
	p.want(t, nil)
	p.wantNothingLeft(t)
}

func TestOneProcessAtATime(t *testing.T) {
	p, c := newPlace(t), sample(t)
	l := p.open(t, c)
	if _, err := landing.Open(c.Manifest, p.Options); !errors.Is(err, landing.ErrHeld) {
		t.Errorf("the second of two that receive the same: %v", err)
	}
	l.Close()
	p.open(t, c)
}

// A root may come at the very moment at which the last piece does, and the item may
// be moved at once.
func TestRootComesWithTheLastPiece(t *testing.T) {
	files := make(map[string][]byte)
	for n := range 100 {
		files[fmt.Sprintf("film %02d", n)] = noise(uint64(n), tree.MinPiece+1)
	}
	p, c := newPlace(t), send(t, files)
	l := p.open(t, c)
	took := time.Millisecond // to write a piece
	for e := range c.Len() {
		run := c.PiecesOf(e)
		c.write(t, l, run.First)
		data, hash := c.piece(run.First + 1)
		root, late := c.root(e), rand.N(2*took)
		var both sync.WaitGroup
		both.Go(func() {
			begun := time.Now()
			if err := l.WritePiece(run.First+1, hash, data); err != nil {
				t.Error(err)
			}
			took = time.Since(begun)
		})
		both.Go(func() {
			for begun := time.Now(); time.Since(begun) < late; {
				runtime.Gosched()
			}
			if err := l.SetRoot(e, root); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if _, err := l.Finish(t.Context()); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if !l.Settled(e) {
			t.Fatalf("%s: all of it has come, and its root, and it does not land", c.Path(e))
		}
	}
	if _, err := l.Finish(t.Context()); err != nil || !l.Done() {
		t.Errorf("all has come, and it is not done: %v", err)
	}
}
