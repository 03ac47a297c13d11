package picker

import (
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

const (
	// ahead is how much is in flight at a holder, in time at its rate: enough
	// that it always has something to send, and no more.
	ahead = 400 * time.Millisecond

	// The same in bytes. Alone with one holder nobody else has to wait for it.
	aheadAlone = 16 << 20
	aheadMost  = 32 << 20

	// maxAsks is how many runs are in flight at a holder: many small files are
	// few bytes.
	maxAsks = 64

	// maxRun is how long a run is in bytes, unless it is one piece.
	maxRun = 4 << 20

	// looked is how many blocks are compared to find the best.
	looked = 1024

	// wait is how long the origin is not asked for what others have, in the time
	// that they would take for all of it, and how long nothing comes until it is
	// asked anyway.
	wait = time.Second
	idle = 500 * time.Millisecond
)

// Next says what to ask of whom, and counts on it that it is. It is called after
// whatever the Picker is told, until there is nothing more to ask, and four times
// a second besides.
func (p *Picker) Next(now time.Time) (Request, bool) {
	if p.Done() {
		return Request{}, false
	}
	p.lapsed(now)
	if len(p.holders) == 1 && !p.several {
		return p.alone(now, p.holders[0])
	}
	if r, ok := p.among(now); ok {
		return r, true
	}
	if p.stalls(now) {
		return p.among(now)
	}
	if p.open.Count() > 0 && now.Sub(p.got) < idle {
		return Request{}, false
	}
	return p.double(now)
}

// among is Next where there are several, for what is asked of nobody yet.
func (p *Picker) among(now time.Time) (Request, bool) {
	if p.open.Count() == 0 {
		return Request{}, false
	}
	for _, choose := range []func(time.Time, *holder) (bits.Run, bool){p.fresh, p.rare, p.second} {
		begin := p.random.IntN(max(len(p.holders), 1))
		for i := range p.holders {
			h := p.holders[(begin+i)%len(p.holders)]
			if !p.room(now, h) {
				continue
			}
			if r, ok := choose(now, h); ok {
				return p.ask(now, h, r, false), true
			}
		}
	}
	return Request{}, false
}

// room says whether a holder can be asked for more.
func (p *Picker) room(now time.Time, h *holder) bool {
	if len(h.asked) == 0 {
		return !now.Before(h.until)
	}
	most := min(max(int64(p.rate(h)*ahead.Seconds()), p.grid.size), aheadMost)
	return len(h.asked) < maxAsks && h.inflight < most && !p.stalled(now, h)
}

// alone is Next where there is one holder, and no other receiver.
func (p *Picker) alone(now time.Time, h *holder) (Request, bool) {
	most := min(max(int64(p.rate(h)*ahead.Seconds()), aheadAlone), aheadMost)
	if h.inflight >= most || len(h.asked) >= maxAsks {
		return Request{}, false
	}
	begin, _ := p.begin(0)
	first := p.nextOpen(begin, h)
	if first == p.pieces {
		first = p.nextOpen(0, h)
	}
	if first == p.pieces {
		return Request{}, false
	}
	end := fit(p.offset, p.pieces, first, min(most/4, maxRun))
	return p.ask(now, h, p.extend(h, first, end), false), true
}

// nextOpen is the next piece from i on that is to be asked and that h has.
func (p *Picker) nextOpen(i int, h *holder) int {
	if h.has == nil {
		return p.open.Next(i)
	}
	return p.open.NextIn(i, h.has)
}

// extend is the run from first on that is to be asked and that h has, up to end.
func (p *Picker) extend(h *holder, first, end int) bits.Run {
	last := first + 1
	for last < end && p.open.Has(last) && h.holds(last) {
		last++
	}
	return bits.Run{First: first, Count: last - first}
}
