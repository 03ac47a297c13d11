package landing

import (
	"errors"
	"io/fs"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// survey looks for what is at the final places already, and decides what is
// left out. What may be the same as what is sent is in [Landing.Existing].
func (l *Landing) survey() error {
	for k := range l.items {
		if l.items[k].landed {
			l.settleItem(k)
			continue
		}
		if err := l.surveyItem(k); err != nil {
			return err
		}
	}
	return nil
}

// settleItem notes that nothing of an item is wanted: an earlier run landed it.
func (l *Landing) settleItem(k int) {
	it := &l.items[k]
	for e := it.entries.First; e < it.entries.End(); e++ {
		l.state[e] |= inPlace | settled
		l.unasked.AddRun(l.m.PiecesOf(e))
	}
	it.open = 0
}

func (l *Landing) surveyItem(k int) error {
	it := &l.items[k]
	name := it.name
	info, err := l.dest.top.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed(l.shown(name), err)
	}
	folder := l.m.Kind(it.entries.First) == manifest.Folder
	switch {
	case l.conflict == Skip && (!folder || !info.IsDir()):
		it.refused = true
		for e := it.entries.First; e < it.entries.End(); e++ {
			l.skip(e)
		}
		return nil
	case l.conflict == Overwrite && folder != info.IsDir() && (folder || info.IsDir()):
		return &Error{Path: l.shown(name), Kind: ErrInTheWay}
	}
	it.there = true
	for e := it.entries.First; e < it.entries.End(); e++ {
		if err := l.surveyEntry(e); err != nil {
			return err
		}
	}
	return nil
}

// surveyEntry looks for one entry of an item whose name is taken.
func (l *Landing) surveyEntry(e int) error {
	it := &l.items[l.m.ItemOf(e)]
	path := l.local(e)
	at, name := splitPath(path)
	var info fs.FileInfo
	d, err := l.dest.dir(at, false)
	if err == nil {
		info, err = d.Lstat(name)
		l.dest.release(d)
	}
	if errors.Is(err, fs.ErrNotExist) {
		it.there = false
		return nil
	}
	inTheWay := errors.Is(err, ErrInTheWay) // further up
	if err != nil && !inTheWay {
		return failed(l.shown(path), err)
	}
	folder := l.m.Kind(e) == manifest.Folder
	same := !inTheWay && folder == info.IsDir() && (folder || info.Mode().IsRegular() && info.Size() == l.m.FileSize(e))
	it.there = it.there && same
	switch {
	case l.conflict == Skip && (!folder || inTheWay || !info.IsDir()):
		l.skip(e)
	case l.conflict == Overwrite && (inTheWay || folder != info.IsDir()):
		return &Error{Path: l.shown(path), Kind: ErrInTheWay}
	case same && l.m.FileSize(e) > 0:
		l.existing = append(l.existing, e)
	}
	return nil
}

// skip leaves an entry out.
func (l *Landing) skip(e int) {
	l.state[e] |= skipped
	l.unasked.AddRun(l.m.PiecesOf(e))
	l.mu.Lock()
	l.settleLocked(e)
	l.mu.Unlock()
}

// Existing returns the entries of files of which one of the same size is at its
// final place, or in the partial of another content with an item of that name. To learn whether it is the same takes its root: see
// [Landing.Adopt].
func (l *Landing) Existing() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []int
	for _, e := range l.existing {
		if l.state[e]&(inPlace|settled) == 0 {
			all = append(all, e)
		}
	}
	return all
}
