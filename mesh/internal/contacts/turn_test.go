package contacts

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// TestTurnFollowsWhatDialsTake holds that the higher side leaves the dialing to
// the lower for longer when dials take longer.
func TestTurnFollowsWhatDialsTake(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		10 * time.Millisecond:  higherWait,
		300 * time.Millisecond: 600 * time.Millisecond,
		5 * time.Second:        slowestWait,
	} {
		s := table()
		s.Sighted(noon, upper, false, []netip.AddrPort{addr})
		d := s.one(t, noon)
		now := at(took)
		s.Linked(now, upper, addr, []netip.AddrPort{addr})
		s.Ended(now, d, nil)
		s.Sighted(now, lower, false, []netip.AddrPort{netip.MustParseAddrPort("10.0.0.8:7475")})
		if got := s.Wake(now).Sub(now); got != want {
			t.Errorf("with dials that take %v it waits for %v, want %v", took, got, want)
		}
		if d := s.one(t, now.Add(want)); d.Instance != lower {
			t.Errorf("dialing %v, want the lower one", d.Instance)
		}
	}
}

// TestTurnLastsWhileOthersCall holds that the higher side waits for a lower one
// while others call, which may have many to dial before; but not for ever: a
// firewall may keep that one from calling.
func TestTurnLastsWhileOthersCall(t *testing.T) {
	s := table()
	s.Sighted(noon, lower, false, []netip.AddrPort{addr})
	const pace = 30 * time.Millisecond
	for now, i := noon, 0; ; now, i = now.Add(pace), i+1 {
		if len(s.Due(now)) > 0 {
			if wait := now.Sub(noon); wait < longestWait || wait > longestWait+pace {
				t.Errorf("it is dialed after %v while others call, want %v", wait, longestWait)
			}
			return
		}
		if now.After(at(time.Minute)) {
			t.Fatal("it is not dialed within a minute")
		}
		instance, a := numbered(i)
		s.Linked(now, instance, a, nil)
	}
}

// TestOwnTurnAfterAFailure holds that nothing is left to the other side once a
// dial of ours has failed.
func TestOwnTurnAfterAFailure(t *testing.T) {
	s := table()
	s.Sighted(noon, lower, false, []netip.AddrPort{addr})
	now := at(higherWait)
	s.Ended(now, s.one(t, now), peer.ErrRefused)
	s.Linked(now, upper, addr, nil)
	if wait := s.Wake(now).Sub(now); wait > firstRetry {
		t.Errorf("the next dial is after %v, want %v at most", wait, firstRetry)
	}
}
