package contacts

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// TestOtherSecretIsNotDialedAgain tells who is dialed after an instance at an address
// turned out to know another secret: not that one there, however often it is sighted,
// but the same one elsewhere, and another there.
func TestOtherSecretIsNotDialedAgain(t *testing.T) {
	elsewhere := netip.MustParseAddrPort("10.0.0.8:7475")
	otherPort := netip.AddrPortFrom(addr.Addr(), 9999)
	other, _ := numbered(1)
	tests := []struct {
		name     string
		instance peer.Instance
		addrs    []netip.AddrPort
		want     []netip.AddrPort
	}{
		{"there", upper, []netip.AddrPort{addr}, nil},
		{"at another port there", upper, []netip.AddrPort{otherPort}, nil},
		{"elsewhere", upper, []netip.AddrPort{elsewhere}, []netip.AddrPort{elsewhere}},
		{"there and elsewhere", upper, []netip.AddrPort{addr, elsewhere, otherPort}, []netip.AddrPort{elsewhere}},
		{"another instance", other, []netip.AddrPort{addr}, []netip.AddrPort{addr}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := table()
			s.Sighted(noon, upper, false, []netip.AddrPort{addr})
			d := s.one(t, noon)
			s.Foreign(noon, upper, addr, false)
			s.Ended(noon, d, peer.ErrSecret)
			if all := s.All(); len(all) != 1 || !errors.Is(all[0].Err, peer.ErrSecret) {
				t.Errorf("it is shown as %v", all)
			}
			if len(s.Expected()) > 0 {
				t.Error("it is expected all the same")
			}
			for now := at(time.Hour); now.Before(at(2 * time.Hour)); now = now.Add(5 * time.Minute) {
				s.Expire(now) // so that nothing but the secret is remembered
				s.Sighted(now, tt.instance, false, tt.addrs)
				var dialed []netip.AddrPort
				for _, d := range s.Due(now.Add(time.Minute)) {
					dialed = append(dialed, d.Addrs...)
					s.Ended(now.Add(time.Minute), d, peer.ErrTimeout)
				}
				if len(dialed) != len(tt.want) || len(dialed) > 0 && dialed[0] != tt.want[0] {
					t.Fatalf("dialed at %v, want %v", dialed, tt.want)
				}
			}
		})
	}
}

// TestSecretIsProvenByALink holds that whoever made a link from an address knows the
// secret there, whoever answered there before.
func TestSecretIsProvenByALink(t *testing.T) {
	s := table()
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	s.Foreign(noon, upper, addr, false)
	s.Denied(noon, upper, addr, false)
	if len(s.Due(at(time.Minute))) > 0 {
		t.Error("it is dialed")
	}
	s.Linked(at(time.Minute), upper, addr, []netip.AddrPort{addr})
	s.Unlinked(at(2*time.Minute), upper, true)
	s.one(t, at(3*time.Minute))
	if all := s.All(); all[0].Err != nil {
		t.Errorf("it is shown as %v", all[0].Err)
	}
}

// TestMemberIsDialedAgainLater holds that a member in whose place another secret was
// met is dialed there again, but not soon: somebody was between, and may be gone.
func TestMemberIsDialedAgainLater(t *testing.T) {
	s := table()
	s.Sighted(noon, upper, false, []netip.AddrPort{addr})
	s.Foreign(noon, upper, addr, true)
	dials := 0
	for now := noon; now.Before(at(time.Hour)); now = now.Add(time.Second) {
		s.Sighted(now, upper, false, []netip.AddrPort{addr})
		for _, d := range s.Due(now) {
			dials++
			s.Foreign(now, upper, addr, true)
			s.Ended(now, d, peer.ErrSecret)
		}
		if d := s.contacts[upper]; d.isForeign() {
			t.Fatal("it is given up")
		}
	}
	if want := int(time.Hour/memberRetry) - 1; dials != want {
		t.Errorf("dialed %d times in an hour, want %d", dials, want)
	}
}

// TestCalledByAnotherSecret holds that whoever calls in a node's name with another
// secret has it shown so, and dialed where that call came from no sooner than in a
// minute. Elsewhere it is dialed as before, and so is a member.
func TestCalledByAnotherSecret(t *testing.T) {
	tests := []struct {
		name   string
		from   netip.AddrPort
		member bool
		first  time.Duration // when it is dialed
	}{
		{"from there", addr, false, deniedRetry},
		{"from another port there", netip.AddrPortFrom(addr.Addr(), 9999), false, deniedRetry},
		{"from elsewhere", netip.MustParseAddrPort("10.0.0.8:7475"), false, 0},
		{"from nobody knows where", noAddr, false, 0},
		{"as a member", addr, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := table()
			s.Sighted(noon, upper, false, []netip.AddrPort{addr})
			s.Denied(noon, upper, tt.from, tt.member)
			s.Denied(noon, lower, tt.from, false) // of whom nobody has heard
			if all := s.All(); len(all) != 1 || !errors.Is(all[0].Err, peer.ErrSecret) {
				t.Errorf("shown are %v", all)
			}
			if expected := len(s.Expected()) > 0; expected != (tt.first == 0) {
				t.Errorf("expected: %v", expected)
			}
			now := noon
			for len(s.Due(now)) == 0 {
				if now = now.Add(time.Second); now.After(at(time.Hour)) {
					t.Fatal("it is never dialed")
				}
				s.Sighted(now, upper, false, []netip.AddrPort{addr})
			}
			if took := now.Sub(noon); took < tt.first || took > tt.first+lastRetry {
				t.Errorf("it is dialed after %v, want %v", took, tt.first)
			}
		})
	}
}

// TestCalledBeforeSighted holds that who calls with another secret before discovery
// tells of it is shown so all the same, and expected no more than another.
func TestCalledBeforeSighted(t *testing.T) {
	s := table()
	s.Denied(noon, upper, addr, false)
	s.Sighted(at(time.Second), upper, false, []netip.AddrPort{addr})
	if all := s.All(); len(all) != 1 || !errors.Is(all[0].Err, peer.ErrSecret) {
		t.Errorf("shown are %v", all)
	}
	if len(s.Expected()) > 0 {
		t.Error("it is expected")
	}
}

// TestCalledAfterAnotherSecret holds that a call opens nothing that was closed for
// longer.
func TestCalledAfterAnotherSecret(t *testing.T) {
	for name, member := range map[string]bool{"never again": false, "in ten minutes": true} {
		t.Run(name, func(t *testing.T) {
			s := table()
			s.Sighted(noon, upper, false, []netip.AddrPort{addr})
			s.Foreign(noon, upper, addr, member)
			s.Denied(at(time.Second), upper, addr, false)
			if !s.IsForeign(at(memberRetry-time.Second), upper, addr) {
				t.Error("it may be dialed")
			}
		})
	}
}

// TestForeignIsBounded holds that whoever makes up nodes without end makes this one
// remember the last of them, and no more.
func TestForeignIsBounded(t *testing.T) {
	s := table()
	for i := range 2 * maxForeign {
		instance, a := numbered(i)
		s.Foreign(noon, instance, a, false)
		s.Foreign(noon, instance, a, false)
	}
	if n := len(s.foreign.order); n != maxForeign || len(s.foreign.hosts) != n {
		t.Errorf("%d and %d are remembered, want %d", n, len(s.foreign.hosts), maxForeign)
	}
	first, a := numbered(0)
	last, b := numbered(2*maxForeign - 1)
	if s.IsForeign(noon, first, a) || !s.IsForeign(noon, last, b) {
		t.Error("it is not the last that are remembered")
	}
}
