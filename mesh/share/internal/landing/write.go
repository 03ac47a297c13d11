package landing

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// WritePiece takes the bytes of a piece, in any order. hash is what the piece
// should be, as who offers the content said; it is compared with the bytes, and
// with the hash that is known to be right if there is one: else the error is
// [ErrMismatch] and nothing was written. A piece that is here, or that is of
// what is skipped, is no error, and its bytes are ignored.
//
// When the last piece of a file has come and its root is known, the two are
// compared: the error is [ErrRoot] if they do not fit. Nothing of that file
// counts as had then.
//
// Pieces may be written by several goroutines; it hashes without any lock.
func (l *Landing) WritePiece(i int, hash tree.Hash, data []byte) error {
	p := l.m.Piece(i)
	e, size := p.Entry, l.m.FileSize(p.Entry)
	if len(data) != p.Length {
		return &Error{Path: l.shown(l.final(e)), Kind: ErrMismatch}
	}
	want, err := l.reserve(i)
	if !want || err != nil {
		return err
	}
	defer l.free(i)
	if err := l.fits(i, e, hash, tree.Sum(data, size, p.Index)); err != nil {
		return err
	}
	if err := l.put(e, p.Offset, data); err != nil {
		return err
	}
	if err := l.journal.add(piece{i, len(data), hash}); err != nil {
		return failed(l.journal.dir, err)
	}
	return l.had(i, e)
}

// reserve makes a piece the caller's to write, and waits while it is another's.
// It returns false if it is not wanted.
func (l *Landing) reserve(i int) (bool, error) {
	for {
		l.mu.Lock()
		if l.closed || l.claims != nil {
			defer l.mu.Unlock()
			if l.closed {
				return false, ErrClosed
			}
			return false, ErrUnverified
		}
		if l.have.Has(i) || l.unasked.Has(i) {
			l.mu.Unlock()
			return false, nil
		}
		other := l.writing[i]
		if other == nil {
			l.writing[i] = make(chan struct{})
			l.mu.Unlock()
			return true, nil
		}
		l.mu.Unlock()
		<-other
	}
}

// hold makes a piece the caller's, whether or not it is wanted, and returns whether
// it is here.
func (l *Landing) hold(i int) bool {
	for {
		l.mu.Lock()
		other := l.writing[i]
		if other == nil {
			defer l.mu.Unlock()
			l.writing[i] = make(chan struct{})
			return l.have.Has(i)
		}
		l.mu.Unlock()
		<-other
	}
}

// free ends what reserve or hold began.
func (l *Landing) free(i int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.writing[i])
	delete(l.writing, i)
}

// fits compares the hash of bytes with what it should be.
func (l *Landing) fits(i, e int, said, is tree.Hash) error {
	l.mu.Lock()
	known := l.state[e]&listed != 0
	l.mu.Unlock()
	if known {
		var hash [1]tree.Hash
		if err := l.journal.readHashes(i, hash[:]); err != nil {
			return failed(l.journal.dir, err)
		}
		known = hash[0] != said
	}
	if known || is != said {
		return &Error{Path: l.shown(l.final(e)), Kind: ErrMismatch}
	}
	return nil
}

// put writes the bytes of a piece to where they belong.
func (l *Landing) put(e int, offset int64, data []byte) error {
	l.moving.RLock()
	defer l.moving.RUnlock()
	var err error
	if l.single(e) {
		err = l.putWhole(e, data)
	} else {
		err = l.putPart(e, offset, data)
	}
	return failed(l.shown(l.final(e)), err)
}

// putWhole writes a file that is one piece.
func (l *Landing) putWhole(e int, data []byte) error {
	at, name := splitPath(l.local(e))
	d, err := l.stage.dir(at, true)
	if err != nil {
		return err
	}
	defer l.stage.release(d)
	f, err := l.create(d.Root, name, e)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = l.setTime(d.Root, name, e)
	}
	if err != nil {
		_ = d.Remove(name)
	}
	return err
}

// putEmpty makes a file that is empty, if it is not there.
func (l *Landing) putEmpty(e int) error {
	l.mu.Lock()
	there := l.state[e]&begun != 0
	l.mu.Unlock()
	if there {
		return nil
	}
	if err := l.putWhole(e, nil); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state[e] |= begun
	return nil
}

// putPart writes a piece of a file that has several.
func (l *Landing) putPart(e int, offset int64, data []byte) error {
	f, err := l.files.use(e, func() (*os.File, error) { return l.openPart(e) })
	if err != nil {
		return err
	}
	defer l.files.release(f)
	_, err = f.WriteAt(data, offset)
	return err
}

