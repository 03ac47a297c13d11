package picker

import (
	"iter"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

// candidates gives a run in each of up to looked blocks that have any: from where
// somebody reads on, or from a random one, or the first if they come in order. next
// is the first piece from one on that may be in a run.
func (p *Picker) candidates(next func(int) int) iter.Seq[bits.Run] {
	return func(yield func(bits.Run) bool) {
		begin := 0
		if !p.ordered {
			begin = int(p.grid.starts[p.random.IntN(p.grid.len())])
		}
		begin, _ = p.begin(begin)
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
func (p *Picker) fresh(now time.Time, h *holder) (bits.Run, bool) {
	if !h.origin {
		return bits.Run{}, false
	}
	var other bits.Run
	n := 0
	for r := range p.candidates(func(i int) int { return p.nextFresh(i, h) }) {
		if p.ours(p.grid.block(r.First)) {
			return r, true
		}
		if n++; n == 1 {
			other = r
		}
	}
	return other, n > 0 && p.helps(now, n)
}

// helps says whether to ask for blocks that are others' to ask for, when there are
// n. While there are few, their owners are most likely about to ask, and it is
// left to them for a while.
func (p *Picker) helps(now time.Time, n int) bool {
	if n > 2*len(p.holders) {
		p.few = time.Time{}
		return true
	}
	if p.few.IsZero() {
		p.few = now
	}
	return now.Sub(p.few) >= idle
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
		if !h.origin && !h.silent && !h.has.Full() && weight(h.name, block) > own {
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
	return p.rarest(func(i int) int { return p.nextOpen(i, h) })
}

func (p *Picker) rarest(next func(int) int) (best bits.Run, ok bool) {
	least := 0
	_, read := p.begin(0)
	for r := range p.candidates(next) {
		n := int(p.having[r.First]) + int(p.coming[r.First])
		if best.Count == 0 || n < least {
			best, least = r, n
		}
		if least <= 1 || read {
			break
		}
	}
	return best, best.Count > 0
}

// second chooses of the origin what others have, if they would take long for it,
// and if nothing comes also what others get.
func (p *Picker) second(now time.Time, h *holder) (bits.Run, bool) {
	if !h.origin {
		return bits.Run{}, false
	}
	if now.Sub(p.got) >= idle {
		return p.rarest(func(i int) int { return p.nextOpen(i, h) })
	}
	if p.busy(now) < wait.Seconds() {
		return bits.Run{}, false
	}
	return p.rarest(func(i int) int {
		for i = p.open.NextIn(i, p.held); i < p.pieces && !h.holds(i); {
			i = p.open.NextIn(i+1, p.held)
		}
		return i
	})
}

// busy says how many seconds the other receivers would take for what they have
// and we have not asked for yet. One of which that is not known yet may be quick.
func (p *Picker) busy(now time.Time) float64 {
	if p.open.Count() == 0 {
		return 0
	}
	rate := 0.0
	for _, h := range p.holders {
		if h.origin || p.stalled(now, h) || p.nextOpen(0, h) == p.pieces {
			continue
		}
		if h.pace.rate == 0 {
			return 0
		}
		rate += h.pace.rate
	}
	bytes := float64(p.opened) * float64(p.open.CountIn(p.held)) / float64(p.open.Count())
	return bytes / max(rate, 1)
}
