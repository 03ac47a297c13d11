package picker

import (
	"iter"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

// candidates gives a run in each of up to looked blocks that have any, from a
// random one on. next is the first piece from one on that may be in a run.
func (p *Picker) candidates(next func(int) int) iter.Seq[bits.Run] {
	return func(yield func(bits.Run) bool) {
		begin := int(p.grid.starts[p.random.IntN(p.grid.len())])
		end := p.pieces
		n := 0
		for i := begin; n < looked; n++ {
			i = next(i)
			if i >= end && end == p.pieces {
				end = begin
				i = next(0)
			}
			if i >= end {
				return
			}
			last := int(p.grid.starts[p.grid.block(i)+1])
			r := bits.Run{First: i, Count: 1}
			for r.End() < last && next(r.End()) == r.End() {
				r.Count++
			}
			if !yield(r) {
				return
			}
			i = last
		}
	}
}

// fresh chooses of the origin what nobody has nor gets: a block that is ours, or
// else any.
func (p *Picker) fresh(_ time.Time, h *holder) (bits.Run, bool) {
	if !h.origin {
		return bits.Run{}, false
	}
	var other bits.Run
	for r := range p.candidates(func(i int) int { return p.nextFresh(i, h) }) {
		if p.ours(p.grid.block(r.First)) {
			return r, true
		}
		if other.Count == 0 {
			other = r
		}
	}
	return other, other.Count > 0
}

func (p *Picker) nextFresh(i int, h *holder) int {
	i = p.open.NextNotIn(i, p.known)
	for i < p.pieces && !h.holds(i) {
		i = p.open.NextNotIn(i+1, p.known)
	}
	return i
}

// ours says whether it is for us to get a block of the origin.
func (p *Picker) ours(block int) bool {
	own := weight(p.self, block)
	for _, h := range p.holders {
		if !h.origin && !h.has.Full() && weight(h.name, block) > own {
			return false
		}
	}
	return true
}

// rare chooses what a receiver has and few others.
func (p *Picker) rare(_ time.Time, h *holder) (bits.Run, bool) {
	if h.origin {
		return bits.Run{}, false
	}
	return p.rarest(h)
}

func (p *Picker) rarest(h *holder) (best bits.Run, ok bool) {
	least := 0
	for r := range p.candidates(func(i int) int { return p.nextOpen(i, h) }) {
		n := int(p.having[r.First]) + int(p.coming[r.First])
		if best.Count == 0 || n < least {
			best, least = r, n
		}
		if least <= 1 {
			break
		}
	}
	return best, best.Count > 0
}

// second chooses of the origin what others have or get, if they would take long,
// or if nothing comes.
func (p *Picker) second(now time.Time, h *holder) (bits.Run, bool) {
	if !h.origin || now.Sub(p.got) < idle && !p.busy(now) {
		return bits.Run{}, false
	}
	return p.rarest(h)
}

// busy says whether the other receivers would take long for what is open.
func (p *Picker) busy(now time.Time) bool {
	sum := 0.0
	for _, h := range p.holders {
		if !h.origin && !p.stalled(now, h) && p.nextOpen(0, h) < p.pieces {
			sum += p.rate(h)
		}
	}
	return float64(p.opened) > sum*wait.Seconds()
}
