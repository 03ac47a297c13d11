package share

import (
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
)

// pump asks for what is to be asked for next.
func (d *download) pump() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pumpLocked()
}

func (d *download) pumpLocked() {
	if d.plan == nil || d.over {
		return
	}
	now := time.Now()
	for {
		r, ok := d.plan.Cancelled()
		if !ok {
			break
		}
		if src := d.sources[r.Holder]; src != nil {
			src.sess.send(func(b []byte) []byte { return proto.AppendRuns(b, proto.Cancel, r.Run) })
		}
	}
	for {
		r, ok := d.plan.Next(now)
		if !ok {
			return
		}
		src := d.sources[r.Holder]
		if src.has != nil && !d.knowAllLocked(r.Run) {
			d.plan.Lacks(r.Holder, r.Run)
			d.saysLocked(src, r.Run) // it has, once the hashes are here
			continue
		}
		if r.Announce {
			d.tellMatesLocked(proto.Fetching, []bits.Run{r.Run})
		}
		src.asked.AddRun(r.Run)
		src.sess.send(func(b []byte) []byte { return proto.AppendRuns(b, proto.Get, r.Run) })
		d.askRootsLocked(r.Run)
	}
}

// earlyRoots is of how many files the roots are asked for before all of their pieces
// are: each is looked for by who offers them with every piece that it reads.
const earlyRoots = 64

// askRootsLocked asks for the roots of files of several pieces with the last piece
// that they have: where all are asked for in order the sender knows them by then.
// Where others fetch the same nothing is in order, and who has no root when the
// sender leaves cannot tell what others have, so it is asked for with the first.
func (d *download) askRootsLocked(run bits.Run) {
	for i := run.First; i < run.End(); {
		e := d.m.Piece(i).Entry
		of := d.m.PiecesOf(e)
		early := d.several && d.m.Files() <= earlyRoots
		if of.Count > 1 && (early || of.End() <= run.End()) {
			d.askRootLocked(e)
		}
		i = of.End()
	}
}

func (d *download) askRootLocked(e int) {
	if d.stage[e] != fileOpen {
		return
	}
	if src := d.originLocked(); src != nil {
		d.stage[e] = fileRootAsked
		src.sess.send(func(b []byte) []byte { return proto.AppendAskRoots(b, []int{e}) })
	}
}
