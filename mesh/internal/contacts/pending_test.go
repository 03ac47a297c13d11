package contacts

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/peer"
)

// TestPending tells of whom a direct link may still come.
func TestPending(t *testing.T) {
	addrs := []netip.AddrPort{addr}
	heard := func(s *Table) { s.Sighted(noon, upper, false, addrs) }
	tests := []struct {
		name  string
		setup func(*Table)
		after time.Duration
		want  bool
	}{
		{"nobody has heard of", func(*Table) {}, 0, false},
		{"just heard of", heard, 0, true},
		{"just told of", func(s *Table) { s.Told(noon, &budget.Bucket{Burst: 1}, upper, addrs) }, 0, true},
		{"of another room", func(s *Table) { s.Sighted(noon, upper, true, addrs) }, 0, false},
		{"waits for its turn", heard, time.Minute, true},
		{"is being dialed", func(s *Table) {
			heard(s)
			s.Due(at(time.Second))
		}, time.Second + connectSoon - 1, true},
		{"does not answer", func(s *Table) {
			heard(s)
			s.Due(at(time.Second))
		}, time.Second + connectSoon, false},
		{"refuses, and may call us", func(s *Table) {
			heard(s)
			s.Ended(noon, s.one(t, noon), peer.ErrRefused)
		}, calledWithin - 1, true},
		{"refuses, and does not call us", func(s *Table) {
			heard(s)
			s.Ended(noon, s.one(t, noon), peer.ErrRefused)
		}, calledWithin, false},
		{"makes a link itself", func(s *Table) {
			heard(s)
			s.Ended(noon, s.one(t, noon), peer.ErrLinked)
		}, time.Second, true},
		{"says for ever that it makes one", func(s *Table) {
			heard(s)
			for now := noon; now.Before(at(time.Minute)); now = now.Add(time.Second) {
				for _, d := range s.Due(now) {
					s.Ended(now, d, peer.ErrLinked)
				}
			}
		}, time.Minute, false},
		{"lost its link", func(s *Table) {
			s.Linked(noon, upper, addr, addrs)
			s.Unlinked(at(time.Hour), upper, true)
		}, time.Hour, true},
		{"said goodbye", func(s *Table) {
			s.Linked(noon, upper, addr, addrs)
			s.Departed(at(time.Hour), upper)
			s.Unlinked(at(time.Hour), upper, true)
		}, time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := table()
			tt.setup(s)
			if got := s.Pending(at(tt.after), upper); got != tt.want {
				t.Errorf("pending: %v, want %v", got, tt.want)
			}
		})
	}
}
