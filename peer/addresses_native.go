//go:build !js

package peer

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// proofTime is the head start that who answers first has, to prove that it is
	// who is meant, over the next address: a forged one must not cost more. A node
	// on busy cores may need as long.
	proofTime = 2 * time.Second

	// laterProofTime is that of all after the first: many forged addresses must
	// leave time for the true one.
	laterProofTime = 500 * time.Millisecond
)

// dial is one call of Dial: it tries one address after the other until somebody
// proves to be who is meant.
type dial struct {
	t     *Transport
	to    Target
	began time.Time

	left   []netip.AddrPort // where nobody has answered so far
	under  int              // tries under way
	seeks  bool             // one of them has nobody yet
	told   error            // what says most of how the others ended
	rank   int              // how much, see tells
	events chan dialEvent   // has room for all that tries can say

	headStart time.Duration    // of who answers next
	next      <-chan time.Time // when that of who answered last is over
	linked    <-chan struct{}  // closed at the next link, unless nil: it may be who is meant
}

// dialEvent is what a try says: first where somebody took the call, then how it
// ended.
type dialEvent struct {
	answered netip.AddrPort
	conn     *Conn
	err      error
	nobody   bool // err says why none of the addresses answered
}

func newDial(t *Transport, to Target) *dial {
	d := &dial{
		t: t, to: to, began: time.Now(), left: t.withoutSelf(to.Addrs),
		events: make(chan dialEvent, 2*len(to.Addrs)+2), headStart: proofTime,
	}
	// Tries that go on beside each other speak one at a time.
	var mu sync.Mutex
	if told := to.Progress; told != nil {
		d.to.Progress = func(s Step, at netip.AddrPort) {
			mu.Lock()
			defer mu.Unlock()
			told(s, at)
		}
	}
	if told := to.Instead; told != nil {
		d.to.Instead = func(in Instance, at netip.AddrPort) {
			mu.Lock()
			defer mu.Unlock()
			told(in, at)
		}
	}
	return d
}

// run returns the first link, or what says most of why there is none. What is
// still under way then ends with ctx; should it come to a link all the same, that
// is delivered as one of theirs.
func (d *dial) run(ctx context.Context) (*Conn, error) {
	defer d.leave()
	d.start(ctx)
	done := ctx.Done()
	for d.under > 0 || len(d.left) > 0 {
		select {
		case e := <-d.events:
			if e.answered.IsValid() {
				d.answered(e.answered)
				continue
			}
			d.under--
			if e.err == nil || d.settled(e.err) {
				return e.conn, e.err
			}
			d.ended(e)
			if !refused(e.err) {
				d.start(ctx)
				continue
			}
			// It may be who is meant: then its other addresses say the same, and a
			// link of its own is on its way to us.
			d.linked = d.t.claims.joined()
		case <-d.next:
			d.start(ctx)
		case <-d.linked:
			d.linked = d.t.claims.joined()
		case <-done:
			done, d.left = nil, nil
			d.told = cmp.Or(d.told, context.Cause(ctx))
		}
		if l := d.t.claims.linkedSince(d.to.Instance, d.began); d.linked != nil && l != nil && !l.conn.dialed {
			return nil, ErrLinked
		}
	}
	return nil, d.told
}

// answered takes in where somebody took the call.
func (d *dial) answered(at netip.AddrPort) {
	d.seeks = false
	d.left = slices.DeleteFunc(d.left, func(a netip.AddrPort) bool { return a == at })
	d.next, d.headStart = time.After(d.headStart), laterProofTime
}

// start starts a try of the addresses that are left, unless one is looking for
// somebody at them.
func (d *dial) start(ctx context.Context) {
	if d.seeks || len(d.left) == 0 && d.told != nil {
		return
	}
	left := slices.Clone(d.left)
	if !d.t.spawn(func() { d.try(ctx, left) }) {
		d.told, d.left = ErrClosed, nil
		return
	}
	d.seeks = true
	d.under++
}

func (d *dial) try(ctx context.Context, addrs []netip.AddrPort) {
	d.to.progress(StepConnect, netip.AddrPort{})
	s, err := connect(ctx, addrs, d.to.Once, func(a netip.AddrPort) { d.to.progress(StepConnect, a) })
	if err != nil {
		d.events <- dialEvent{err: err, nobody: true}
		return
	}
	remote := s.remote
	d.events <- dialEvent{answered: remote}
	d.to.progress(StepOffer, remote)
	conn, err := d.t.dialOver(ctx, s, d.to, d.began)
	d.events <- dialEvent{conn: conn, err: err}
}

// settled reports whether no other address can change how a dial ended. What
// somebody says who has not proven to be anybody settles nothing, unless anybody
// will do.
func (d *dial) settled(err error) bool {
	var said unproven
	if errors.As(err, &said) {
		return refused(err) && d.to.Instance.IsZero()
	}
	return refused(err) || errors.Is(err, ErrClosed)
}

// ended takes in that a try came to nothing.
func (d *dial) ended(e dialEvent) {
	if e.nobody {
		d.seeks, d.left = false, nil
	}
	if rank := tells(e); d.told == nil || rank >= d.rank {
		d.told, d.rank = e.err, rank
	}
}

// tells ranks how a try ended by what it says: who answered says more than who
// does not, unless it is somebody else.
func tells(e dialEvent) int {
	switch {
	case elsewhere(e.err):
		return 0
	case e.nobody || timedOut(e.err) || errors.Is(e.err, ErrTimeout):
		return 1
	case hangsUp(e.err):
		return 2
	}
	return 3
}

// leave delivers what tries come to that the dial does not wait for.
func (d *dial) leave() {
	if d.under == 0 {
		return
	}
	d.t.spawn(func() {
		for ended := 0; ended < d.under; {
			e := <-d.events
			if e.answered.IsValid() {
				continue
			}
			ended++
			if e.conn != nil {
				d.t.deliver(e.conn)
			}
		}
	})
}
