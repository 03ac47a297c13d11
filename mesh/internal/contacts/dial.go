package contacts

import (
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/peer"
)

const (
	// A dial to a node that is here gets an answer on TCP within connectSoon,
	// and one to its offer within answerSoon unless the machine is very busy.
	// When the offer is answered, packets get through within checkSoon. One that
	// does not keeps its place no longer, but goes on beside the others, for it
	// costs little any more: up to maxUnderway in all, half of which may have
	// failed before, to maxKnocking addresses, at each of which package peer has
	// up to five sockets, or one after the first time.
	connectSoon = 250 * time.Millisecond
	answerSoon  = 2 * time.Second
	answerLate  = 8 * time.Second // on one that is
	checkSoon   = time.Second
	checkLate   = 4 * time.Second
	maxUnderway = 16
	maxKnocking = 64
)

// Dial is a dial under way. What it tells may be read without regard to the
// table; everything else goes through that.
type Dial struct {
	Address  *Address         // given by hand; nil: it is for a contact
	Instance peer.Instance    // of a contact: whom it is meant for
	Addrs    []netip.AddrPort // of a contact: where to dial, the likeliest first
	Over     peer.Instance    // of a contact: which neighbour is to carry an offer; zero: it is dialed at Addrs
	Once     bool             // without haste: somebody was dialed there in vain lately

	retry   bool          // it failed before
	width   int           // how many addresses are tried
	usual   time.Duration // what dials took when it began; 0: that was not known
	began   time.Time
	moved   time.Time // to its step
	step    peer.Step
	at      netip.AddrPort   // who answered on TCP; invalid: nobody yet
	tried   []netip.AddrPort // where it has knocked
	counted []netip.AddrPort // of Addrs, which the places have counted
}

// progress returns how far the dial is; nil is none.
func (d *Dial) progress() peer.Step {
	if d == nil {
		return 0
	}
	return d.step
}

// knocking returns at how many addresses the dial may have sockets.
func (d *Dial) knocking() int {
	if d.step <= peer.StepConnect {
		return d.width
	}
	return 1
}

// stalls returns from when on the dial is one that somebody keeps waiting. The
// kernel answers on TCP, however busy the machine; the rest may take some times
// of what dials took when it began.
func (d *Dial) stalls() time.Time {
	switch {
	case d.step <= peer.StepConnect:
		return d.began.Add(connectSoon)
	case d.step == peer.StepOffer:
		return d.began.Add(max(answerSoon, min(4*d.usual, answerLate)))
	}
	return d.moved.Add(max(checkSoon, min(2*d.usual, checkLate)))
}

func (d *Dial) stalled(now time.Time) bool { return !d.stalls().After(now) }

// dials are those of one kind that are under way: to contacts, or to addresses
// given by hand. Neither takes the other's places, for what is given by hand is
// often dead, and dialed for ever.
type dials map[*Dial]struct{}

// vacancy is what may be dialed now.
type vacancy struct {
	dials   int
	retries int // of these, that failed before
	addrs   int
}

// admits reports whether there is room for a dial that failed so often before.
func (v vacancy) admits(fails int) bool {
	return v.dials > 0 && v.addrs > 0 && (fails == 0 || v.retries > 0)
}

// vacancy returns what may be dialed now, if so many dials may make a link at
// once. Half of them may have failed before.
func (ds dials) vacancy(now time.Time, most int) vacancy {
	v := vacancy{dials: most, retries: max(most/2, 1), addrs: maxKnocking}
	under, retrying := 0, 0
	for d := range ds {
		under++
		v.addrs -= d.knocking()
		if d.retry {
			retrying++
		}
		if d.stalled(now) {
			continue
		}
		v.dials--
		if d.retry {
			v.retries--
		}
	}
	v.dials = max(0, min(v.dials, maxUnderway-under))
	v.retries = max(0, min(v.retries, v.dials, maxUnderway/2-retrying))
	v.addrs = max(0, v.addrs)
	return v
}

// wake returns when the next of the dials gives up its place; zero: none will
// before it ends.
func (ds dials) wake(now time.Time) (next time.Time) {
	for d := range ds {
		if at := d.stalls(); at.After(now) {
			next = earlier(next, at)
		}
	}
	return next
}

func (ds dials) begin(now time.Time, d *Dial, width int, retry bool) {
	d.retry, d.width, d.began, d.moved, d.step = retry, width, now, now, peer.StepConnect
	if !d.Over.IsZero() {
		d.step = peer.StepOffer
	}
	ds[d] = struct{}{}
}
