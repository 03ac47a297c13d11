package contacts

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

func TestBackOff(t *testing.T) {
	s := table()
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	now := noon
	var waits []time.Duration
	for range 8 {
		s.Ended(now, s.one(t, now), peer.ErrRefused)
		waits = append(waits, s.Wake(now).Sub(now))
		now = s.Wake(now)
	}
	for i, want := range []time.Duration{250, 500, 1000, 2000, 4000, 5000, 5000, 5000} {
		want *= time.Millisecond
		if waits[i] > want || waits[i] < want*3/4 {
			t.Errorf("wait %d is %v, want %v and up to a quarter less", i+1, waits[i], want)
		}
	}
	if got := s.All(); len(got) != 1 || !errors.Is(got[0].Err, peer.ErrRefused) {
		t.Errorf("contacts are %v, want one that refuses", got)
	}
	s.Sighted(now.Add(-time.Second), upper, false, []netip.AddrPort{addr})
	if wait := s.Wake(now).Sub(now); wait > sightedRetry {
		t.Errorf("a fresh sighting is dialed after %v", wait)
	}
}

func TestNetworkChangeMakesRetriesSoon(t *testing.T) {
	s := table()
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	now := noon
	for range 6 {
		s.Ended(now, s.one(t, now), peer.ErrTimeout)
		now = s.Wake(now)
	}
	now = now.Add(-time.Second)
	s.NetworkChanged(now)
	s.one(t, now)
}

func TestRetriesLeaveRoom(t *testing.T) {
	s := table()
	for i := range 10 {
		instance, a := numbered(i)
		s.Sighted(noon, instance, false, []netip.AddrPort{a})
		s.contacts[instance].fails = 3
	}
	now := at(higherWait)
	if n := len(s.Due(now)); n != firstDials/2 {
		t.Errorf("%d retries at once, want %d", n, firstDials/2)
	}
	if next := s.Wake(now); next.Before(now.Add(connectSoon)) {
		t.Errorf("the next is due at %v, want not before one of these ends or stalls", next)
	}
	s.Sighted(now, upper, false, []netip.AddrPort{addr})
	if d := s.one(t, now); d.Instance != upper {
		t.Errorf("dialing %v, want the one that never failed", d.Instance)
	}
}

func TestDialedWhenItSaysLinked(t *testing.T) {
	s := table()
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	now := noon
	for range 10 {
		d := s.one(t, now)
		s.Moved(now, d, peer.StepConnect, addr)
		s.Moved(now, d, peer.StepOffer, addr)
		s.Ended(now, d, fmt.Errorf("dial: %w", peer.ErrLinked))
		if wait := s.Wake(now).Sub(now); wait > linkedRetry {
			t.Errorf("the next try is after %v, want at most %v", wait, linkedRetry)
		}
		now = s.Wake(now)
	}
	if got := s.All(); got[0].Err != nil {
		t.Errorf("a link in the making is shown as %v", got[0].Err)
	}
}

// TestReviveDialsTheLost holds that one lost member that is linked again makes
// the others be dialed at once, and those that are gone not.
func TestReviveDialsTheLost(t *testing.T) {
	now := time.Now()
	s := New(peer.Instance{1}, 1, nil)
	addr := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:7475")}
	for i := byte(2); i < 6; i++ {
		who := peer.Instance{i}
		s.Linked(now, who, netip.AddrPort{}, addr)
		s.Unlinked(now, who, true)
		s.contacts[who].fails, s.contacts[who].next = 5, now.Add(lastRetry)
	}
	s.Departed(now, peer.Instance{5})
	later := now.Add(100 * time.Millisecond)
	s.Linked(later, peer.Instance{2}, netip.AddrPort{}, addr)
	for i, want := range map[byte]bool{3: true, 4: true, 5: false} {
		if got := !s.due(later, s.contacts[peer.Instance{i}]).After(later.Add(higherWait)); got != want {
			t.Errorf("%d is dialed at once: %v, want %v", i, got, want)
		}
	}
}
