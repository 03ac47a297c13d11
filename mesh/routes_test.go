package mesh

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// TestShorterWaysStay holds that a neighbour's own links are not hidden by what
// others told it, and that what is kept is bounded.
func TestShorterWaysStay(t *testing.T) {
	l := &link{ways: newWays()}
	for i := range 2 * wire.MaxRoutes {
		l.learn(peer.Instance{1, byte(i >> 8), byte(i)}, route{{9}}, time.Time{})
	}
	there := peer.Instance{2}
	l.learn(there, nil, time.Time{})
	if _, ok := l.routes[there]; !ok || len(l.routes) != wire.MaxRoutes {
		t.Errorf("a neighbour's own link is kept: %v, among %d ways", ok, len(l.routes))
	}
	l.learn(peer.Instance{3}, route{{9}}, time.Time{})
	if _, ok := l.routes[peer.Instance{3}]; ok || len(l.routes) != wire.MaxRoutes {
		t.Errorf("a way as long as those that are kept took a place, of %d", len(l.routes))
	}
}
