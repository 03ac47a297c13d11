package share

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// Entries returns what an incoming transfer consists of, as soon as its sender has
// said it: the files and directories, sorted, with the names they were sent under.
func (t *Transfer) Entries(ctx context.Context) ([]Entry, error) {
	m, err := t.described(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Entry, m.Len())
	for i := range all {
		e := m.Entry(i)
		all[i] = Entry{Path: e.Path, Dir: e.Kind == manifest.Folder, Size: e.Size}
		if !all[i].Dir {
			all[i].Time = time.Unix(0, e.Changed)
		}
	}
	return all, nil
}

// described waits for the manifest.
func (t *Transfer) described(ctx context.Context) (*manifest.Manifest, error) {
	if t.in == nil {
		return nil, errors.New("share: nothing comes in by this transfer")
	}
	select {
	case <-t.in.known:
	case <-t.done:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if m := t.m.Load(); m != nil {
		return m, nil
	}
	return nil, t.failed()
}

// failed is how it ended, which is not well.
func (t *Transfer) failed() error {
	if err := t.Err(); err != nil {
		return err
	}
	return ErrIncomplete
}

// Reader reads a file of an incoming transfer, while it comes and after that. What
// it reads next is fetched before the rest, and 16 MiB behind that. It is used by
// one goroutine at a time, Close by any.
type Reader struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	d      *download
	entry  int
	size   int64
	at     int64

	piece int      // which is in data; -1: none
	begin int64    // of that, in the file
	data  []byte   // a buffer
	file  *os.File // once it has landed, and nobody else reads it
	wake  chan struct{}

	closing sync.Mutex // held while a piece is read
	closed  bool
}

// Open returns a reader of the file at that index of [Transfer.Entries]. ctx is for
// all of its reading. A reader holds up nobody: the transfer goes on, and ends,
// whether or not it is read, and what has landed is read where it lies, as long as
// that stays.
func (t *Transfer) Open(ctx context.Context, entry int) (*Reader, error) {
	m, err := t.described(ctx)
	if err != nil {
		return nil, err
	}
	if entry < 0 || entry >= m.Len() || m.Kind(entry) != manifest.File {
		return nil, fmt.Errorf("share: entry %d is no file: %w", entry, fs.ErrInvalid)
	}
	r := &Reader{d: t.in, entry: entry, size: m.FileSize(entry), piece: -1, wake: make(chan struct{}, 1)}
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	return r, nil
}

// Size returns how many bytes the file will have.
func (r *Reader) Size() int64 { return r.size }

// Seek sets where Read goes on. It waits for nothing.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("share: seek to %d: %w", offset, fs.ErrInvalid)
	}
	r.at = offset
	return offset, nil
}

// Read waits until the next bytes are here and verified; the last piece of a file
// counts as that when all of it is. When they do not come the error is why: that of
// the file, or of the transfer, ctx's, or ErrClosed.
func (r *Reader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	r.closing.Lock()
	defer r.closing.Unlock()
	data, err := r.next()
	n := copy(p, data)
	r.at += int64(n)
	return n, err
}

// WriteTo writes all that is left, as it comes.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for r.at < r.size {
		n, err := r.writePiece(w)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// writePiece writes what is left of a piece, or of a file that has landed.
func (r *Reader) writePiece(w io.Writer) (n int64, err error) {
	r.closing.Lock()
	defer r.closing.Unlock()
	data, err := r.next()
	if err != nil {
		return 0, err
	}
	if to, ok := w.(io.ReaderFrom); ok && r.file != nil {
		n, err = r.sendFile(to)
	} else {
		var written int
		written, err = w.Write(data)
		n = int64(written)
	}
	r.at += n
	return n, err
}

