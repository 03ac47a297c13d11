package picker

import (
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

const (
	// A holder has stalled when it gives nothing for so many times what it needs
	// for a piece, or what others do, and for so long.
	manyTimes  = 8
	shortStall = 2 * time.Second

	// sooner is by how much another must be ahead to be asked besides, and so is
	// that it takes less than half the time.
	sooner = 200 * time.Millisecond

	// maxDoubled is what part of the content is asked of two at most.
	maxDoubled = 50
)

// stalled says whether a holder was asked and gives nothing.
func (p *Picker) stalled(now time.Time, h *holder) bool {
	if len(h.asked) == 0 {
		return false
	}
	waited := now.Sub(h.pace.last)
	if waited < shortStall {
		return false
	}
	piece := p.bytes(bits.Run{First: h.asked[0].First, Count: 1})
	return waited.Seconds() > manyTimes*float64(piece)/p.rate(h)
}

// stalls frees what stalled holders were asked for and others can be asked now,
// and says whether there is more to be asked of anybody for that.
func (p *Picker) stalls(now time.Time) bool {
	found := false
	for _, h := range p.holders {
		if !p.stalled(now, h) {
			continue
		}
		found = !h.silent || found
		p.silence(now, h)
		found = p.free(now, h) || found
	}
	return found
}

func (p *Picker) free(now time.Time, stalled *holder) bool {
	found := false
	for i := len(stalled.asked) - 1; i >= 0; i-- {
		a := stalled.asked[i]
		if p.elsewhere(now, a.Run, stalled) == nil {
			continue
		}
		found = true
		p.cut(stalled, a.Run)
		p.cancel(stalled.name, a.Run)
		p.release(a.Run)
	}
	return found
}

// elsewhere is another that has the first of a run and can be asked for it.
func (p *Picker) elsewhere(now time.Time, r bits.Run, than *holder) *holder {
	for _, h := range p.holders {
		if h != than && h.holds(r.First) && p.room(now, h) {
			return h
		}
	}
	return nil
}

// double asks another for what one was asked for and would give much later.
func (p *Picker) double(now time.Time) (Request, bool) {
	for _, h := range p.holders {
		if !p.room(now, h) || h.origin && now.Sub(p.got) < idle {
			continue
		}
		if r, ok := p.slowest(now, h); ok {
			p.doubled += p.bytes(r)
			return p.ask(now, h, r, true), true
		}
	}
	return Request{}, false
}

// slowest is what others would give last, if h would much sooner.
func (p *Picker) slowest(now time.Time, h *holder) (bits.Run, bool) {
	var slow *ask
	latest := time.Duration(0)
	for _, g := range p.holders {
		if g == h {
			continue
		}
		behind := int64(0)
		for i := range g.asked {
			a := &g.asked[i]
			behind += p.bytes(a.Run)
			takes := p.takes(now, g, behind)
			if !a.twice && takes > latest && h.holdsAll(a.Run) && p.mayDouble(a.Run) {
				slow, latest = a, takes
			}
		}
	}
	if slow == nil {
		return bits.Run{}, false
	}
	here := p.takes(now, h, h.inflight+p.bytes(slow.Run))
	if latest < 2*here+sooner {
		return bits.Run{}, false
	}
	slow.twice = true
	return slow.Run, true
}

// takes is how long a holder will need for the next bytes: at least as long again
// as it has given nothing.
func (p *Picker) takes(now time.Time, h *holder, bytes int64) time.Duration {
	takes := time.Duration(float64(bytes) / p.rate(h) * float64(time.Second))
	if len(h.asked) > 0 {
		takes = max(takes, now.Sub(h.pace.last))
	}
	return takes
}

// mayDouble bounds what is asked of two.
func (p *Picker) mayDouble(r bits.Run) bool {
	return p.doubled+p.bytes(r) <= max(p.offset(p.pieces)/maxDoubled, p.grid.size)
}
