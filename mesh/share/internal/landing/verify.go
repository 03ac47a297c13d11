package landing

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// Unit of verifying: what one goroutine takes at a time.
const (
	unitPieces = 256
	unitBytes  = 16 << 20
)

// Verify hashes what an earlier run says it has written: only what is there and
// right counts as had. Nothing was forced to the disk, and nothing needs to be.
// It tells how many bytes it has looked at, of how many; told may be nil, and is
// called by one goroutine at a time.
//
// It has to have ended, without an error, before pieces are written. Where there
// was no earlier run it does nothing. It may be called again after ctx ended it.
func (l *Landing) Verify(ctx context.Context, told func(done, total int64)) error {
	l.finishing.Lock()
	defer l.finishing.Unlock()
	l.mu.Lock()
	claims := l.claims
	l.mu.Unlock()
	if claims == nil {
		return nil
	}
	for run := range l.unasked.Runs() {
		claims.RemoveRun(run)
	}
	if err := l.verify(ctx, claims, told); err != nil {
		return err
	}
	if err := l.journal.rewrite(l.have, l.m.Bytes); err != nil {
		return failed(l.journal.dir, err)
	}
	l.mu.Lock()
	l.claims = nil
	l.mu.Unlock()
	err := l.settleVerified()
	l.mu.Lock()
	l.gatherLocked()
	l.mu.Unlock()
	return err
}

