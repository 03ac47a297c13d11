package contacts

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/peer"
)

func TestContactsAreBounded(t *testing.T) {
	s := table()
	s.Linked(noon, upper, netip.AddrPort{}, []netip.AddrPort{addr})
	s.Unlinked(noon, upper, true)
	for i := range 2000 {
		instance, a := numbered(i)
		var many []netip.AddrPort
		for p := range 40 {
			many = append(many, netip.AddrPortFrom(a.Addr(), uint16(p+1)))
		}
		s.Sighted(noon, instance, false, many)
	}
	if n := len(s.contacts); n != maxContacts {
		t.Errorf("%d sightings are kept, want %d", n, maxContacts)
	}
	e := s.contacts[upper]
	if e == nil {
		t.Fatal("a former member was forgotten for strangers")
	}
	for _, e := range s.contacts {
		if n := len(e.addrs()); n > MaxAddrs {
			t.Fatalf("%d addresses of one sighting", n)
		}
	}
}

func TestTellersHaveABudget(t *testing.T) {
	s := table()
	teller := budget.Bucket{Burst: 10, PerSecond: 1}
	for i := range 50 {
		instance, a := numbered(i)
		s.Told(noon, &teller, instance, []netip.AddrPort{a})
		s.Told(noon, &teller, instance, []netip.AddrPort{a}) // a repeat costs nothing
	}
	if n := len(s.contacts); n != 10 {
		t.Errorf("a member with a budget of 10 told of %d", n)
	}
	instance, a := numbered(50)
	s.Told(at(time.Second), &teller, instance, []netip.AddrPort{a})
	if len(s.contacts) != 11 {
		t.Error("the budget does not grow back")
	}
	for i := range 20 {
		_, a := numbered(100 + i)
		s.Told(at(time.Hour), &teller, instance, []netip.AddrPort{a})
	}
	if n := len(s.contacts[instance].told); n > MaxTold {
		t.Errorf("%d told addresses of one sighting, want %d", n, MaxTold)
	}
	s.Told(noon, &budget.Bucket{Burst: 1}, me, []netip.AddrPort{a})
	if s.contacts[me] != nil {
		t.Error("a node is told of itself")
	}
}

// TestForgetting tells how long whom is remembered.
func TestForgetting(t *testing.T) {
	addrs := []netip.AddrPort{addr}
	tests := []struct {
		name  string
		setup func(*Table)
		keep  time.Duration
	}{
		{"sighted", func(s *Table) { s.Sighted(noon, upper, false, addrs) }, forgetAfter},
		{"of another room", func(s *Table) { s.Sighted(noon, upper, true, addrs) }, forgetAfter},
		{"a former member", func(s *Table) {
			s.Sighted(noon, upper, false, addrs)
			s.Linked(noon, upper, netip.AddrPort{}, addrs)
			s.Unlinked(noon, upper, true)
		}, RememberFor},
		{"a former observer", func(s *Table) {
			s.Sighted(noon, upper, false, addrs)
			s.Linked(noon, upper, netip.AddrPort{}, addrs)
			s.Unlinked(noon, upper, false)
		}, forgetAfter},
		{"who said goodbye", func(s *Table) {
			s.Linked(noon, upper, netip.AddrPort{}, addrs)
			s.Departed(noon, upper)
			s.Unlinked(noon, upper, true)
		}, RememberFor},
		{"told of and dialed in vain", func(s *Table) {
			s.Told(noon, &budget.Bucket{Burst: 1}, upper, addrs)
			for range toldTries {
				s.Ended(noon, s.Due(s.Wake(noon))[0], peer.ErrTimeout)
			}
		}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := table()
			tt.setup(s)
			if tt.keep >= 0 {
				s.Expire(at(tt.keep))
				if len(s.contacts) != 1 {
					t.Fatalf("forgotten before %v", tt.keep)
				}
			}
			s.Expire(at(tt.keep + time.Millisecond))
			if len(s.contacts) != 0 {
				t.Errorf("remembered after %v", tt.keep)
			}
		})
	}
}

func TestGoodbyeOfDiscoveryIsAHint(t *testing.T) {
	s := table()
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	s.Vanished(upper)
	if len(s.contacts) != 0 {
		t.Error("a sighting outlives its goodbye")
	}
	s.Vanished(upper)
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	s.Linked(noon, upper, netip.AddrPort{}, []netip.AddrPort{addr})
	s.Vanished(upper) // anybody can forge it
	s.Unlinked(noon, upper, true)
	s.one(t, noon) // a former member is dialed, whatever goodbyes come that its link did not carry
}

func TestReplacement(t *testing.T) {
	s := table()
	s.Linked(noon, upper, netip.AddrPort{}, []netip.AddrPort{addr})
	if len(s.Due(noon)) != 0 {
		t.Error("a linked instance is dialed")
	}
	s.Replace(noon, upper, true)
	s.Ended(noon, s.one(t, noon), peer.ErrTimeout)
	if next := s.Wake(noon); next.Before(noon) || next.After(at(lastRetry)) {
		t.Errorf("the next try is at %v", next)
	}
	s.Replace(noon, upper, false)
	if !s.Wake(noon).IsZero() {
		t.Error("a link over an address that came back is replaced")
	}
}

// TestOwnersAreForgotten holds that of each instance that is linked only the
// address is kept where it is.
func TestOwnersAreForgotten(t *testing.T) {
	s := table()
	for port := range uint16(1000) {
		now := at(time.Duration(port) * time.Second)
		s.Linked(now, upper, netip.AddrPortFrom(addr.Addr(), port+1), nil)
		s.Expire(now)
	}
	if n := len(s.owners); n != 1 {
		t.Errorf("%d addresses are kept of one instance that is linked", n)
	}
}