// openPart opens the file of an entry in the stage: the one that is there if it
// is ours, else a new one.
func (l *Landing) openPart(e int) (*os.File, error) {
	at, name := splitPath(l.local(e))
	d, err := l.stage.dir(at, true)
	if err != nil {
		return nil, err
	}
	defer l.stage.release(d)
	l.mu.Lock()
	there := l.state[e]&begun != 0
	l.mu.Unlock()
	if there {
		f, err := openRegular(d.Root, name, os.O_RDWR)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrInTheWay) {
			return nil, &Error{Path: l.shown(l.final(e)), Kind: ErrLost, Cause: err}
		}
		return f, err
	}
	f, err := l.create(d.Root, name, e)
	if err != nil {
		return nil, err
	}
	if err := allocate(f, l.m.FileSize(e)); err != nil {
		f.Close()
		_ = d.Remove(name)
		return nil, err
	}
	l.mu.Lock()
	l.state[e] |= begun
	l.mu.Unlock()
	return f, nil
}

// mode is what a file is made with; the user's umask takes from it.
func (l *Landing) mode(e int) fs.FileMode {
	if l.executable(e) {
		return 0o777
	}
	return 0o666
}

func (l *Landing) executable(e int) bool { return l.m.Entry(e).Executable && !l.plain }

// setTime gives a file the time that it had where it comes from, where the disk
// can tell it, and the executable bit or not. The error is that there is no such file.
func (l *Landing) setTime(d *os.Root, name string, e int) error {
	err := d.Chtimes(name, time.Time{}, time.Unix(0, l.m.Entry(e).Changed))
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if l.m.Entry(e).Executable {
		l.setMode(d, name, l.executable(e))
	}
	return nil
}

// setMode sees to the mode of a file that may have been begun for somebody else,
// from whom it was to be executable, or was not to be.
func (l *Landing) setMode(d *os.Root, name string, executable bool) {
	info, err := d.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	mode := info.Mode().Perm() &^ 0o111
	if executable {
		mode = info.Mode().Perm() | info.Mode().Perm()&0o444>>2 // for whom the umask lets read it
	}
	if mode != info.Mode().Perm() {
		_ = d.Chmod(name, mode) // where the disk has modes
	}
}

// had notes that a piece is here, and what follows.
func (l *Landing) had(i, e int) error {
	l.mu.Lock()
	l.have.Add(i)
	if l.single(e) {
		l.state[e] |= begun
		l.settleLocked(e)
		l.mu.Unlock()
		return nil
	}
	run := l.m.PiecesOf(e)
	full := l.have.CountRun(run) == run.Count
	l.mu.Unlock()
	if !full {
		return nil
	}
	return l.compare(e)
}

// compare compares the pieces of a file with its root, when all are here and it
// is known.
func (l *Landing) compare(e int) error {
	root, known, err := l.root(e)
	if err != nil {
		return failed(l.journal.dir, err)
	}
	if !known {
		return nil
	}
	sum, err := l.sum(e)
	if err != nil {
		return failed(l.journal.dir, err)
	}
	if sum != root {
		return l.reject(e)
	}
	l.moving.RLock()
	defer l.moving.RUnlock()
	if l.Settled(e) {
		return nil // who wrote the last piece and who said the root both come here; it may have landed
	}
	if err := l.finishFile(e); err != nil {
		return failed(l.shown(l.final(e)), err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state[e] |= listed
	l.settleLocked(e)
	return nil
}

// sum returns what the hashes of a file's pieces add up to.
func (l *Landing) sum(e int) (tree.Hash, error) {
	var roots tree.Roots
	var buf [256]tree.Hash
	for run := l.m.PiecesOf(e); run.Count > 0; {
		part := buf[:min(run.Count, len(buf))]
		if err := l.journal.readHashes(run.First, part); err != nil {
			return tree.Hash{}, err
		}
		for _, h := range part {
			roots.Add(h)
		}
		run.First += len(part)
		run.Count -= len(part)
	}
	return roots.Root(l.m.FileSize(e)), nil
}

// reject forgets all of a file whose pieces do not add up to its root, and the
// root: who said either is not to be believed.
func (l *Landing) reject(e int) error {
	l.lose(e)
	if err := l.journal.writeRoot(e, tree.Hash{}); err != nil {
		return failed(l.journal.dir, err)
	}
	return &Error{Path: l.shown(l.final(e)), Kind: ErrRoot}
}

// lose forgets that anything of a file is here.
func (l *Landing) lose(e int) {
	l.files.drop(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.have.RemoveRun(l.m.PiecesOf(e))
	l.state[e] = l.state[e]&^(begun|inPlace|listed) | stale
	l.unsettleLocked(e)
}

// finishFile ends the writing of a file that has several pieces.
func (l *Landing) finishFile(e int) error {
	l.files.drop(e)
	l.mu.Lock()
	there := l.state[e]&inPlace != 0
	l.mu.Unlock()
	if there {
		return nil
	}
	at, name := splitPath(l.local(e))
	d, err := l.stage.dir(at, false)
	if err != nil {
		return err
	}
	defer l.stage.release(d)
	return l.setTime(d.Root, name, e)
}
