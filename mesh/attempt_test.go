package mesh

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// TestAnswersWithoutALinkDelayNobody has one host announce hundreds of instances,
// answer the offer to each and let nothing through on UDP: who is sighted after
// them is dialed all the same.
func TestAnswersWithoutALinkDelayNobody(t *testing.T) {
	n := &Node{clockwork: newSignal(), sightings: newSightings(me), seenDials: make(attempts)}
	host := netip.MustParseAddr("10.0.0.66")
	for i := range 500 {
		instance, _ := numbered(i)
		n.sightings.sighted(noon, instance, false, []netip.AddrPort{netip.AddrPortFrom(host, uint16(8000+i))})
	}
	now := at(time.Second)
	n.sightings.sighted(now, upper, false, []netip.AddrPort{addr})
	const held = 5 * time.Second // by whom UDP does not get through
	began := make(map[*sighting]time.Time)
	for ; now.Before(at(time.Minute)); now = now.Add(10 * time.Millisecond) {
		for e, start := range began {
			if now.Sub(start) < held {
				continue
			}
			delete(began, e)
			n.dialEndedLocked(now, e.instance, e.attempt, peer.ErrUDP)
		}
		for _, e := range n.sightings.due(now, n.seenDials.vacancy(now)) {
			if e.instance == upper {
				if took := now.Sub(noon); took > 10*time.Second {
					t.Errorf("the living one is dialed after %v", took)
				}
				return
			}
			e.attempt = n.seenDials.begin(now, len(e.dialing), e.fails > 0)
			e.attempt.move(now, peer.StepConnect, e.dialing[0])
			e.attempt.move(now, peer.StepCheck, e.dialing[0])
			began[e] = now
		}
	}
	t.Error("the living one is not dialed within a minute")
}

// TestPlaceOfAnAttempt tells how long an attempt keeps others from starting, at
// each step, and to how many addresses it knocks.
func TestPlaceOfAnAttempt(t *testing.T) {
	const before = 200 * time.Millisecond // until the step
	tests := []struct {
		step  peer.Step
		after time.Duration // since it began
		addrs int
	}{
		{peer.StepConnect, connectSoon, maxAddrs},
		{peer.StepOffer, answerSoon, 1},
		{peer.StepCheck, before + checkSoon, 1},
	}
	for _, tt := range tests {
		t.Run(tt.step.String(), func(t *testing.T) {
			as := make(attempts)
			as.begin(noon, maxAddrs, false).move(at(before), tt.step, addr)
			if next := as.wake(at(before)); next != at(tt.after) {
				t.Errorf("it gives its place up after %v, want %v", next.Sub(noon), tt.after)
			}
			if v := as.vacancy(at(tt.after - 1)); v.dials != maxDials-1 {
				t.Errorf("there is room for %d dials beside it, want %d", v.dials, maxDials-1)
			}
			if v := as.vacancy(at(tt.after)); v.dials != maxDials || v.addrs != maxKnocking-tt.addrs {
				t.Errorf("after that there is room for %d dials to %d addresses, want %d to %d", v.dials, v.addrs, maxDials, maxKnocking-tt.addrs)
			}
		})
	}
}
