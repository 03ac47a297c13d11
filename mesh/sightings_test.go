package mesh

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/peer"
)

var (
	noon  = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	lower = peer.Instance{1}
	me    = peer.Instance{2}
	upper = peer.Instance{3}
	addr  = netip.MustParseAddrPort("10.0.0.7:7475")
)

// at is a time after noon.
func at(d time.Duration) time.Time { return noon.Add(d) }

func numbered(n int) (peer.Instance, netip.AddrPort) {
	return peer.Instance{9, byte(n >> 8), byte(n)}, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}), 7475)
}

// idle is the room there is while nothing is dialed.
var idle = attempts{}.vacancy(noon)

// dialable returns the instances that are due.
func (t *sightings) dialable(now time.Time) int { return len(t.due(now, idle)) }

func TestLowerInstanceDialsAtOnce(t *testing.T) {
	s := newSightings(me)
	s.sighted(noon, lower, false, []netip.AddrPort{addr})
	if n := s.dialable(noon); n != 0 {
		t.Error("the higher side dials at once")
	}
	if next := s.wake(idle); next != at(higherWait) {
		t.Errorf("it dials at %v, want after %v", next, higherWait)
	}
	if n := s.dialable(at(higherWait)); n != 1 {
		t.Error("the higher side does not dial though nobody dialed it")
	}
	s = newSightings(me)
	s.sighted(noon, upper, false, []netip.AddrPort{addr})
	if n := s.dialable(noon); n != 1 {
		t.Error("the lower side does not dial at once")
	}
}

func TestBackOff(t *testing.T) {
	s := newSightings(me)
	s.sighted(noon, upper, false, []netip.AddrPort{addr})
	now := noon
	var waits []time.Duration
	for range 8 {
		if s.dialable(now) != 1 {
			t.Fatalf("nothing to dial at %v", now.Sub(noon))
		}
		s.dialedTo(now, upper, peer.ErrRefused)
		waits = append(waits, s.wake(idle).Sub(now))
		now = s.wake(idle)
	}
	for i, want := range []time.Duration{250, 500, 1000, 2000, 4000, 5000, 5000, 5000} {
		want *= time.Millisecond
		if waits[i] > want || waits[i] < want*3/4 {
			t.Errorf("wait %d is %v, want %v and up to a quarter less", i+1, waits[i], want)
		}
	}
	if got := s.list(); len(got) != 1 || !errors.Is(got[0].Err, peer.ErrRefused) {
		t.Errorf("sightings are %v, want one that refuses", got)
	}
	s.sighted(now.Add(-time.Second), upper, false, []netip.AddrPort{addr})
	if wait := s.wake(idle).Sub(now); wait > sightedRetry {
		t.Errorf("a fresh sighting is dialed after %v", wait)
	}
}

func TestResetMakesRetriesSoon(t *testing.T) {
	s := newSightings(me)
	s.sighted(noon, upper, false, []netip.AddrPort{addr})
	for range 6 {
		s.due(s.wake(idle), idle)
		s.dialedTo(s.wake(idle), upper, peer.ErrTimeout)
	}
	s.reset(noon)
	if s.dialable(noon) != 1 {
		t.Error("nothing is dialed after the network changed")
	}
}

func TestRetriesLeaveRoom(t *testing.T) {
	s := newSightings(me)
	for i := range 10 {
		instance, a := numbered(i)
		s.sighted(noon, instance, false, []netip.AddrPort{a})
		s.entries[instance].fails = 3
		s.entries[instance].next = noon
	}
	under := make(attempts)
	for range s.due(noon, idle) {
		under.begin(noon, 1, true)
	}
	if n := len(under); n != maxRetrying {
		t.Errorf("%d retries at once, want %d", n, maxRetrying)
	}
	if next := s.wake(under.vacancy(noon)); !next.IsZero() {
		t.Errorf("the next is due at %v, want not before one of these ends", next)
	}
	s.sighted(noon, upper, false, []netip.AddrPort{addr})
	if to := s.due(noon, under.vacancy(noon)); len(to) != 1 || to[0].instance != upper {
		t.Errorf("dialing %v, want the one that never failed", to)
	}
}

