package contacts

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

func TestHandIsDialedForEver(t *testing.T) {
	a, err := ParseAddress("ana")
	if err != nil {
		t.Fatal(err)
	}
	s := table(a)
	now := noon
	for range 20 {
		d := s.one(t, now)
		if d.Address != a || len(s.Due(now)) != 0 {
			t.Fatalf("dialing %v, want the address, once", d)
		}
		s.EndedByHand(now, d, peer.Instance{}, nil, peer.ErrRefused)
		if wait := s.Wake(now).Sub(now); wait > lastRetry {
			t.Fatalf("the next is after %v, want %v at most", wait, lastRetry)
		}
		now = s.Wake(now)
	}
	d := s.one(t, now)
	s.Linked(now, upper, netip.AddrPort{}, nil)
	s.EndedByHand(now, d, upper, nil, nil)
	if len(s.Due(now.Add(time.Hour))) != 0 || !s.Wake(now).IsZero() || len(s.All()) != 0 {
		t.Error("it is dialed while there is a link to it")
	}
	s.Unlinked(now, upper, true)
	now = now.Add(time.Hour)
	s.EndedByHand(now, s.one(t, now), peer.Instance{}, nil, peer.ErrSelf)
	if wait := s.Wake(now).Sub(now); wait != handRecheck {
		t.Errorf("our own address is tried again after %v, want %v", wait, handRecheck)
	}
	s.Hurry(now)
	if wait := s.Wake(now).Sub(now); wait > firstRetry {
		t.Errorf("after a link has ended it is tried after %v, want %v", wait, firstRetry)
	}
}
