package landing

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// Landed is an item that is where it belongs.
type Landed struct {
	Item    int
	Path    string    // where it is now, absolute
	Root    tree.Hash // of a file; of a folder zero
	Skipped bool      // it was there already, or was left out since its name is taken
}

// Finish lands the items that are complete, each under its name at once, and
// returns those. It costs nothing while there are none, so call it after each
// piece or now and then. An item that could not be landed is tried again at the
// next call.
func (l *Landing) Finish(ctx context.Context) ([]Landed, error) {
	l.mu.Lock()
	idle := len(l.ready) == 0
	l.mu.Unlock()
	if idle {
		return nil, nil
	}
	l.finishing.Lock()
	defer l.finishing.Unlock()
	var all []Landed
	for {
		if ctx.Err() != nil {
			return all, context.Cause(ctx)
		}
		k, ok := l.next()
		if !ok {
			return all, nil
		}
		landed, err := l.finishItem(ctx, k)
		if err != nil {
			l.mu.Lock()
			l.gatherLocked()
			l.mu.Unlock()
			return all, err
		}
		all = append(all, landed)
	}
}

// next takes an item that is ready.
func (l *Landing) next() (int, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.claims != nil || len(l.ready) == 0 {
		return 0, false
	}
	k := l.ready[0]
	l.ready = l.ready[1:]
	return k, true
}

// finishItem lands one item.
func (l *Landing) finishItem(ctx context.Context, k int) (Landed, error) {
	it := &l.items[k]
	l.moving.Lock()
	defer l.moving.Unlock()
	l.dest.forget(".") // others may have moved or removed what was opened earlier
	landed := Landed{Item: k, Skipped: it.refused || l.complete(k)}
	if landed.Skipped {
		it.as = it.name
	} else {
		var err error
		landed.Skipped, err = l.land(ctx, k)
		if err != nil {
			return landed, failed(l.shown(it.name), err)
		}
	}
	landed.Path = l.shown(it.as)
	if l.m.Kind(it.entries.First) == manifest.File && !it.refused {
		landed.Root, _ = l.Root(it.entries.First)
	}
	if err := l.journal.writeMove(move{Item: k, As: it.as, Done: true}); err != nil {
		return landed, failed(l.journal.dir, err)
	}
	l.mu.Lock()
	it.landed = true
	l.landed++
	l.mu.Unlock()
	return landed, nil
}

// complete says whether all of an item was there already.
func (l *Landing) complete(k int) bool {
	if !l.items[k].there {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for e := l.items[k].entries.First; e < l.items[k].entries.End(); e++ {
		if l.m.FileSize(e) > 0 && l.state[e]&inPlace == 0 {
			return false
		}
	}
	return true
}

// land gives an item its name. It returns true if that is left out after all.
func (l *Landing) land(ctx context.Context, k int) (bool, error) {
	it := &l.items[k]
	folder := l.m.Kind(it.entries.First) == manifest.Folder
	if folder && it.as != "" {
		return false, l.merge(ctx, k) // as an earlier run began
	}
	if err := l.fill(ctx, k); err != nil {
		return false, err
	}
	for e := it.entries.First; e < it.entries.End(); e++ {
		l.files.drop(e)
	}
	l.stage.forget(it.name)
	if l.conflict == Overwrite && !folder {
		return false, l.replace(k)
	}
	for n := 1; n < 10_000; n++ {
		as := alternative(it.name, n, folder)
		err := l.moveItem(k, as)
		if err == nil {
			return false, nil
		}
		if !taken(err) {
			return false, err
		}
		switch {
		case l.conflict == Rename:
			continue
		case folder:
			it.as = it.name
			return false, l.merge(ctx, k)
		case l.conflict == Skip:
			it.as = it.name
			return true, failed(l.shown(it.name), l.stage.top.Remove(it.name))
		}
	}
	return false, fs.ErrExist
}

// taken says whether an error is that something has that name.
func taken(err error) bool {
	return errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY)
}