// TestBystanderIsLeftAlone floods a node with instances that are said to be at
// somebody's address: it is dialed as seldom as if there were one, and nobody
// else later for it.
func TestBystanderIsLeftAlone(t *testing.T) {
	for name, ports := range map[string]int{"one port": 1, "many ports": maxAddrs} {
		t.Run(name, func(t *testing.T) {
			s := newSightings(me)
			count := 0 // of addresses of the bystander that were dialed
			run := func(now time.Time) (others []peer.Instance) {
				for _, e := range s.due(now, idle) {
					if e.dialing[0].Addr() != addr.Addr() {
						others = append(others, e.instance)
						continue
					}
					count += len(e.dialing)
					s.dialedTo(now, e.instance, peer.ErrRefused)
				}
				return others
			}
			const perSecond, seconds = 30, 60
			for i := range perSecond * seconds {
				now := at(time.Duration(i) * time.Second / perSecond)
				forged, _ := numbered(i)
				var addrs []netip.AddrPort
				for p := range ports {
					addrs = append(addrs, netip.AddrPortFrom(addr.Addr(), uint16(80+(i+p)%5000)))
				}
				s.sighted(now, forged, false, addrs)
				run(now)
				if i%perSecond == 0 {
					s.expire(now)
				}
			}
			if most := hostBurst + int(seconds*time.Second/hostEvery); count > most {
				t.Errorf("the bystander was dialed %d times in a minute, want %d at most", count, most)
			}
			now := at(seconds * time.Second)
			s.sighted(now, upper, false, []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:7475")})
			if others := run(now); len(others) != 1 || others[0] != upper {
				t.Errorf("dialing %v, want who else is there", others)
			}
		})
	}
}

// TestManyNodesAtOneAddress holds that the programs of one host are dialed one
// right after the other.
func TestManyNodesAtOneAddress(t *testing.T) {
	s := newSightings(me)
	const nodes = 40
	for i := range nodes {
		instance, _ := numbered(i)
		s.sighted(noon, instance, false, []netip.AddrPort{netip.AddrPortFrom(addr.Addr(), uint16(7475+i))})
	}
	now := at(higherWait)
	for linked := 0; linked < nodes; now = now.Add(5 * time.Millisecond) {
		if now.After(at(time.Second)) {
			t.Fatalf("only %d of %d were dialed within a second", linked, nodes)
		}
		for _, e := range s.due(now, idle) {
			to := e.dialing[0]
			s.link(now, e.instance, e.dialing)
			s.found(e.instance, to)
			s.dialedTo(now, e.instance, nil)
			linked++
		}
	}
}

// TestInventedAddresses holds that as many addresses as anybody likes to invent
// are no reason to knock at all of them.
func TestInventedAddresses(t *testing.T) {
	s := newSightings(me)
	dialed := 0
	const seconds = 60
	for i := range 100 * seconds {
		now := at(time.Duration(i) * time.Second / 100)
		instance, _ := numbered(i)
		ip := netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 14: byte(i >> 8), 15: byte(i)}).WithZone("eth0")
		s.sighted(now, instance, false, []netip.AddrPort{netip.AddrPortFrom(ip, 7475)})
		for _, e := range s.due(now, idle) {
			dialed += len(e.dialing)
			s.dialedTo(now, e.instance, peer.ErrTimeout)
		}
	}
	if most := networkBurst + int(seconds*time.Second/networkEvery); dialed > most {
		t.Errorf("%d addresses of one network were dialed in a minute, want %d at most", dialed, most)
	}
	s.expire(at(time.Hour))
	if n := len(s.places.hosts) + len(s.places.networks); n != 0 {
		t.Errorf("%d places are remembered for ever", n)
	}
}

func TestSameAddressOfMany(t *testing.T) {
	s := newSightings(me)
	for i := range 4 {
		instance, own := numbered(i)
		s.sighted(noon, instance, false, []netip.AddrPort{addr, own})
	}
	shared := 0
	for _, to := range s.due(noon, idle) {
		if len(to.dialing) == 2 {
			shared++
		}
	}
	if shared != 1 {
		t.Errorf("an address that all advertise is dialed %d times at once, want once", shared)
	}
}

