package picker

import (
	"math/rand/v2"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/peer"
)

// MaxHolders is how many can be asked at a time. The counts of holders take a
// byte a piece.
const MaxHolders = 250

// Holder is who can be asked: one start of a member's program.
type Holder = peer.Instance

// Config is what [New] needs to know of the content and of us.
type Config struct {
	Self    Holder            // we, as the others know us
	Pieces  int               // how many there are
	Offset  func(i int) int64 // where piece i begins in the whole content, in bytes; of Pieces: its size
	Need    *bits.Set         // what is to be got; the Picker keeps it
	Several bool              // others receive it too, or may: nothing goes in order
	Ordered bool              // the origin gets it while it gives it, from the first piece on
	Seed    uint64            // what is done by chance follows from it
}

// Request is a run to be asked of a holder.
type Request struct {
	Holder Holder
	bits.Run
	Announce bool // the other receivers should know: nobody has it, and they might ask for it too
}

// Picker knows who has what of a content, and what of it is needed.
type Picker struct {
	self    Holder
	random  *rand.Rand
	offset  func(int) int64
	pieces  int
	several bool
	ordered bool
	first   []int // pieces that are wanted before the rest, with what is near behind them
	grid    grid

	needed *bits.Set // to be got, and not there yet
	open   *bits.Set // of that, what nobody is asked for
	left   int64     // bytes needed
	opened int64     // bytes open

	// Of each piece: how many receivers have it, and how many said they are getting
	// it; which any has, and which any has or gets.
	having []uint8
	coming []uint8
	held   *bits.Set
	known  *bits.Set

	holders []*holder
	banned  map[Holder]bool
	useless []Request // to be cancelled
	got     time.Time // when something new came last, or the first was asked for
	few     time.Time // since when few blocks are new, and none of them ours
	doubled int64     // bytes asked of two
}

// New returns the picker of a receiver that knows no holder yet.
func New(c Config) *Picker {
	p := &Picker{
		self:    c.Self,
		random:  rand.New(rand.NewPCG(c.Seed, 0)),
		offset:  c.Offset,
		pieces:  c.Pieces,
		several: c.Several,
		ordered: c.Ordered,
		grid:    newGrid(c.Pieces, c.Offset),
		needed:  c.Need,
		open:    c.Need.Clone(),
		having:  make([]uint8, c.Pieces),
		coming:  make([]uint8, c.Pieces),
		held:    bits.New(c.Pieces),
		known:   bits.New(c.Pieces),
		banned:  make(map[Holder]bool),
	}
	for r := range p.needed.Runs() {
		p.left += p.bytes(r)
	}
	p.opened = p.left
	return p
}

// Several takes in that others receive it too, or may.
func (p *Picker) Several() { p.several = true }

// near is how much behind each piece of First is wanted before the rest, in bytes.
const near = 16 << 20

// First takes in which pieces are wanted before the rest, and what is within 16 MiB
// behind each of them: somebody reads it in order.
func (p *Picker) First(pieces []int) { p.first = pieces }

// begin is where to look first for what is to be asked: where somebody reads, if
// something is to be asked there, or else the given piece.
func (p *Picker) begin(otherwise int) (piece int, read bool) {
	for _, i := range p.first {
		if next := p.open.Next(i); next < p.pieces && p.offset(next)-p.offset(i) < near {
			return next, true
		}
	}
	return otherwise, false
}

// bytes is how long a run is.
func (p *Picker) bytes(r bits.Run) int64 {
	return p.offset(r.End()) - p.offset(r.First)
}

// Remaining is what has not arrived yet.
func (p *Picker) Remaining() (pieces int, bytes int64) {
	return p.needed.Count(), p.left
}

// Done says whether nothing is needed any more.
func (p *Picker) Done() bool { return p.needed.Count() == 0 }

// Got takes in that a piece arrived from a holder and is what it should be. It
// says whether the piece was needed: what was asked of two may come twice.
func (p *Picker) Got(now time.Time, from Holder, i int) bool {
	if i < 0 || i >= p.pieces {
		return false
	}
	if h := p.holder(from); h != nil {
		h.pace.gave(now, p.bytes(bits.Run{First: i, Count: 1}))
		p.unsilence(h)
	}
	if !p.needed.Has(i) {
		return false
	}
	p.got = now
	p.settle(i, from)
	return true
}

// Skip takes in that pieces are no longer to be got: they are here, or nobody
// wants them now.
func (p *Picker) Skip(r bits.Run) {
	for i := p.needed.Next(r.First); i < r.End(); i = p.needed.Next(i + 1) {
		p.settle(i, Holder{})
	}
}

// settle takes a needed piece out of everything: it is here, from whom if from
// anybody. Who else was asked for it is asked no longer.
func (p *Picker) settle(i int, from Holder) {
	r := bits.Run{First: i, Count: 1}
	p.needed.Remove(i)
	p.left -= p.bytes(r)
	if p.open.Remove(i) {
		p.opened -= p.bytes(r)
		return
	}
	for _, h := range p.holders {
		if p.cut(h, r) && h.name != from {
			p.cancel(h.name, r)
		}
	}
}

// Need takes in that pieces are to be got that were not before, or that are not
// here after all.
func (p *Picker) Need(r bits.Run) {
	for i := r.First; i < r.End(); i++ {
		if p.needed.Add(i) {
			p.left += p.bytes(bits.Run{First: i, Count: 1})
			p.reopen(i)
		}
	}
}

// reopen makes a needed piece free to be asked for, if it is asked of nobody.
func (p *Picker) reopen(i int) {
	if p.needed.Has(i) && !p.asked(i) && p.open.Add(i) {
		p.opened += p.bytes(bits.Run{First: i, Count: 1})
	}
}

func (p *Picker) asked(i int) bool {
	for _, h := range p.holders {
		for _, a := range h.asked {
			if a.First <= i && i < a.End() {
				return true
			}
		}
	}
	return false
}
