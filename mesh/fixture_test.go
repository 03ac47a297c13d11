package mesh

import (
	"net/netip"
	"time"

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