// TestPace holds what is dialed in all, in whatever networks.
func TestPace(t *testing.T) {
	s := newSightings(me)
	dialed := 0
	for i := range 600 {
		instance, a := numbered(i)
		s.sighted(noon, instance, false, []netip.AddrPort{a})
		for _, to := range s.due(noon, idle) {
			dialed += len(to.dialing)
			s.dialedTo(noon, to.instance, peer.ErrLinked)
		}
	}
	if dialed != 256 {
		t.Errorf("%d addresses were dialed at once, want the burst of 256", dialed)
	}
}

func TestSightingsAreBounded(t *testing.T) {
	s := newSightings(me)
	s.link(noon, upper, []netip.AddrPort{addr})
	s.unlink(noon, upper, true)
	for i := range 2000 {
		instance, a := numbered(i)
		var many []netip.AddrPort
		for p := range 40 {
			many = append(many, netip.AddrPortFrom(a.Addr(), uint16(p+1)))
		}
		s.sighted(noon, instance, false, many)
	}
	if n := len(s.entries); n != maxSightings {
		t.Errorf("%d sightings are kept, want %d", n, maxSightings)
	}
	e := s.entries[upper]
	if e == nil {
		t.Fatal("a former member was forgotten for strangers")
	}
	for _, e := range s.entries {
		if n := len(e.addrs()); n > maxAddrs {
			t.Fatalf("%d addresses of one sighting", n)
		}
	}
}

func TestTellersHaveABudget(t *testing.T) {
	s := newSightings(me)
	teller := budget.Bucket{Burst: 10, PerSecond: 1}
	for i := range 50 {
		instance, a := numbered(i)
		s.tell(noon, &teller, instance, []netip.AddrPort{a})
		s.tell(noon, &teller, instance, []netip.AddrPort{a}) // a repeat costs nothing
	}
	if n := len(s.entries); n != 10 {
		t.Errorf("a member with a budget of 10 told of %d", n)
	}
	instance, a := numbered(50)
	s.tell(at(time.Second), &teller, instance, []netip.AddrPort{a})
	if len(s.entries) != 11 {
		t.Error("the budget does not grow back")
	}
	for i := range 20 {
		_, a := numbered(100 + i)
		s.tell(at(time.Hour), &teller, instance, []netip.AddrPort{a})
	}
	if n := len(s.entries[instance].told); n > maxTold {
		t.Errorf("%d told addresses of one sighting, want %d", n, maxTold)
	}
	s.tell(noon, &budget.Bucket{Burst: 1}, me, []netip.AddrPort{a})
	if s.entries[me] != nil {
		t.Error("a node is told of itself")
	}
}

// TestForgetting tells how long whom is remembered.
func TestForgetting(t *testing.T) {
	addrs := []netip.AddrPort{addr}
	tests := []struct {
		name  string
		setup func(*sightings)
		keep  time.Duration
	}{
		{"sighted", func(s *sightings) { s.sighted(noon, upper, false, addrs) }, forgetAfter},
		{"of another room", func(s *sightings) { s.sighted(noon, upper, true, addrs) }, forgetAfter},
		{"a former member", func(s *sightings) {
			s.sighted(noon, upper, false, addrs)
			s.link(noon, upper, addrs)
			s.unlink(noon, upper, true)
		}, rememberFor},
		{"a former observer", func(s *sightings) {
			s.sighted(noon, upper, false, addrs)
			s.link(noon, upper, addrs)
			s.unlink(noon, upper, false)
		}, forgetAfter},
		{"who said goodbye", func(s *sightings) {
			s.link(noon, upper, addrs)
			s.depart(noon, upper)
			s.unlink(noon, upper, true)
		}, rememberFor},
		{"told of and dialed in vain", func(s *sightings) {
			s.tell(noon, &budget.Bucket{Burst: 1}, upper, addrs)
			for range toldTries {
				s.entries[upper].dialing = addrs
				s.dialedTo(noon, upper, peer.ErrTimeout)
			}
		}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSightings(me)
			tt.setup(s)
			if tt.keep >= 0 {
				s.expire(at(tt.keep))
				if len(s.entries) != 1 {
					t.Fatalf("forgotten before %v", tt.keep)
				}
			}
			s.expire(at(tt.keep + time.Millisecond))
			if len(s.entries) != 0 {
				t.Errorf("remembered after %v", tt.keep)
			}
		})
	}
}

