package share

import (
	"errors"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
)

// maxDoubts is how many roots are asked for at once, of files that may be there.
const maxDoubts = proto.MaxRoots

// doubtLocked takes up which files may be there already: those of the same size at
// their final places. They are not fetched before their roots say that they are
// others.
func (d *download) doubtLocked(existing []int) {
	d.doubts = existing
	for _, e := range existing {
		d.stage[e] = fileDoubted
		d.plan.Skip(d.m.PiecesOf(e))
	}
	if len(existing) > 0 {
		d.adopt = make(chan int, maxDoubts)
		d.wg.Go(d.adoptAll)
	}
}

// askDoubtsLocked asks for the roots of such files, some at a time.
func (d *download) askDoubtsLocked() {
	src := d.originLocked()
	if src == nil {
		return
	}
	var entries []int
	for len(d.doubts) > 0 && d.doubtsAsked < maxDoubts {
		e := d.doubts[0]
		d.doubts = d.doubts[1:]
		if d.stage[e] == fileDoubted {
			entries = append(entries, e)
			d.stage[e] = fileDoubtAsked
			d.doubtsAsked++
		}
	}
	if len(entries) > 0 {
		src.sess.send(func(b []byte) []byte { return proto.AppendAskRoots(b, entries) })
	}
}

// doubtAgainLocked is what is done when another stream is to be asked.
func (d *download) doubtAgainLocked() {
	if d.doubtsAsked == 0 {
		return
	}
	for e, stage := range d.stage {
		if stage == fileDoubtAsked {
			d.doubtsAsked--
			d.stage[e] = fileDoubted
			d.doubts = append(d.doubts, e)
		}
	}
}

// adoptAll is the goroutine that compares such files with their roots.
func (d *download) adoptAll() {
	for {
		var e int
		select {
		case e = <-d.adopt:
		case <-d.quit:
			return
		}
		is, err := d.land.Adopt(d.ctx, e)
		d.mu.Lock()
		d.doubtsAsked--
		switch {
		case err != nil && d.ctx.Err() == nil && !errors.Is(err, landing.ErrClosed):
			d.fatalLocked(localError(err))
		case d.stage[e] != fileAdopting:
		case is:
			d.missing.RemoveRun(d.m.PiecesOf(e))
			d.left[e] = 0
			d.far.Bytes += d.m.FileSize(e)
			d.far.Skipped += d.m.FileSize(e)
			d.doneLocked(e)
		default:
			d.stage[e] = fileOpen
			d.plan.Need(d.m.PiecesOf(e))
			d.pumpLocked()
		}
		d.askDoubtsLocked()
		d.mu.Unlock()
	}
}

// originLocked returns a stream of who offered it, if there is one.
func (d *download) originLocked() *source {
	for _, src := range d.sources {
		if src.origin {
			return src
		}
	}
	return nil
}

// rootLocked takes in what a file should be, by whoever offered it.
func (d *download) rootLocked(r proto.Root) error {
	stage := d.stage[r.Entry]
	switch stage {
	case fileRootAsked:
		d.stage[r.Entry] = fileOpen
	case fileDoubtAsked:
	case fileDone, fileFailed:
		return nil
	default:
		return errUnexpected
	}
	switch err := d.land.SetRoot(r.Entry, r.Root); {
	case errors.Is(err, landing.ErrRoot):
		d.tellFailedLocked(r.Entry, proto.Mismatch)
		d.failLocked(r.Entry, ErrMismatch)
	case err != nil:
		d.fatalLocked(localError(err))
	case stage == fileDoubtAsked:
		d.stage[r.Entry] = fileAdopting
		d.adopt <- r.Entry // there is room for as many as are asked for
	case d.left[r.Entry] == 0:
		d.doneLocked(r.Entry)
	case d.several:
		d.askHashesLocked(d.m.PiecesOf(r.Entry)) // all can be told now, and perhaps not later
	}
	return nil
}