// verify looks at all claims.
func (l *Landing) verify(ctx context.Context, claims *bits.Set, told func(done, total int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	units := make(chan bits.Run)
	var wg sync.WaitGroup
	var mu sync.Mutex // guards done, and lets told be called by one at a time
	done, total := int64(0), l.bytes(claims)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			v := verifier{l: l, entry: -1}
			defer v.close()
			for unit := range units {
				if err := v.run(unit); err != nil {
					cancel(err)
				}
				mu.Lock()
				done += l.m.Bytes(unit)
				if told != nil {
					told(done, total)
				}
				mu.Unlock()
			}
		})
	}
	for unit := range l.units(claims) {
		select {
		case units <- unit:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(units)
	wg.Wait()
	return context.Cause(ctx)
}

func (l *Landing) bytes(set *bits.Set) int64 {
	var sum int64
	for run := range set.Runs() {
		sum += l.m.Bytes(run)
	}
	return sum
}

// units yields all of a set in runs that are not too much for one goroutine.
func (l *Landing) units(set *bits.Set) func(func(bits.Run) bool) {
	return func(yield func(bits.Run) bool) {
		for run := range set.Runs() {
			for run.Count > 0 {
				n, size := 0, 0
				for n < run.Count && n < unitPieces && size < unitBytes {
					size += l.m.Piece(run.First + n).Length
					n++
				}
				if !yield(bits.Run{First: run.First, Count: n}) {
					return
				}
				run.First += n
				run.Count -= n
			}
		}
	}
}

// verifier looks at pieces one after the other.
type verifier struct {
	l     *Landing
	entry int // whose file is open, or could not be opened
	file  *os.File
	place uint8 // where it was found: begun or inPlace
	buf   []byte
}

func (v *verifier) close() {
	if v.file != nil {
		v.file.Close()
		v.file = nil
	}
}

func (v *verifier) run(unit bits.Run) error {
	hashes := make([]tree.Hash, unit.Count)
	if err := v.l.journal.readHashes(unit.First, hashes); err != nil {
		return failed(v.l.journal.dir, err)
	}
	for n, hash := range hashes {
		i := unit.First + n
		p := v.l.m.Piece(i)
		if p.Entry != v.entry {
			v.close()
			v.entry = p.Entry
			v.file, v.place = v.l.find(p.Entry)
		}
		if v.file == nil {
			continue
		}
		if cap(v.buf) < p.Length {
			v.buf = make([]byte, tree.MaxPiece)
		}
		data := v.buf[:p.Length]
		if readFull(v.file, data, p.Offset) != nil {
			continue
		}
		if tree.Sum(data, v.l.m.FileSize(p.Entry), p.Index) != hash {
			continue
		}
		v.l.mu.Lock()
		v.l.have.Add(i)
		v.l.state[p.Entry] |= v.place
		v.l.mu.Unlock()
	}
	return nil
}

// find opens an entry's file where an earlier run left it: in the stage, or at
// the final place if the run ended while it moved the files of a folder.
func (l *Landing) find(e int) (*os.File, uint8) {
	if f, err := openBeneath(l.stage, l.local(e), os.O_RDONLY); err == nil {
		return f, begun
	}
	f, err := openBeneath(l.dest, l.final(e), os.O_RDONLY)
	if err != nil {
		return nil, 0
	}
	if info, err := f.Stat(); err != nil || info.Size() != l.m.FileSize(e) {
		f.Close()
		return nil, 0
	}
	return f, inPlace
}

// settleVerified compares with their roots the files of which all is here.
func (l *Landing) settleVerified() error {
	var errs []error
	for e := range l.m.Len() {
		run := l.m.PiecesOf(e)
		l.mu.Lock()
		full := run.Count > 0 && l.state[e]&settled == 0 && l.have.CountRun(run) == run.Count
		if full && run.Count == 1 {
			l.settleLocked(e)
		}
		l.mu.Unlock()
		if !full || run.Count == 1 {
			continue
		}
		// What does not add up is fetched again, which is all there is to do.
		if err := l.compare(e); err != nil && !errors.Is(err, ErrRoot) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Adopt looks whether the file that is at the final place of an entry's file
// already, or in another partial, is the same: it is hashed, and compared with the root, which has to be
// known. If it is, all its pieces are here. It returns whether it is.
func (l *Landing) Adopt(ctx context.Context, e int) (bool, error) {
	root, known := l.Root(e)
	if !known {
		return false, nil
	}
	l.mu.Lock()
	unverified, busy := l.claims != nil, l.state[e]&(begun|inPlace|skipped) != 0
	l.mu.Unlock()
	if unverified {
		return false, ErrUnverified
	}
	if busy {
		return false, nil // pieces of it are here
	}
	if n, ok := l.donated[e]; ok {
		return l.take(ctx, e, l.donors[n], root)
	}
	f, err := openBeneath(l.dest, l.final(e), os.O_RDONLY)
	if err != nil {
		return false, nil
	}
	defer f.Close()
	size := l.m.FileSize(e)
	if info, err := f.Stat(); err != nil || info.Size() != size {
		return false, nil
	}
	hashes, err := hashFile(ctx, f, size)
	if err != nil || tree.Root(hashes, size) != root {
		return false, context.Cause(ctx)
	}
	return true, l.adopt(e, hashes, inPlace)
}

func hashFile(ctx context.Context, f *os.File, size int64) ([]tree.Hash, error) {
	hashes := make([]tree.Hash, tree.Pieces(size))
	buf := make([]byte, tree.PieceSize(size))
	for i := range hashes {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		offset, n := tree.Piece(size, int64(i))
		if err := readFull(f, buf[:n], offset); err != nil {
			return nil, err
		}
		hashes[i] = tree.Sum(buf[:n], size, int64(i))
	}
	return hashes, nil
}

// adopt notes that all of an entry's file is at a place: begun or inPlace.
func (l *Landing) adopt(e int, hashes []tree.Hash, place uint8) error {
	run := l.m.PiecesOf(e)
	for n, hash := range hashes {
		p := piece{run.First + n, l.m.Piece(run.First + n).Length, hash}
		if err := l.journal.add(p); err != nil {
			return failed(l.journal.dir, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.state[e]&begun != 0 {
		return nil // somebody has written to it meanwhile
	}
	l.have.AddRun(run)
	l.state[e] |= place | listed
	l.settleLocked(e)
	return nil
}
