package landing

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// merge moves what is in a folder into the one that has its name, file by file.
func (l *Landing) merge(ctx context.Context, k int) error {
	it := &l.items[k]
	if err := l.journal.writeMove(move{Item: k, As: it.as, Merge: true}); err != nil {
		return failed(l.journal.dir, err)
	}
	for e := it.entries.First; e < it.entries.End(); e++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.mu.Lock()
		done := l.state[e]&(skipped|inPlace) != 0
		l.mu.Unlock()
		if done {
			continue
		}
		err := l.mergeEntry(e)
		if l.conflict != Overwrite && (taken(err) || errors.Is(err, ErrInTheWay)) {
			l.mu.Lock()
			l.state[e] |= skipped
			l.mu.Unlock()
			continue
		}
		if err != nil {
			return failed(l.shown(l.final(e)), err)
		}
	}
	l.stage.forget(it.name)
	return l.stage.top.RemoveAll(it.name)
}

// mergeEntry moves a file, or makes a folder, where it belongs.
func (l *Landing) mergeEntry(e int) error {
	at, name := splitPath(l.final(e))
	if l.m.Kind(e) == manifest.Folder {
		d, err := l.dest.dir(l.final(e), true)
		if err == nil {
			l.dest.release(d)
		}
		return err
	}
	to, err := l.dest.dir(at, true)
	if err != nil {
		return err
	}
	defer l.dest.release(to)
	if l.m.FileSize(e) == 0 {
		if err := l.putEmpty(e); err != nil {
			return err
		}
	}
	at, old := splitPath(l.local(e))
	from, err := l.stage.dir(at, false)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLost, bare(err))
	}
	defer l.stage.release(from)
	l.files.drop(e)
	err = l.mergeFile(from.Root, old, to.Root, name)
	if errors.Is(err, otherDisk) {
		err = l.mergeAcross(e, from.Root, old, to.Root, name)
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.state[e] = l.state[e]&^begun | inPlace
	l.mu.Unlock()
	return nil
}

func (l *Landing) mergeFile(from *os.Root, old string, to *os.Root, name string) error {
	if l.conflict != Overwrite {
		return moveNew(from, old, to, name)
	}
	if info, err := to.Lstat(name); err == nil && info.IsDir() {
		return ErrInTheWay
	}
	return renameOver(from, old, to, name)
}

// mergeAcross does what mergeFile does where the folder is on another disk than
// the stage: the file is copied beside its final place first.
func (l *Landing) mergeAcross(e int, from *os.Root, old string, to *os.Root, name string) error {
	source, err := openRegular(from, old, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer source.Close()
	beside := l.journal.Stage
	f, err := createAnew(to, beside, l.mode(e))
	if err != nil {
		return err
	}
	err = l.copyPieces(e, source, f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = l.setTime(to, beside, e)
	}
	if err == nil {
		err = l.mergeFile(to, beside, to, name)
	}
	if err != nil {
		_ = to.Remove(beside)
		return err
	}
	return from.Remove(old)
}
