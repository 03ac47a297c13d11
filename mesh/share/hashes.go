package share

import (
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// knowsLocked reports whether it is known what a piece should be.
func (d *download) knowsLocked(i int) bool {
	_, known := d.hashes[i]
	return known || d.land.Has(i)
}

func (d *download) knowAllLocked(r bits.Run) bool {
	for i := r.First; i < r.End(); i++ {
		if !d.knowsLocked(i) {
			return false
		}
	}
	return true
}

// askHashesLocked asks who offered it for the hashes of those pieces of a run that
// are not known, nor asked for.
func (d *download) askHashesLocked(r bits.Run) {
	origin := d.originLocked()
	if origin == nil {
		return // see askListLocked
	}
	var runs []bits.Run
	for i := d.hashesAsked.NextMissing(r.First); i < r.End(); i = d.hashesAsked.NextMissing(i + 1) {
		if d.knowsLocked(i) {
			continue
		}
		d.hashesAsked.Add(i)
		if n := len(runs); n > 0 && runs[n-1].End() == i {
			runs[n-1].Count++
			continue
		}
		runs = append(runs, bits.Run{First: i, Count: 1})
	}
	sendRuns(origin.sess, proto.AskHashes, runs)
}

// sums takes in what pieces should be, by the word of who offered them; or, of a
// mate, all of a file whose root is known.
func (src *source) sums(payload []byte) error {
	d := src.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plan == nil {
		return errUnexpected
	}
	first, hashes, err := proto.ParseHashes(payload, d.m.Pieces())
	if err != nil {
		return err
	}
	if !src.origin {
		return src.listLocked(first, hashes)
	}
	if d.hashesAsked.CountRun(bits.Run{First: first, Count: len(hashes)}) < len(hashes) {
		return errUnexpected
	}
	d.vouchLocked(first, hashes)
	return nil
}

// vouchLocked takes in what pieces should be. Those mates that have them can be
// asked for them now.
func (d *download) vouchLocked(first int, hashes []tree.Hash) {
	for k, hash := range hashes {
		if !d.land.Has(first + k) {
			d.hashes[first+k] = hash
		}
	}
	now := time.Now()
	for holder, mate := range d.sources {
		for i := first; mate.has != nil && i < first+len(hashes); i++ {
			if mate.has.Has(i) {
				d.plan.Has(now, holder, bits.Run{First: i, Count: 1})
			}
		}
	}
	d.pumpLocked()
}

// askAgainLocked asks a new stream to who offered it for what the one before was
// asked for.
func (d *download) askAgainLocked() {
	d.hashesAsked = bits.New(d.m.Pieces())
	for _, mate := range d.sources {
		if mate.has == nil {
			continue
		}
		for r := range mate.has.Runs() {
			d.askHashesLocked(r)
		}
	}
}

// vouchedLocked replaces the hash that a mate sent with a piece, which counts for
// nothing, by the one that who offers it gave. It is false for a piece that is
// here: it was asked of two.
func (d *download) vouchedLocked(src *source, i, size int, hash *tree.Hash) bool {
	if d.land.Has(i) {
		d.plan.Got(time.Now(), src.holder(), i)
		d.t.received.Add(int64(size))
		return false
	}
	vouched, known := d.hashes[i]
	if !known {
		d.plan.Lacks(src.holder(), bits.Run{First: i, Count: 1})
	}
	*hash = vouched
	return known
}

// list is the hashes of one file, as they come.
type list struct {
	entry  int
	hashes []tree.Hash
}

// askListLocked asks a mate that has all of a file for its hashes, when who offered
// it is gone: they can be compared with the root.
func (d *download) askListLocked(src *source, r bits.Run) {
	for i := r.First; i < r.End() && src.list == nil; {
		e := d.m.Piece(i).Entry
		of := d.m.PiecesOf(e)
		i = of.End()
		if _, known := d.land.Root(e); !known || src.has.CountRun(of) < of.Count {
			continue
		}
		src.list = &list{entry: e}
		sendRuns(src.sess, proto.AskHashes, []bits.Run{of})
	}
}

// askListsLocked has mates asked, when who offered it is gone, for what that one was
// asked for in vain.
func (d *download) askListsLocked() {
	if d.plan == nil || d.over {
		return
	}
	for _, mate := range d.sources {
		if mate.has == nil {
			continue
		}
		for r := range mate.has.Runs() {
			d.saysLocked(mate, r)
		}
	}
}

// listLocked takes in a part of such a list. What is not known of it yet ends it.
func (src *source) listLocked(first int, hashes []tree.Hash) error {
	d, l := src.d, src.list
	if l == nil {
		return errUnexpected
	}
	of := d.m.PiecesOf(l.entry)
	if first != of.First+len(l.hashes) || first+len(hashes) > of.End() {
		return errUnexpected
	}
	l.hashes = append(l.hashes, hashes...)
	if len(hashes) > 0 && len(l.hashes) < of.Count {
		return nil
	}
	src.list = nil
	if len(l.hashes) < of.Count {
		return nil
	}
	if d.land.SetHashes(l.entry, l.hashes) != nil {
		d.liarLocked(src)
		return ErrMismatch
	}
	d.vouchLocked(of.First, l.hashes)
	for r := range src.has.Runs() {
		d.saysLocked(src, r) // of other files
	}
	return nil
}

// concludeAlone finds the roots of files of which all is here by itself, when who
// offered them has left the room and others may have what is missing: each piece is
// by its word what it should be, so the root is too. Who has only lost its stream
// will be back, and waits to be told that all has arrived.
func (d *download) concludeAlone() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.several || d.plan == nil || d.over || d.originLocked() != nil || d.offererHereLocked() {
		return
	}
	for e, stage := range d.stage {
		if d.left[e] > 0 || stage != fileOpen && stage != fileRootAsked {
			continue
		}
		of := d.m.PiecesOf(e)
		hashes := make([]tree.Hash, of.Count)
		if d.land.Hashes(of.First, hashes) != nil || slices.Contains(hashes, tree.Hash{}) {
			continue
		}
		d.stage[e] = fileRootAsked
		_ = d.rootLocked(proto.Root{Entry: e, Root: tree.Root(hashes, d.m.FileSize(e))}) // as if it had been told
	}
}

func (d *download) offererHereLocked() bool {
	for _, who := range d.s.instances(d.offerer.ID) {
		if d.mates[who.Member] == nil {
			return true
		}
	}
	return false
}