func TestGoodbyeOfDiscoveryIsAHint(t *testing.T) {
	s := newSightings(me)
	s.sighted(noon, upper, false, []netip.AddrPort{addr})
	s.vanished(upper)
	if len(s.entries) != 0 {
		t.Error("a sighting outlives its goodbye")
	}
	s.vanished(upper)
	s.sighted(noon, upper, false, []netip.AddrPort{addr})
	s.link(noon, upper, []netip.AddrPort{addr})
	s.vanished(upper) // anybody can forge it
	s.unlink(noon, upper, true)
	if s.dialable(noon) != 1 {
		t.Error("a former member is not dialed because of a goodbye that its link did not carry")
	}
}

func TestReplacement(t *testing.T) {
	s := newSightings(me)
	s.link(noon, upper, []netip.AddrPort{addr})
	if s.dialable(noon) != 0 {
		t.Error("a linked instance is dialed")
	}
	s.replace(noon, upper, true)
	if s.dialable(noon) != 1 {
		t.Fatal("a link over a lost address is not replaced")
	}
	s.dialedTo(noon, upper, peer.ErrTimeout)
	if next := s.wake(idle); next.Before(noon) || next.After(at(lastRetry)) {
		t.Errorf("the next try is at %v", next)
	}
	s.replace(noon, upper, false)
	if !s.wake(idle).IsZero() {
		t.Error("a link over an address that came back is replaced")
	}
}

func TestDialedWhenItSaysLinked(t *testing.T) {
	s := newSightings(me)
	s.sighted(noon, upper, false, []netip.AddrPort{addr})
	now := noon
	for range 10 {
		if s.dialable(now) != 1 {
			t.Fatal("nothing to dial")
		}
		s.answered(upper, addr)
		s.dialedTo(now, upper, fmt.Errorf("dial: %w", peer.ErrLinked))
		if wait := s.wake(idle).Sub(now); wait > linkedRetry {
			t.Errorf("the next try is after %v, want at most %v", wait, linkedRetry)
		}
		now = s.wake(idle)
	}
	if got := s.list(); got[0].Err != nil {
		t.Errorf("a link in the making is shown as %v", got[0].Err)
	}
}

// TestReviveDialsTheLost holds that one lost member that is linked again makes
// the others be dialed at once, and those that are gone not.
func TestReviveDialsTheLost(t *testing.T) {
	now := time.Now()
	s := newSightings(peer.Instance{1})
	addr := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:7475")}
	for i := byte(2); i < 6; i++ {
		who := peer.Instance{i}
		s.link(now, who, addr)
		s.unlink(now, who, true)
		for range 5 {
			s.dialedTo(now, who, peer.ErrTimeout)
		}
	}
	s.depart(now, peer.Instance{5})
	later := now.Add(100 * time.Millisecond)
	s.link(later, peer.Instance{2}, addr)
	for i, want := range map[byte]bool{3: true, 4: true, 5: false} {
		if got := !s.entries[peer.Instance{i}].next.After(later.Add(higherWait)); got != want {
			t.Errorf("%d is dialed at once: %v, want %v", i, got, want)
		}
	}
}

