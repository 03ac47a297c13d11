package contacts

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// Moved takes in what peer.Target's Progress tells of a dial.
func (t *Table) Moved(now time.Time, d *Dial, step peer.Step, at netip.AddrPort) {
	if step == peer.StepConnect && at.IsValid() {
		d.tried = append(d.tried, at)
		at = netip.AddrPort{}
	}
	d.moved, d.step, d.at = now, step, at
}

// Instead takes in what peer.Target's Instead tells: who answers at an address
// is not the instance meant. If it is one to dial as well, that is next, and
// goes there on the count of the dial that found it: otherwise those that are
// only said to be there would use up what the living one is to be dialed with.
// Each count is good for one such dial.
func (t *Table) Instead(now time.Time, d *Dial, who peer.Instance, at netip.AddrPort) {
	c := t.contacts[who]
	if c == nil || !c.wants() || !slices.Contains(c.addrs(), at) {
		return
	}
	i := slices.Index(d.counted, at)
	if i < 0 {
		return
	}
	d.counted = slices.Delete(d.counted, i, i+1)
	c.answers = at
	t.hurry(now, c)
}

// Ended takes in how a dial to a contact ended. A link that came of it has been
// told of already.
func (t *Table) Ended(now time.Time, d *Dial, err error) {
	delete(t.dials, d)
	t.uncount(now, d)
	if errors.Is(err, peer.ErrLinked) && !d.stalled(now) && slices.Contains(d.counted, d.at) {
		// It was turned down soon, for a link that there is or will be. One that
		// was only kept waiting counts where it went.
		t.release(now, d.at.Addr())
	}
	c := t.contacts[d.Instance]
	if c == nil || c.dial != d {
		return
	}
	c.dial = nil
	if err == nil {
		c.poor, c.vain = nil, peer.Instance{}
		t.window.made(now, d.offered(now))
		return
	}
	if !errors.Is(err, peer.ErrLinked) {
		c.poor, c.vain = d.tried, d.Over
	}
	t.failed(now, c, err)
}

// uncount takes back the addresses that a dial did not get to before it ended:
// one that an early address answers goes on to no others. If it tried none at
// all, the transport does not tell.
func (t *Table) uncount(now time.Time, d *Dial) {
	if len(d.tried) == 0 {
		return
	}
	for _, a := range d.Addrs {
		if slices.Contains(d.tried, a) {
			continue
		}
		t.pace.Restore(1)
		delete(t.recent, a)
		if slices.Contains(d.counted, a) {
			t.release(now, a.Addr())
		}
	}
}

// release takes a dial back that was counted where it went, and has those dialed
// that it kept from going there.
func (t *Table) release(now time.Time, ip netip.Addr) {
	t.places.restore(ip)
	for _, c := range t.contacts {
		if c.held == ip && c.next.After(now) {
			c.next, c.held = now, netip.Addr{}
		}
	}
}

// EndedByHand takes in how the dial to an address given by hand ended: who
// answered, and what was tried.
func (t *Table) EndedByHand(now time.Time, d *Dial, who peer.Instance, tried []netip.AddrPort, err error) {
	delete(t.byHand, d)
	a := d.Address
	a.dial, a.addrs = nil, tried
	a.settled = errors.Is(err, peer.ErrSelf) || errors.Is(err, peer.ErrLinked)
	switch {
	case err == nil:
		a.instance, a.err, a.fails = who, nil, 0
		a.next = now.Add(firstRetry)
	case a.settled:
		a.err, a.fails = nil, 0
		a.next = now.Add(handRecheck)
	default:
		a.err = err
		a.fails++
		a.next = now.Add(t.retryAfter(a.fails, lastRetry))
	}
}
