package mesh

import (
	"net/netip"
	"testing"

	"github.com/lanyap/lanyap/peer"
)

// TestPeerInABrowser is known as such by what it says in hello.
func TestPeerInABrowser(t *testing.T) {
	for _, web := range []bool{false, true} {
		if p := newPeer(peer.Hello{Web: web}, netip.AddrPort{}); p.Web != web {
			t.Errorf("hello with Web %v makes a peer with %v", web, p.Web)
		}
	}
}
