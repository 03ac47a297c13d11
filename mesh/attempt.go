package mesh

import (
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/peer"
)

const (
	// maxDials is how many dials make a link at once. More make a start of
	// many nodes slower: each dial then takes longer than the other side waits.
	maxDials = 4
	// maxRetrying is how many of these may have failed before.
	maxRetrying = maxDials / 2
	// A dial to a node that is here gets an answer on TCP within connectSoon,
	// and one to its offer within answerSoon unless the machine is very busy.
	// When the offer is answered, packets get through within checkSoon. One that
	// does not keeps its place no longer, but goes on beside the others, for it
	// costs little any more: up to maxUnderway in all, half of which may have
	// failed before, to maxKnocking addresses, at each of which package peer has
	// up to five sockets, or one after the first time.
	connectSoon = 250 * time.Millisecond
	answerSoon  = 2 * time.Second
	checkSoon   = time.Second
	maxUnderway = 16
	maxKnocking = 64
)

// attempt is a dial under way.
type attempt struct {
	retry bool // it failed before
	addrs int  // how many are tried
	began time.Time
	moved time.Time // to its step
	step  peer.Step
	at    netip.AddrPort   // who answered on TCP; invalid: nobody yet
	tried []netip.AddrPort // where it has knocked
}

// progress returns how far the attempt is; nil is none.
func (a *attempt) progress() peer.Step {
	if a == nil {
		return 0
	}
	return a.step
}

// move takes in what peer.Target's Progress tells.
func (a *attempt) move(now time.Time, step peer.Step, at netip.AddrPort) {
	if step == peer.StepConnect && at.IsValid() {
		a.tried = append(a.tried, at)
		at = netip.AddrPort{}
	}
	a.moved, a.step, a.at = now, step, at
}

// knocking returns at how many addresses the attempt may have sockets.
func (a *attempt) knocking() int {
	if a.step <= peer.StepConnect {
		return a.addrs
	}
	return 1
}

// stalls returns from when on the attempt is one that somebody keeps waiting.
func (a *attempt) stalls() time.Time {
	switch {
	case a.step <= peer.StepConnect:
		return a.began.Add(connectSoon)
	case a.step == peer.StepOffer:
		return a.began.Add(answerSoon)
	}
	return a.moved.Add(checkSoon)
}

func (a *attempt) stalled(now time.Time) bool { return !a.stalls().After(now) }

// attempts are the dials of one kind that are under way: those to sightings,
// or those to addresses given by hand. Neither takes the other's places, for
// what is given by hand is often dead, and dialed for ever.
type attempts map[*attempt]struct{}

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

func (as attempts) vacancy(now time.Time) vacancy {
	v := vacancy{dials: maxDials, retries: maxRetrying, addrs: maxKnocking}
	under, retrying := 0, 0
	for a := range as {
		under++
		v.addrs -= a.knocking()
		if a.retry {
			retrying++
		}
		if a.stalled(now) {
			continue
		}
		v.dials--
		if a.retry {
			v.retries--
		}
	}
	v.dials = max(0, min(v.dials, maxUnderway-under))
	v.retries = max(0, min(v.retries, v.dials, maxUnderway/2-retrying))
	v.addrs = max(0, v.addrs)
	return v
}

// wake returns when the next of the attempts gives up its place; zero: none
// will before it ends.
func (as attempts) wake(now time.Time) (next time.Time) {
	for a := range as {
		if at := a.stalls(); at.After(now) {
			next = earlier(next, at)
		}
	}
	return next
}

// begin notes an attempt. Its step is told by Node.progress.
func (as attempts) begin(now time.Time, addrs int, retry bool) *attempt {
	a := &attempt{retry: retry, addrs: addrs, began: now, moved: now, step: peer.StepConnect}
	as[a] = struct{}{}
	return a
}