// moveItem moves a whole item to a name that must be free.
func (l *Landing) moveItem(k int, as string) error {
	it := &l.items[k]
	info, err := l.stage.top.Lstat(it.name)
	if err != nil {
		return &Error{Path: l.shown(it.name), Kind: ErrLost, Cause: bare(err)}
	}
	if _, err := l.dest.top.Lstat(as); err == nil {
		return fs.ErrExist // which needs no line in the journal
	}
	m := move{Item: k, As: as, Number: number(info)}
	if err := l.journal.writeMove(m); err != nil {
		return failed(l.journal.dir, err)
	}
	if err := moveNew(l.stage.top, it.name, l.dest.top, as); err != nil {
		return err
	}
	it.as = as
	return nil
}

// replace moves a file to its name, whatever but a folder has that.
func (l *Landing) replace(k int) error {
	it := &l.items[k]
	if info, err := l.dest.top.Lstat(it.name); err == nil && info.IsDir() {
		return ErrInTheWay
	}
	info, err := l.stage.top.Lstat(it.name)
	if err != nil {
		return &Error{Path: l.shown(it.name), Kind: ErrLost, Cause: bare(err)}
	}
	if err := l.journal.writeMove(move{Item: k, As: it.name, Number: number(info)}); err != nil {
		return failed(l.journal.dir, err)
	}
	if err := renameOver(l.stage.top, it.name, l.dest.top, it.name); err != nil {
		return err
	}
	it.as = it.name
	return nil
}

// fill puts into the stage what of an item is not there yet: folders, empty
// files, and, for what lands beside the present item, those of its files that
// are the same.
func (l *Landing) fill(ctx context.Context, k int) error {
	it := &l.items[k]
	for e := it.entries.First; e < it.entries.End(); e++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.mu.Lock()
		state := l.state[e]
		l.mu.Unlock()
		var err error
		switch {
		case state&skipped != 0:
		case l.m.Kind(e) == manifest.Folder:
			var d *dir
			if d, err = l.stage.dir(l.local(e), true); err == nil {
				l.stage.release(d)
			}
		case l.m.FileSize(e) == 0:
			err = l.putEmpty(e)
		case state&inPlace != 0 && l.conflict == Rename:
			err = l.copyIn(e)
		}
		if err != nil {
			return failed(l.shown(l.final(e)), err)
		}
	}
	return nil
}

// copyIn copies a file that is at the final place into the stage. It is hashed
// on the way.
func (l *Landing) copyIn(e int) error {
	from, err := openBeneath(l.dest, l.final(e), os.O_RDONLY)
	if err != nil {
		l.lose(e)
		return ErrLost
	}
	defer from.Close()
	at, name := splitPath(l.local(e))
	d, err := l.stage.dir(at, true)
	if err != nil {
		return err
	}
	defer l.stage.release(d)
	to, err := l.create(d.Root, name, e)
	if err != nil {
		return err
	}
	err = l.copyPieces(e, from, to)
	if closed := to.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = d.Remove(name)
		return err
	}
	l.mu.Lock()
	l.state[e] = l.state[e]&^inPlace | begun
	l.mu.Unlock()
	return l.setTime(d.Root, name, e)
}

func (l *Landing) copyPieces(e int, from io.ReaderAt, to io.Writer) error {
	run, size := l.m.PiecesOf(e), l.m.FileSize(e)
	buf := make([]byte, tree.PieceSize(size))
	hashes := make([]tree.Hash, run.Count)
	if err := l.journal.readHashes(run.First, hashes); err != nil {
		return err
	}
	for i, hash := range hashes {
		offset, n := tree.Piece(size, int64(i))
		if readFull(from, buf[:n], offset) != nil || tree.Sum(buf[:n], size, int64(i)) != hash {
			l.lose(e)
			return ErrLost
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return err
		}
	}
	return nil
}