// start simulates what one node does when so many hosts start at once, each of
// which advertises so many addresses and answers at the first. It returns how
// long it takes until all are linked.
func start(t *testing.T, hosts, addrs int) time.Duration {
	t.Helper()
	s := newSightings(me)
	for h := range hosts {
		var list []netip.AddrPort
		for a := range addrs {
			list = append(list, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(a), 0, byte(h + 1)}), 7475))
		}
		s.sighted(noon, peer.Instance{9, byte(h)}, false, list)
	}
	const step, dial = 5 * time.Millisecond, 20 * time.Millisecond
	under := make(attempts)
	ends := make(map[*sighting]time.Time)
	linked := 0
	for now := noon; now.Before(at(time.Minute)); now = now.Add(step) {
		for e, end := range ends {
			if end.After(now) {
				continue
			}
			delete(ends, e)
			delete(under, e.attempt)
			good := e.lan[0]
			if !slices.Contains(e.dialing, good) {
				s.dialedTo(now, e.instance, peer.ErrTimeout)
				continue
			}
			s.tried(e.instance, []netip.AddrPort{good})
			s.link(now, e.instance, []netip.AddrPort{good})
			s.found(e.instance, good)
			s.dialedTo(now, e.instance, nil)
			linked++
		}
		if linked == hosts {
			return now.Sub(noon)
		}
		for _, e := range s.due(now, under.vacancy(now)) {
			e.attempt = under.begin(now, len(e.dialing), e.fails > 0)
			ends[e] = now.Add(dial)
			if e.dialing[0] != e.lan[0] {
				ends[e] = now.Add(4 * time.Second)
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
		for _, addrs := range []int{4, 8, maxAddrs} {
			if took := start(t, hosts, addrs); took > 2*alone {
				t.Errorf("%d hosts with %d addresses each take %v, with one %v", hosts, addrs, took, alone)
			}
		}
	}
}

// TestExhaustedPaceCostsNoPlace holds that an address which the pace keeps from
// being dialed is not counted as if it had been.
func TestExhaustedPaceCostsNoPlace(t *testing.T) {
	s := newSightings(me)
	s.sighted(noon, upper, false, []netip.AddrPort{addr})
	for i := range 2 * hostBurst {
		now := at(time.Duration(i) * addrInterval)
		s.pace.Take(now, s.pace.Burst-s.pace.Taken(now))
		if s.dialable(now) != 0 {
			t.Fatal("dialed past the pace")
		}
	}
	now := at(2 * hostBurst * addrInterval)
	s.pace = budget.Bucket{Burst: 1, PerSecond: 1}
	if s.dialable(now) != 1 {
		t.Error("not dialed as soon as the pace allows it")
	}
}

// TestWhoIsNotTriedIsNotCounted holds that a dial which ends before it got to an
// address does not count there.
func TestWhoIsNotTriedIsNotCounted(t *testing.T) {
	second := netip.MustParseAddrPort("10.0.0.9:7475")
	s := newSightings(me)
	for i := range 5 * hostBurst {
		now := at(time.Duration(i) * addrInterval)
		instance, own := numbered(i)
		s.sighted(now, instance, false, []netip.AddrPort{own, second})
		e := s.entries[instance]
		if s.dialable(now) != 1 || len(e.dialing) != 2 {
			t.Fatalf("dial %d is to %v, want both addresses", i, e.dialing)
		}
		s.tried(instance, []netip.AddrPort{own})
		s.dialedTo(now, instance, peer.ErrRoom)
	}
}

// TestGhostsAtALivingAddress announces instances that do not exist where one
// lives, all of them before it. The first dial finds who is there, and it is
// dialed at once.
func TestGhostsAtALivingAddress(t *testing.T) {
	for _, ghosts := range []int{1, 10, 40} {
		t.Run(fmt.Sprint(ghosts), func(t *testing.T) {
			s := newSightings(me)
			for i := range ghosts {
				instance, _ := numbered(i)
				s.sighted(noon, instance, false, []netip.AddrPort{addr})
			}
			s.sighted(at(time.Millisecond), upper, false, []netip.AddrPort{addr})
			vain := 0
			for now := noon; now.Before(at(10 * time.Minute)); now = now.Add(5 * time.Millisecond) {
				for _, e := range s.due(now, idle) {
					if e.instance == upper {
						if took := now.Sub(noon); took > time.Second {
							t.Errorf("the living one is dialed after %v, %d in vain", took, vain)
						}
						return
					}
					vain++
					s.instead(now, e.instance, upper, addr)
					s.dialedTo(now, e.instance, peer.ErrInstance)
				}
			}
			t.Error("the living one is not dialed")
		})
	}
}

// TestAnswersInOthersNames has a host name another of its instances whenever it
// is dialed: that draws at most one more dial for each that is counted.
func TestAnswersInOthersNames(t *testing.T) {
	s := newSightings(me)
	const seconds, names = 60, 100
	for i := range names {
		instance, _ := numbered(i)
		s.sighted(noon, instance, false, []netip.AddrPort{addr})
	}
	dials := 0
	for now := noon; now.Before(at(seconds * time.Second)); now = now.Add(5 * time.Millisecond) {
		for _, e := range s.due(now, idle) {
			dials++
			for i := range names {
				instance, _ := numbered((dials + i) % names)
				s.instead(now, e.instance, instance, addr)
			}
			s.dialedTo(now, e.instance, peer.ErrInstance)
		}
	}
	if most := 2 * (hostBurst + int(seconds*time.Second/hostEvery)); dials > most {
		t.Errorf("it was dialed %d times in a minute, want %d at most", dials, most)
	}
}
