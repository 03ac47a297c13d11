package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// What may be wrong with bytes that come.
var (
	ErrAbsent   = errors.New("source: has not come yet")
	ErrOffset   = errors.New("source: does not go on where the file ends so far")
	ErrTooMuch  = errors.New("source: more than the file was to have")
	ErrReplaced = errors.New("source: another goes on with the file")
)

// Intake takes the bytes of a content that is known before they are: they are kept
// in one file that nobody else sees. Several goroutines may use it at once, and
// none waits for bytes.
type Intake struct {
	m       *manifest.Manifest
	entries []int   // of each file, as they were given
	starts  []int64 // of each entry: where it begins in spool
	spool   *os.File
	remove  func()

	mu       sync.Mutex // guards what follows
	files    []coming   // by entry
	here     *bits.Set  // pieces that reading tells what becomes of: they have come, or will not
	watchers map[*func()]bool
	wanted   chan struct{}
	demanded bool
	closed   bool
}

// coming is a file that is on its way.
type coming struct {
	writing sync.Mutex // held while bytes are written, and while turn changes
	turn    int        // the number of the Write that goes on with it
	have    int64      // so much is here, from its beginning on
	err     error      // the rest does not come
}

// Expect returns a source of files that will come, which it keeps in a temporary
// file in dir. They are numbered as they are given; the folders that they are in
// need not be. Errors: those of [manifest.New] and of the file system.
func Expect(dir string, files ...manifest.Entry) (*Source, *Intake, error) {
	m, err := manifest.New(files...)
	if err != nil {
		return nil, nil, err
	}
	in := &Intake{
		m:        m,
		entries:  numbered(m, files),
		starts:   make([]int64, m.Len()),
		files:    make([]coming, m.Len()),
		here:     bits.New(m.Pieces()),
		watchers: make(map[*func()]bool),
		wanted:   make(chan struct{}),
	}
	for e := 1; e < m.Len(); e++ {
		in.starts[e] = in.starts[e-1] + m.FileSize(e-1)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("source: %w", err)
	}
	if in.spool, err = os.CreateTemp(dir, "spool-*"); err != nil {
		return nil, nil, fmt.Errorf("source: %w", err)
	}
	in.remove = unlink(in.spool.Name())
	s := newSource(m, nil, nil)
	s.intake = in
	return s, in, nil
}

// unlink removes the name of an open file, now if the system allows it, so that
// nothing is left of it if the program dies, or else when it is called.
func unlink(path string) (later func()) {
	if os.Remove(path) == nil {
		return func() {}
	}
	return func() { _ = os.Remove(path) }
}

// numbered returns which entries files are. Those of a manifest are sorted.
func numbered(m *manifest.Manifest, files []manifest.Entry) []int {
	at := make(map[string]int, m.Len())
	for e := range m.Len() {
		if m.Kind(e) == manifest.File {
			at[m.Path(e)] = e
		}
	}
	entries := make([]int, len(files))
	for n, f := range files {
		entries[n] = at[f.Path]
	}
	return entries
}

// Order returns the numbers of the files in the order in which most who fetch them
// want them.
func (in *Intake) Order() []int {
	of := make([]int, in.m.Len())
	for n, e := range in.entries {
		of[e] = n + 1
	}
	order := make([]int, 0, len(in.entries))
	for _, n := range of {
		if n > 0 {
			order = append(order, n-1)
		}
	}
	return order
}

// Len is how many files there are.
func (in *Intake) Len() int { return len(in.entries) }

// Offset is how much of a file is here, from its beginning on.
func (in *Intake) Offset(file int) int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.files[in.entries[file]].have
}

// Wanted is closed when somebody first asks for any of it.
func (in *Intake) Wanted() <-chan struct{} { return in.wanted }

// Write takes what r gives of a file from offset on, which is where it ends so far,
// until r ends or the file does. It returns how many bytes it took, which stay also
// if it fails. A later Write to the same file ends this one with [ErrReplaced].
// Other errors: [ErrOffset], [ErrTooMuch], [os.ErrClosed], what [Intake.Fail] was
// given, and those of r, which is all that it waits for, and of the file system.
func (in *Intake) Write(file int, offset int64, r io.Reader) (int64, error) {
	e := in.entries[file]
	turn, err := in.begin(e, offset)
	if err != nil {
		return 0, err
	}
	pooled := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(pooled)
	buf := pooled[:]
	for taken := int64(0); ; {
		n, end := r.Read(buf)
		if room := in.m.FileSize(e) - offset - taken; int64(n) > room {
			n, end = int(room), ErrTooMuch
		}
		if err := in.put(e, turn, offset+taken, buf[:n]); err != nil {
			return taken, err
		}
		taken += int64(n)
		switch {
		case errors.Is(end, io.EOF):
			return taken, nil
		case end != nil:
			return taken, end
		}
	}
}