// sendFile has the system copy the rest of a file, where it can.
func (r *Reader) sendFile(to io.ReaderFrom) (int64, error) {
	if _, err := r.file.Seek(r.at, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := to.ReadFrom(&io.LimitedReader{R: r.file, N: r.size - r.at})
	if err == nil && r.at+n < r.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next returns the bytes from r.at on that are in one piece.
func (r *Reader) next() ([]byte, error) {
	if r.closed {
		return nil, ErrClosed
	}
	m := r.d.content()
	run := m.PiecesOf(r.entry)
	i := run.First + int(r.at/int64(m.Piece(run.First).Length))
	if i != r.piece {
		if err := r.load(i); err != nil {
			return nil, err
		}
	}
	return r.data[r.at-r.begin:], nil
}

// load waits for a piece and reads it.
func (r *Reader) load(i int) error {
	p := r.d.content().Piece(i)
	r.piece = -1
	if cap(r.data) < p.Length {
		release(r.data)
		r.data = buffer(p.Length)
	}
	r.data = r.data[:p.Length]
	r.begin = p.Offset
	over, err := r.wait(i)
	if err != nil {
		return err
	}
	if !over {
		_, _, err = r.d.land.ReadPiece(i, r.data)
		over = errors.Is(err, landing.ErrClosed)
	}
	if over {
		err = r.readLanded(i)
	}
	if err != nil {
		return localError(err)
	}
	r.piece = i
	return nil
}

// readLanded reads a piece from where its file has landed, or says why it has not.
func (r *Reader) readLanded(i int) error {
	<-r.d.t.done // it is about to end
	if err := r.d.t.endOf(i); err != nil {
		return err
	}
	if r.file == nil {
		file, err := r.d.land.OpenLanded(r.entry)
		if err != nil {
			return err
		}
		r.file = file
	}
	if _, err := r.file.ReadAt(r.data, r.begin); !errors.Is(err, io.EOF) {
		return err
	}
	return io.ErrUnexpectedEOF
}

// wait waits until a piece can be read, and reports whether the transfer is over by
// then.
func (r *Reader) wait(i int) (over bool, err error) {
	for {
		here, err := r.d.readable(r, i)
		if here || err != nil {
			return false, err
		}
		select {
		case <-r.wake:
		case <-r.d.t.done:
			return true, nil
		case <-r.ctx.Done():
			return false, context.Cause(r.ctx)
		}
	}
}

// endOf is why a piece has not come when a transfer is over, or nil.
func (t *Transfer) endOf(i int) error {
	err := t.Err()
	var whole *IncompleteError
	if err == nil {
		return nil
	}
	if !errors.As(err, &whole) || whole.Cause != nil {
		return err
	}
	return t.in.failureOf(t.m.Load().Piece(i).Entry)
}

// failureOf is why a file did not arrive, or nil.
func (d *download) failureOf(e int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stage[e] != fileFailed {
		return nil
	}
	return d.failureLocked(e)
}

func (d *download) failureLocked(e int) error {
	path := d.m.Path(e)
	for _, f := range d.failures.Failures {
		if f.Path == path {
			return f
		}
	}
	return Failure{Path: path, Err: ErrIncomplete}
}

// readable reports whether a reader can have a piece. If not it is fetched next, and
// the reader told of whatever changes.
func (d *download) readable(r *Reader, i int) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	moved := d.readers[r] != i+1
	d.readers[r] = i + 1
	if d.plan == nil {
		return false, nil
	}
	if moved {
		d.readFirstLocked()
		d.pumpLocked()
	}
	e := d.m.Piece(i).Entry
	if d.stage[e] == fileFailed {
		return false, d.failureLocked(e)
	}
	last := i == d.m.PiecesOf(e).End()-1 // with which a file is verified
	return d.land.Has(i) && (!last || d.stage[e] == fileDone), nil
}

// readFirstLocked has what readers wait for fetched before the rest.
func (d *download) readFirstLocked() {
	if d.plan == nil {
		return
	}
	var first []int
	for _, next := range d.readers {
		first = append(first, next-1)
	}
	d.plan.First(first)
}

func (d *download) dropReader(r *Reader) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.readers, r)
	d.readFirstLocked()
}

// stirLocked has those look again who wait for pieces.
func (d *download) stirLocked() {
	for r := range d.readers {
		signal(r.wake)
	}
}

// Close ends it; a Read that waits returns.
func (r *Reader) Close() error {
	r.cancel(ErrClosed)
	r.closing.Lock()
	defer r.closing.Unlock()
	if r.closed {
		return nil
	}
	r.d.dropReader(r)
	r.closed = true
	release(r.data)
	r.data = nil
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
