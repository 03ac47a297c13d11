package contacts

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
	s := table()
	host := netip.MustParseAddr("10.0.0.66")
	for i := range 500 {
		instance, _ := numbered(i)
		s.Sighted(noon, instance, false, []netip.AddrPort{netip.AddrPortFrom(host, uint16(8000+i))})
	}
	now := at(time.Second)
	s.Sighted(now, upper, false, []netip.AddrPort{addr})
	const held = 5 * time.Second // by whom UDP does not get through
	began := make(map[*Dial]time.Time)
	for ; now.Before(at(time.Minute)); now = now.Add(10 * time.Millisecond) {
		for d, start := range began {
			if now.Sub(start) >= held {
				delete(began, d)
				s.Ended(now, d, peer.ErrUDP)
			}
		}
		for _, d := range s.Due(now) {
			if d.Instance == upper {
				if took := now.Sub(noon); took > 10*time.Second {
					t.Errorf("the living one is dialed after %v", took)
				}
				return
			}
			s.Moved(now, d, peer.StepConnect, d.Addrs[0])
			s.Moved(now, d, peer.StepCheck, d.Addrs[0])
			began[d] = now
		}
	}
	t.Error("the living one is not dialed within a minute")
}

// TestPlaceOfADial tells how long a dial keeps others from starting, at each
// step, and to how many addresses it knocks.
func TestPlaceOfADial(t *testing.T) {
	const before = 200 * time.Millisecond // until the step
	tests := []struct {
		step  peer.Step
		after time.Duration // since it began
		addrs int
	}{
		{peer.StepConnect, connectSoon, MaxAddrs},
		{peer.StepOffer, answerSoon, 1},
		{peer.StepCheck, before + checkSoon, 1},
	}
	for _, tt := range tests {
		t.Run(tt.step.String(), func(t *testing.T) {
			s := table()
			d := &Dial{}
			s.dials.begin(noon, d, MaxAddrs, false)
			s.Moved(at(before), d, tt.step, addr)
			if next := s.Wake(at(before)); next != at(tt.after) {
				t.Errorf("it gives its place up after %v, want %v", next.Sub(noon), tt.after)
			}
			if v := s.room(at(tt.after - 1)); v.dials != firstDials-1 {
				t.Errorf("there is room for %d dials beside it, want %d", v.dials, firstDials-1)
			}
			if v := s.room(at(tt.after)); v.dials != firstDials || v.addrs != maxKnocking-tt.addrs {
				t.Errorf("after that there is room for %d dials to %d addresses, want %d to %d", v.dials, v.addrs, firstDials, maxKnocking-tt.addrs)
			}
		})
	}
}
