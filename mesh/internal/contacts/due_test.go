package contacts

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/peer"
)

func TestLowerInstanceDialsAtOnce(t *testing.T) {
	s := table()
	s.Sighted(noon, lower, false, []netip.AddrPort{addr})
	if n := len(s.Due(noon)); n != 0 {
		t.Error("the higher side dials at once")
	}
	if next := s.Wake(noon); next != at(higherWait) {
		t.Errorf("it dials at %v, want after %v", next, higherWait)
	}
	if n := len(s.Due(at(higherWait))); n != 1 {
		t.Error("the higher side does not dial though nobody dialed it")
	}
	s = table()
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	if n := len(s.Due(noon)); n != 1 {
		t.Error("the lower side does not dial at once")
	}
}

func TestSameAddressOfMany(t *testing.T) {
	s := table()
	for i := range 4 {
		instance, own := numbered(i)
		s.Sighted(noon, instance, false, []netip.AddrPort{addr, own})
	}
	shared := 0
	for _, d := range s.Due(at(higherWait)) {
		if len(d.Addrs) == 2 {
			shared++
		}
	}
	if shared != 1 {
		t.Errorf("an address that all advertise is dialed %d times at once, want once", shared)
	}
}

// TestPace holds what is dialed in all, in whatever networks.
func TestPace(t *testing.T) {
	s := table()
	dialed := 0
	for i := range 600 {
		instance, a := numbered(i)
		s.Sighted(noon, instance, false, []netip.AddrPort{a})
		for _, d := range s.Due(at(higherWait)) {
			dialed += len(d.Addrs)
			s.Ended(at(higherWait), d, peer.ErrLinked)
		}
	}
	if dialed != 256 {
		t.Errorf("%d addresses were dialed at once, want the burst of 256", dialed)
	}
}

// start simulates what one node does when so many hosts start at once, each of
// which advertises so many addresses and answers at the first. It returns how
// long it takes until all are linked.
func start(t *testing.T, hosts, addrs int) time.Duration {
	t.Helper()
	s := table()
	good := make(map[peer.Instance]netip.AddrPort)
	for h := range hosts {
		var list []netip.AddrPort
		for a := range addrs {
			list = append(list, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(a), 0, byte(h + 1)}), 7475))
		}
		instance := peer.Instance{9, byte(h)}
		s.Sighted(noon, instance, false, list)
		good[instance] = list[0]
	}
	const step, dial = 5 * time.Millisecond, 20 * time.Millisecond
	ends := make(map[*Dial]time.Time)
	linked := 0
	for now := noon; now.Before(at(time.Minute)); now = now.Add(step) {
		for d, end := range ends {
			if end.After(now) {
				continue
			}
			delete(ends, d)
			to := good[d.Instance]
			if !slices.Contains(d.Addrs, to) {
				s.Ended(now, d, peer.ErrTimeout)
				continue
			}
			s.Moved(now, d, peer.StepConnect, to)
			s.Linked(now, d.Instance, to, []netip.AddrPort{to})
			s.Ended(now, d, nil)
			linked++
		}
		if linked == hosts {
			return now.Sub(noon)
		}
		for _, d := range s.Due(now) {
			ends[d] = now.Add(dial)
			if d.Addrs[0] != good[d.Instance] {
				ends[d] = now.Add(4 * time.Second)
			}
		}
	}
	t.Fatalf("only %d of %d hosts with %d addresses are linked after a minute", linked, hosts, addrs)
	return 0
}

// TestManyAddressesDelayNobody holds that hosts which advertise the addresses
// of their bridges as well are linked as soon as others.
func TestManyAddressesDelayNobody(t *testing.T) {
	for _, hosts := range []int{31, 63, 127} {
		alone := start(t, hosts, 1)
		for _, addrs := range []int{4, 8, MaxAddrs} {
			if took := start(t, hosts, addrs); took > 4*alone {
				t.Errorf("%d hosts with %d addresses each take %v, with one %v", hosts, addrs, took, alone)
			}
		}
	}
}

// TestExhaustedPaceCostsNoPlace holds that an address which the pace keeps from
// being dialed is not counted as if it had been.
func TestExhaustedPaceCostsNoPlace(t *testing.T) {
	s := table()
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	for i := range 2 * hostBurst {
		now := at(time.Duration(i) * addrInterval)
		s.pace.Take(now, s.pace.Burst-s.pace.Taken(now))
		if len(s.Due(now)) != 0 {
			t.Fatal("dialed past the pace")
		}
	}
	now := at(2 * hostBurst * addrInterval)
	s.pace = budget.Bucket{Burst: 1, PerSecond: 1}
	s.one(t, now) // as soon as the pace allows it
}

// TestSlowLinksThatBreakDelayNobody holds that who makes links slowly, and ends
// them at once, again and again, does not keep the others from being dialed.
func TestSlowLinksThatBreakDelayNobody(t *testing.T) {
	const crowd, takes, step = 60, 1900 * time.Millisecond, 50 * time.Millisecond
	s := table()
	sight := func(now time.Time, i int) {
		instance, a := numbered(i)
		s.Sighted(now, instance, false, []netip.AddrPort{a})
	}
	for i := range crowd {
		sight(noon, i)
	}
	under := make(map[*Dial]time.Time)
	var came time.Time
	for now := noon; now.Before(at(10 * time.Minute)); now = now.Add(step) {
		if came.IsZero() && !now.Before(at(2*time.Minute)) {
			came = now
			s.Sighted(now, upper, false, []netip.AddrPort{addr})
		}
		for d, began := range under {
			if now.Sub(began) < takes {
				continue
			}
			delete(under, d)
			s.Linked(now, d.Instance, d.Addrs[0], d.Addrs)
			s.Ended(now, d, nil)
			s.Unlinked(now, d.Instance, false)
		}
		for _, d := range s.Due(now) {
			if d.Instance == upper {
				if wait := now.Sub(came); wait > takes+step {
					t.Errorf("it is dialed after %v, want %v at most", wait, takes+step)
				}
				return
			}
			s.Moved(now, d, peer.StepConnect, d.Addrs[0])
			s.Moved(now, d, peer.StepOffer, d.Addrs[0])
			under[d] = now
		}
		if int(now.Sub(noon)/step)%200 == 0 {
			for i := range crowd {
				sight(now, i)
			}
		}
	}
	t.Error("it is not dialed within minutes")
}
