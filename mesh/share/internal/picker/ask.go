package picker

import (
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

// ask is a run that a holder was asked for and has not given yet.
type ask struct {
	bits.Run
	twice bool // another was asked for it besides
}

// ask makes a request of a run, all of which is needed.
func (p *Picker) ask(now time.Time, h *holder, r bits.Run, twice bool) Request {
	if p.got.IsZero() {
		p.got = now
	}
	if len(h.asked) == 0 {
		h.pace.begin(now)
	}
	fresh := h.origin && p.known.CountRun(r) == 0
	if !twice {
		p.opened -= p.bytes(r)
		p.open.RemoveRun(r)
	}
	h.asked = append(h.asked, ask{r, twice})
	h.inflight += p.bytes(r)
	return Request{Holder: h.name, Run: r, Announce: fresh}
}

// cut takes a run out of what a holder was asked for, and says whether any of it
// was.
func (p *Picker) cut(h *holder, r bits.Run) bool {
	found := false
	for i := len(h.asked) - 1; i >= 0; i-- {
		first, end := max(h.asked[i].First, r.First), min(h.asked[i].End(), r.End())
		if first >= end {
			continue
		}
		found = true
		h.inflight -= p.bytes(bits.Run{First: first, Count: end - first})
		h.asked = slices.Replace(h.asked, i, i+1, h.asked[i].without(first, end)...)
	}
	return found
}

// without returns what is left of a when what is between first and end is taken
// out.
func (a ask) without(first, end int) []ask {
	var rest []ask
	if a.First < first {
		rest = append(rest, ask{bits.Run{First: a.First, Count: first - a.First}, a.twice})
	}
	if end < a.End() {
		rest = append(rest, ask{bits.Run{First: end, Count: a.End() - end}, a.twice})
	}
	return rest
}

// release makes what is needed of a run free, where nobody else is asked for it.
func (p *Picker) release(r bits.Run) {
	for i := p.needed.Next(r.First); i < r.End(); i = p.needed.Next(i + 1) {
		p.reopen(i)
	}
}

// cancel notes that a holder is no longer to give a run.
func (p *Picker) cancel(name Holder, r bits.Run) {
	if n := len(p.useless); n > 0 {
		last := &p.useless[n-1]
		if last.Holder == name && last.End() == r.First {
			last.Count += r.Count
			return
		}
	}
	p.useless = append(p.useless, Request{Holder: name, Run: r})
}

// Cancelled returns a run that a holder was asked for and that is no longer to
// come from it, as often as there is any.
func (p *Picker) Cancelled() (Request, bool) {
	if len(p.useless) == 0 {
		return Request{}, false
	}
	r := p.useless[0]
	p.useless = p.useless[1:]
	return r, true
}
