package contacts

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/peer"
)

// order returns in which order a node with a seed dials so many that it hears of
// at once.
func order(seed uint64, count int) (out []peer.Instance) {
	s := New(me, seed, nil)
	for i := range count {
		instance, a := numbered(i)
		s.Sighted(noon, instance, false, []netip.AddrPort{a})
	}
	for range count {
		for _, d := range s.Due(noon) {
			out = append(out, d.Instance)
			s.Linked(noon, d.Instance, d.Addrs[0], nil)
			s.Ended(noon, d, nil)
		}
	}
	return out
}

// TestEachDialsInAnOrderOfItsOwn holds that many who start at once do not all
// dial the same one first, and that a seed repeats what happened.
func TestEachDialsInAnOrderOfItsOwn(t *testing.T) {
	const nodes = 32
	first := make(map[peer.Instance]int)
	for seed := range uint64(nodes) {
		o := order(seed, nodes)
		if len(o) != nodes || !slices.Equal(o, order(seed, nodes)) {
			t.Fatalf("%d of %d are dialed, or in another order with the same seed", len(o), nodes)
		}
		first[o[0]]++
	}
	for who, n := range first {
		if n > nodes/4 {
			t.Errorf("%d of %d nodes dial %v first", n, nodes, who)
		}
	}
}

// TestWhoWasHeardOfLongBeforeComesFirst holds that chance decides only among
// those that were heard of at about the same time.
func TestWhoWasHeardOfLongBeforeComesFirst(t *testing.T) {
	s := table()
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	for i := range 100 {
		instance, a := numbered(i)
		s.Sighted(at(shuffled+time.Duration(i)), instance, false, []netip.AddrPort{a})
	}
	if due := s.Due(at(2 * shuffled)); due[0].Instance != upper {
		t.Errorf("dialing %v first, want the one that waits for longest", due[0].Instance)
	}
}

// TestPoorAddressesComeLast tells which addresses of a contact are dialed after
// the others.
func TestPoorAddressesComeLast(t *testing.T) {
	bridge, own := netip.MustParseAddrPort("172.17.0.1:7475"), addr
	both := []netip.AddrPort{bridge, own}
	tests := []struct {
		name  string
		setup func(s *Table)
		want  []netip.AddrPort
	}{
		{"nothing is known", func(*Table) {}, both},
		{"another is linked at the first", func(s *Table) {
			s.Linked(noon, lower, bridge, nil)
		}, []netip.AddrPort{own, bridge}},
		{"another was linked at the first", func(s *Table) {
			s.Linked(noon, lower, bridge, nil)
			s.Unlinked(noon, lower, true)
			s.Departed(noon, lower)
		}, both},
		{"it was linked at the first itself", func(s *Table) {
			s.Linked(noon, upper, bridge, nil)
			s.Unlinked(noon, upper, true)
		}, both},
		{"the first did not answer last time", func(s *Table) {
			s.Sighted(noon, upper, false, both[:1])
			s.Ended(noon, tried(s, s.Due(noon)[0]), peer.ErrTimeout)
		}, []netip.AddrPort{own, bridge}},
		{"it answered at none", func(s *Table) {
			s.Sighted(noon, upper, false, both)
			s.Ended(noon, tried(s, s.Due(noon)[0]), peer.ErrTimeout)
		}, both},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := table()
			tt.setup(s)
			now := at(time.Hour)
			s.Sighted(now, upper, false, both)
			if d := s.one(t, now); !slices.Equal(d.Addrs, tt.want) {
				t.Errorf("dialing %v, want %v", d.Addrs, tt.want)
			}
		})
	}
}

// tried has a dial knock at all its addresses.
func tried(s *Table, d *Dial) *Dial {
	for _, a := range d.Addrs {
		s.Moved(noon, d, peer.StepConnect, a)
	}
	return d
}

// TestForgedAddressesDelayOnce has somebody announce an instance at addresses
// that are dead: those are tried before its own once at the most.
func TestForgedAddressesDelayOnce(t *testing.T) {
	s := table()
	var forged []netip.AddrPort
	for i := range 4 {
		forged = append(forged, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 9, byte(i)}), 7475))
	}
	s.Sighted(noon, upper, false, forged)
	s.Ended(noon, tried(s, s.one(t, noon)), peer.ErrTimeout)
	s.Sighted(at(time.Minute), upper, false, forged)
	s.Told(at(time.Minute), &budget.Bucket{Burst: 1}, upper, []netip.AddrPort{addr})
	if d := s.one(t, at(time.Minute)); d.Addrs[0] != addr {
		t.Errorf("dialing %v, want its own address first", d.Addrs)
	}
}
