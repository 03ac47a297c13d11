package contacts

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

var (
	noon  = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	lower = peer.Instance{1}
	me    = peer.Instance{2}
	upper = peer.Instance{3}
	addr  = netip.MustParseAddrPort("10.0.0.7:7475")

	noAddr netip.AddrPort
)

// at is a time after noon.
func at(d time.Duration) time.Time { return noon.Add(d) }

func numbered(n int) (peer.Instance, netip.AddrPort) {
	return peer.Instance{9, byte(n >> 8), byte(n)}, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}), 7475)
}

// table returns an empty one of me.
func table(byHand ...*Address) *Table { return New(me, 1, byHand) }

// one returns the dial that is due; it has to be one.
func (t *Table) one(tb testing.TB, now time.Time) *Dial {
	tb.Helper()
	due := t.Due(now)
	if len(due) != 1 {
		tb.Fatalf("%d dials are due after %v, want one", len(due), now.Sub(noon))
	}
	return due[0]
}
