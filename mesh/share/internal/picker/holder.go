package picker

import (
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

const (
	// maxAnnounced is how much a receiver may say it is getting, in bytes: what
	// more it says is not believed, lest one keeps the rest from asking.
	maxAnnounced = 32 << 20

	// maxFailures is how often a holder may not have what it said it had.
	maxFailures = 16

	// pause is how long a holder that has stalled is not asked for more.
	pause = 10 * time.Second

	// lapse is how long a receiver is believed to be getting something when
	// nothing is heard of it.
	lapse = 3 * time.Second
)

// holder is what is known of one that can be asked.
type holder struct {
	name   Holder
	origin bool
	has    *bits.Set // nil: all

	fetching  *bits.Set // what it said it is getting, and has not; nil: nothing
	announced int64     // bytes of that
	heard     time.Time // when it last said that it has or gets something

	asked    []ask // in the order in which it answers
	inflight int64 // bytes of that
	failures int
	pace     pace
	silent   bool      // it has stalled: what it has and gets does not count
	until    time.Time // it is not asked before, for that
}

func (h *holder) holds(i int) bool { return h.has == nil || h.has.Has(i) }

func (h *holder) holdsAll(r bits.Run) bool {
	return h.has == nil || h.has.CountRun(r) == r.Count
}

func (p *Picker) holder(name Holder) *holder {
	for _, h := range p.holders {
		if h.name == name {
			return h
		}
	}
	return nil
}

// Joined takes in that a holder can be asked, and what it has; nil is all. An
// origin has all, and is where it comes from. It says whether the holder is
// taken: not if it lied before, nor if there are [MaxHolders] already.
func (p *Picker) Joined(now time.Time, name Holder, has *bits.Set, origin bool) bool {
	if p.banned[name] || name == p.self {
		return false
	}
	p.Left(now, name)
	if len(p.holders) >= MaxHolders {
		return false
	}
	h := &holder{name: name, origin: origin, heard: now}
	p.holders = append(p.holders, h)
	if origin {
		return true
	}
	h.has = bits.New(p.pieces)
	if has == nil {
		p.Has(now, name, bits.Run{First: 0, Count: p.pieces})
		return true
	}
	for r := range has.Runs() {
		p.Has(now, name, r)
	}
	return true
}

// Has takes in that a holder has a run, which must be within bounds. From an
// origin, and from whoever did not join, it says nothing.
func (p *Picker) Has(now time.Time, name Holder, r bits.Run) {
	h := p.holder(name)
	if h == nil || h.origin {
		return
	}
	h.heard = now
	p.Fetching(now, name, r, false)
	for i := r.First; i < r.End(); i++ {
		if h.has.Add(i) && !h.silent {
			p.gained(i)
		}
	}
}

// gained takes in that one receiver more has a piece.
func (p *Picker) gained(i int) {
	p.having[i]++
	p.held.Add(i)
	p.known.Add(i)
}

// lost takes in that one receiver less has a piece.
func (p *Picker) lost(i int) {
	p.having[i]--
	p.forget(i)
}

// Fetching takes in that another receiver is getting a run, or is no longer. The
// run must be within bounds.
func (p *Picker) Fetching(now time.Time, name Holder, r bits.Run, on bool) {
	h := p.holder(name)
	if h == nil || h.origin || h.silent || h.fetching == nil && !on {
		return
	}
	h.heard = now
	if h.fetching == nil {
		h.fetching = bits.New(p.pieces)
	}
	for i := r.First; i < r.End(); i++ {
		p.announce(h, i, on)
	}
}

func (p *Picker) announce(h *holder, i int, on bool) {
	n := p.bytes(bits.Run{First: i, Count: 1})
	if !on {
		if h.fetching.Remove(i) {
			h.announced -= n
			p.coming[i]--
			p.forget(i)
		}
		return
	}
	if h.announced+n > maxAnnounced || h.has.Has(i) || !h.fetching.Add(i) {
		return
	}
	h.announced += n
	p.coming[i]++
	p.known.Add(i)
}

// forget takes a piece out of what is known if nobody has it or gets it.
func (p *Picker) forget(i int) {
	if p.having[i] > 0 {
		return
	}
	p.held.Remove(i)
	if p.coming[i] == 0 {
		p.known.Remove(i)
	}
}

// lapsed no longer believes what receivers said long ago.
func (p *Picker) lapsed(now time.Time) {
	for _, h := range p.holders {
		if h.announced > 0 && now.Sub(h.heard) > lapse {
			p.unannounce(h)
		}
	}
}

func (p *Picker) unannounce(h *holder) {
	if h.fetching == nil {
		return
	}
	for i := h.fetching.Next(0); i < p.pieces; i = h.fetching.Next(i + 1) {
		p.announce(h, i, false)
	}
}

// Left takes in that a holder can no longer be asked. What it was asked for is
// free.
func (p *Picker) Left(now time.Time, name Holder) {
	i := slices.IndexFunc(p.holders, func(h *holder) bool { return h.name == name })
	if i < 0 {
		return
	}
	h := p.holders[i]
	p.holders = slices.Delete(p.holders, i, i+1)
	p.useless = slices.DeleteFunc(p.useless, func(r Request) bool { return r.Holder == name })
	p.silence(now, h)
	for _, a := range h.asked {
		p.release(a.Run)
	}
}

// silence makes that what a receiver has or gets no longer counts.
func (p *Picker) silence(now time.Time, h *holder) {
	h.until = now.Add(pause)
	if h.silent {
		return
	}
	h.silent = true
	if h.origin {
		return
	}
	p.unannounce(h)
	for i := h.has.Next(0); i < p.pieces; i = h.has.Next(i + 1) {
		p.lost(i)
	}
}

// unsilence makes that it counts again.
func (p *Picker) unsilence(h *holder) {
	if !h.silent {
		return
	}
	h.silent, h.until = false, time.Time{}
	if h.origin {
		return
	}
	for i := h.has.Next(0); i < p.pieces; i = h.has.Next(i + 1) {
		p.gained(i)
	}
}

// Lied takes in that a holder gave wrong bytes: it has left, and is not taken
// again.
func (p *Picker) Lied(now time.Time, name Holder) {
	p.Left(now, name)
	p.banned[name] = true
}

// Failed takes in that a holder has not what it was asked for. It is not asked
// for that again unless it says that it has it now; an origin, not at all. Who
// fails too often has left, and is not taken again, except an origin.
func (p *Picker) Failed(now time.Time, name Holder, r bits.Run) {
	h := p.holder(name)
	if h == nil || !r.In(p.pieces) {
		return
	}
	if h.failures++; h.failures > maxFailures && !h.origin {
		p.Lied(now, name)
		return
	}
	p.lacks(h, r)
}

// Lacks takes in that a holder has not what it said it had. It is not held
// against it.
func (p *Picker) Lacks(name Holder, r bits.Run) {
	if h := p.holder(name); h != nil && r.In(p.pieces) {
		p.lacks(h, r)
	}
}

func (p *Picker) lacks(h *holder, r bits.Run) {
	p.cut(h, r)
	p.release(r)
	if h.has == nil {
		h.has = bits.Full(p.pieces)
	}
	for i := r.First; i < r.End(); i++ {
		if h.has.Remove(i) && !h.origin && !h.silent {
			p.lost(i)
		}
	}
}
