package contacts

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// TestBystanderIsLeftAlone floods a node with instances that are said to be at
// somebody's address: it is dialed as seldom as if there were one, and nobody
// else later for it.
func TestBystanderIsLeftAlone(t *testing.T) {
	for name, ports := range map[string]int{"one port": 1, "many ports": MaxAddrs} {
		t.Run(name, func(t *testing.T) {
			s := table()
			count := 0 // of addresses of the bystander that were dialed
			run := func(now time.Time) (others []peer.Instance) {
				for _, d := range s.Due(now) {
					if d.Addrs[0].Addr() != addr.Addr() {
						others = append(others, d.Instance)
						continue
					}
					count += len(d.Addrs)
					s.Ended(now, d, peer.ErrRefused)
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
				s.Sighted(now, forged, false, addrs)
				run(now)
				if i%perSecond == 0 {
					s.Expire(now)
				}
			}
			if most := hostBurst + int(seconds*time.Second/hostEvery); count > most {
				t.Errorf("the bystander was dialed %d times in a minute, want %d at most", count, most)
			}
			now := at(seconds * time.Second)
			s.Sighted(now, upper, false, []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:7475")})
			if others := run(now); len(others) != 1 || others[0] != upper {
				t.Errorf("dialing %v, want who else is there", others)
			}
		})
	}
}

// TestManyNodesAtOneAddress holds that the programs of one host are dialed one
// right after the other.
func TestManyNodesAtOneAddress(t *testing.T) {
	s := table()
	const nodes = 40
	for i := range nodes {
		instance, _ := numbered(i)
		s.Sighted(noon, instance, false, []netip.AddrPort{netip.AddrPortFrom(addr.Addr(), uint16(7475+i))})
	}
	now := at(higherWait)
	for linked := 0; linked < nodes; now = now.Add(5 * time.Millisecond) {
		if now.After(at(time.Second)) {
			t.Fatalf("only %d of %d were dialed within a second", linked, nodes)
		}
		for _, d := range s.Due(now) {
			s.Linked(now, d.Instance, d.Addrs[0], d.Addrs)
			s.Ended(now, d, nil)
			linked++
		}
	}
}

// TestInventedAddresses holds that as many addresses as anybody likes to invent
// are no reason to knock at all of them.
func TestInventedAddresses(t *testing.T) {
	s := table()
	dialed := 0
	const seconds = 60
	for i := range 100 * seconds {
		now := at(time.Duration(i) * time.Second / 100)
		instance, _ := numbered(i)
		ip := netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 14: byte(i >> 8), 15: byte(i)}).WithZone("eth0")
		s.Sighted(now, instance, false, []netip.AddrPort{netip.AddrPortFrom(ip, 7475)})
		for _, d := range s.Due(now) {
			dialed += len(d.Addrs)
			s.Ended(now, d, peer.ErrTimeout)
		}
	}
	if most := networkBurst + int(seconds*time.Second/networkEvery); dialed > most {
		t.Errorf("%d addresses of one network were dialed in a minute, want %d at most", dialed, most)
	}
	s.Expire(at(time.Hour))
	if n := len(s.places.hosts) + len(s.places.networks); n != 0 {
		t.Errorf("%d places are remembered for ever", n)
	}
}

// TestWhoIsNotTriedIsNotCounted holds that a dial which ends before it got to an
// address does not count there.
func TestWhoIsNotTriedIsNotCounted(t *testing.T) {
	second := netip.MustParseAddrPort("10.0.0.9:7475")
	s := table()
	for i := range 5 * hostBurst {
		now := at(time.Duration(i) * addrInterval)
		instance, own := numbered(i)
		s.Sighted(now, instance, false, []netip.AddrPort{own, second})
		now = now.Add(higherWait)
		d := s.one(t, now)
		if len(d.Addrs) != 2 {
			t.Fatalf("dial %d is to %v, want both addresses", i, d.Addrs)
		}
		s.Moved(now, d, peer.StepConnect, own)
		s.Ended(now, d, peer.ErrRoom)
	}
}

// TestGhostsAtALivingAddress announces instances that do not exist where one
// lives, all of them before it. The first dial finds who is there, and it is
// dialed at once.
func TestGhostsAtALivingAddress(t *testing.T) {
	for _, ghosts := range []int{1, 10, 40} {
		t.Run(fmt.Sprint(ghosts), func(t *testing.T) {
			s := table()
			for i := range ghosts {
				instance, _ := numbered(i)
				s.Sighted(noon, instance, false, []netip.AddrPort{addr})
			}
			s.Sighted(at(time.Millisecond), upper, false, []netip.AddrPort{addr})
			vain := 0
			for now := noon; now.Before(at(10 * time.Minute)); now = now.Add(5 * time.Millisecond) {
				for _, d := range s.Due(now) {
					if d.Instance == upper {
						if took := now.Sub(noon); took > time.Second {
							t.Errorf("the living one is dialed after %v, %d in vain", took, vain)
						}
						return
					}
					vain++
					s.Instead(now, d, upper, addr)
					s.Ended(now, d, peer.ErrInstance)
				}
			}
			t.Error("the living one is not dialed")
		})
	}
}

// TestAnswersInOthersNames has a host name another of its instances whenever it
// is dialed: that draws at most one more dial for each that is counted.
func TestAnswersInOthersNames(t *testing.T) {
	s := table()
	const seconds, names = 60, 100
	for i := range names {
		instance, _ := numbered(i)
		s.Sighted(noon, instance, false, []netip.AddrPort{addr})
	}
	dials := 0
	for now := noon; now.Before(at(seconds * time.Second)); now = now.Add(5 * time.Millisecond) {
		for _, d := range s.Due(now) {
			dials++
			for i := range names {
				instance, _ := numbered((dials + i) % names)
				s.Instead(now, d, instance, addr)
			}
			s.Ended(now, d, peer.ErrInstance)
		}
	}
	if most := 2 * (hostBurst + int(seconds*time.Second/hostEvery)); dials > most {
		t.Errorf("it was dialed %d times in a minute, want %d at most", dials, most)
	}
}
