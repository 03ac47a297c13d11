package landing

import (
	"errors"
	"io"
	"os"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// ReadPiece reads a piece that is here into buf, which must have room for it,
// to be served to somebody else: also when it has landed. It is hashed again
// before it is returned, so nobody is served what was changed since it came: the
// error is [ErrLost] then, and the piece is no longer had. Of an item that has
// landed that is no fault; it only cannot be served any more.
func (l *Landing) ReadPiece(i int, buf []byte) (tree.Hash, []byte, error) {
	p := l.m.Piece(i)
	e := p.Entry
	path := l.shown(l.m.Path(e))
	l.mu.Lock()
	have, closed := l.have.Has(i), l.closed
	l.mu.Unlock()
	if closed {
		return tree.Hash{}, nil, ErrClosed
	}
	if !have {
		return tree.Hash{}, nil, &Error{Path: path, Kind: ErrLost}
	}
	var hash [1]tree.Hash
	if err := l.journal.readHashes(i, hash[:]); err != nil {
		return tree.Hash{}, nil, l.unread(err)
	}
	data := buf[:p.Length]
	err := l.read(e, p.Offset, data)
	if errors.Is(err, ErrClosed) {
		return tree.Hash{}, nil, err
	}
	if err != nil || tree.Sum(data, l.m.FileSize(e), p.Index) != hash[0] {
		l.losePiece(i, e)
		return tree.Hash{}, nil, &Error{Path: path, Kind: ErrLost, Cause: bare(err)}
	}
	return hash[0], data, nil
}

// unread is why the journal could not be read: it may have been closed meanwhile.
func (l *Landing) unread(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	return failed(l.journal.dir, err)
}

// losePiece forgets that a piece is here.
func (l *Landing) losePiece(i, e int) {
	l.files.drop(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.have.Remove(i)
	if l.single(e) {
		l.state[e] = l.state[e]&^(begun|inPlace) | stale
	}
	if l.items[l.m.ItemOf(e)].landed {
		return
	}
	l.unsettleLocked(e)
}

// read fills data with what an entry's file has at an offset.
func (l *Landing) read(e int, offset int64, data []byte) error {
	l.moving.RLock()
	defer l.moving.RUnlock()
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if l.single(e) {
		f, err := l.openThere(e)
		if err != nil {
			return err
		}
		defer f.Close()
		return readFull(f, data, offset)
	}
	f, err := l.files.use(e, func() (*os.File, error) { return l.openThere(e) })
	if err != nil {
		return err
	}
	defer l.files.release(f)
	return readFull(f, data, offset)
}

func readFull(f io.ReaderAt, data []byte, offset int64) error {
	n, err := f.ReadAt(data, offset)
	if n == len(data) {
		return nil
	}
	return err
}

// openThere opens an entry's file where it lies now.
func (l *Landing) openThere(e int) (*os.File, error) {
	l.mu.Lock()
	final := l.state[e]&inPlace != 0 || l.items[l.m.ItemOf(e)].landed
	l.mu.Unlock()
	if final {
		return openBeneath(l.dest, l.final(e), os.O_RDONLY)
	}
	// It may be written to, as what is kept open is for both.
	return openBeneath(l.stage, l.local(e), os.O_RDWR)
}

// OpenLanded opens an entry's file where it has landed, also after Close. It is not
// compared with anything.
func (l *Landing) OpenLanded(e int) (*os.File, error) {
	root, err := os.OpenRoot(l.path)
	if err != nil {
		return nil, failed(l.path, err)
	}
	dest := newFolder(root)
	defer dest.close()
	f, err := openBeneath(dest, l.final(e), os.O_RDONLY)
	return f, failed(l.shown(l.final(e)), err)
}

// openBeneath opens the regular file at a slash path.
func openBeneath(in *folder, path string, flag int) (*os.File, error) {
	at, name := splitPath(path)
	d, err := in.dir(at, false)
	if err != nil {
		return nil, err
	}
	defer in.release(d)
	return openRegular(d.Root, name, flag)
}

// Hashes fills to with the hashes of the pieces from first on. One that nobody
// has said yet is zero.
func (l *Landing) Hashes(first int, to []tree.Hash) error {
	return failed(l.journal.dir, l.journal.readHashes(first, to))
}

// Root returns the root of an entry's file, and whether it is known.
func (l *Landing) Root(e int) (tree.Hash, bool) {
	if l.m.FileSize(e) == 0 {
		return tree.Empty, l.m.Kind(e) == manifest.File
	}
	root, known, err := l.root(e)
	return root, known && err == nil
}

// SetRoot takes the root of an entry's file, as who offers the content said it.
// It is kept for later runs. If all pieces of the file are here they are
// compared with it: see [Landing.WritePiece].
func (l *Landing) SetRoot(e int, root tree.Hash) error {
	if l.m.FileSize(e) == 0 {
		return nil
	}
	run := l.m.PiecesOf(e)
	if run.Count == 1 {
		return l.setSingle(e, run.First, root)
	}
	old, known := l.Root(e)
	if known && old == root {
		return nil
	}
	l.mu.Lock()
	l.state[e] &^= listed
	l.mu.Unlock()
	if err := l.journal.writeRoot(e, root); err != nil {
		return failed(l.journal.dir, err)
	}
	// Only now: whoever writes the last piece looks for the root when it has, so that
	// one of the two sees both.
	l.mu.Lock()
	full := l.have.CountRun(run) == run.Count
	l.mu.Unlock()
	if !full {
		return nil
	}
	return l.compare(e)
}

// setSingle takes the root of a file of one piece, which is the piece's hash.
func (l *Landing) setSingle(e, i int, root tree.Hash) error {
	have := l.hold(i) // nobody writes it meanwhile, and its hash
	defer l.free(i)
	if !have {
		if err := l.journal.writeHashes(i, []tree.Hash{root}); err != nil {
			return failed(l.journal.dir, err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.state[e] |= listed
		return nil
	}
	var hash [1]tree.Hash
	if err := l.journal.readHashes(i, hash[:]); err != nil {
		return failed(l.journal.dir, err)
	}
	if hash[0] == root {
		return nil
	}
	l.lose(e)
	return &Error{Path: l.shown(l.final(e)), Kind: ErrRoot}
}

// SetHashes takes the hashes of all pieces of an entry's file, from whomever,
// if its root is known: they have to add up to it, or the error is
// [ErrMismatch]. From then on each piece of it is compared with them.
func (l *Landing) SetHashes(e int, hashes []tree.Hash) error {
	root, known := l.Root(e)
	path := l.shown(l.m.Path(e))
	if !known || tree.Root(hashes, l.m.FileSize(e)) != root {
		return &Error{Path: path, Kind: ErrMismatch}
	}
	if len(hashes) == 0 {
		return nil
	}
	run := l.m.PiecesOf(e)
	l.mu.Lock()
	done := l.state[e]&listed != 0
	l.mu.Unlock()
	if done {
		return nil
	}
	if err := l.dropOthers(e, run.First, hashes); err != nil {
		return err
	}
	if err := l.journal.writeHashes(run.First, hashes); err != nil {
		return failed(l.journal.dir, err)
	}
	l.mu.Lock()
	l.state[e] |= listed
	l.mu.Unlock()
	return nil
}

// dropOthers forgets the pieces of a file that are here with other hashes.
func (l *Landing) dropOthers(e, first int, hashes []tree.Hash) error {
	old := make([]tree.Hash, len(hashes))
	if err := l.journal.readHashes(first, old); err != nil {
		return failed(l.journal.dir, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for n, hash := range old {
		if hash != hashes[n] && l.have.Remove(first+n) {
			l.unsettleLocked(e)
		}
	}
	return nil
}