// begin makes a file the caller's to write to.
func (in *Intake) begin(e int, offset int64) (turn int, err error) {
	f := &in.files[e]
	f.writing.Lock()
	defer f.writing.Unlock()
	in.mu.Lock()
	defer in.mu.Unlock()
	switch {
	case in.closed:
		return 0, os.ErrClosed
	case f.err != nil:
		return 0, f.err
	case f.have != offset:
		return 0, ErrOffset
	}
	f.turn++
	return f.turn, nil
}

// put writes what has come to where it belongs.
func (in *Intake) put(e, turn int, offset int64, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	f := &in.files[e]
	f.writing.Lock()
	defer f.writing.Unlock()
	if f.turn != turn {
		return ErrReplaced
	}
	if _, err := in.spool.WriteAt(b, in.starts[e]+offset); err != nil {
		return err
	}
	in.mu.Lock()
	if f.err != nil {
		defer in.mu.Unlock()
		return f.err
	}
	f.have = offset + int64(len(b))
	more := in.cameLocked(e, f.have-int64(len(b)))
	in.mu.Unlock()
	if more {
		in.tell()
	}
	return nil
}

// cameLocked notes which pieces of a file are here besides those up to before, and
// reports whether any are.
func (in *Intake) cameLocked(e int, before int64) bool {
	run, have := in.m.PiecesOf(e), in.files[e].have
	size := int64(in.m.Piece(run.First).Length) // of all but the last
	came := bits.Run{First: run.First + int(before/size), Count: int(have/size - before/size)}
	if have == in.m.FileSize(e) {
		came.Count = run.End() - came.First
	}
	in.here.AddRun(came)
	return came.Count > 0
}

// Fail takes in that the rest of a file does not come: who asks for it is told so.
// A file that is complete stays that.
func (in *Intake) Fail(file int, err error) {
	e := in.entries[file]
	in.mu.Lock()
	f := &in.files[e]
	if f.err == nil && f.have < in.m.FileSize(e) {
		f.err = err
		in.here.AddRun(in.m.PiecesOf(e))
	}
	in.mu.Unlock()
	in.tell()
}

// ready returns how many of the first pieces of a run are here, or do not come.
func (in *Intake) ready(run bits.Run) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return min(in.here.NextMissing(run.First), run.End()) - run.First
}

// next returns the first piece of a set that is here, or does not come.
func (in *Intake) next(of *bits.Set) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return of.NextIn(0, in.here)
}

// settled reports whether all of a file is here, or does not come.
func (in *Intake) settled(e int) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	f := &in.files[e]
	return in.closed || f.err != nil || f.have == in.m.FileSize(e)
}

func (in *Intake) readAt(e int, buf []byte, offset int64) error {
	in.mu.Lock()
	f := &in.files[e]
	err := f.err
	switch {
	case in.closed:
		err = os.ErrClosed
	case f.have >= offset+int64(len(buf)):
		err = nil
	case err == nil:
		err = ErrAbsent
	}
	in.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = in.spool.ReadAt(buf, in.starts[e]+offset)
	return err
}

// watch has more called whenever more can be read, until stop is called. It must
// not block.
func (in *Intake) watch(more func()) (stop func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.watchers[&more] = true
	return func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		delete(in.watchers, &more)
	}
}

func (in *Intake) tell() {
	in.mu.Lock()
	defer in.mu.Unlock()
	for more := range in.watchers {
		(*more)()
	}
}

func (in *Intake) want() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.demanded {
		in.demanded = true
		close(in.wanted)
	}
}

// Close forgets what has come. What is asked for is told that it does not come.
func (in *Intake) Close() error {
	in.mu.Lock()
	if in.closed {
		in.mu.Unlock()
		return nil
	}
	in.closed = true
	in.here.AddRun(bits.Run{First: 0, Count: in.m.Pieces()})
	in.mu.Unlock()
	in.tell()
	err := in.spool.Close()
	in.remove()
	return err
}
