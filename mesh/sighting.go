package mesh

import (
	"net/netip"

	"github.com/lanyap/lanyap/mesh/internal/contacts"
	"github.com/lanyap/lanyap/peer"
)

// Sighting is a node that was discovered, or named by hand, and is not linked.
type Sighting struct {
	Instance  string // empty for an address given by hand that never answered
	Addrs     []netip.AddrPort
	OtherRoom bool      // advertised for another room, and not dialed
	Web       bool      // a member in a browser, of which an observer was told by those that it has links to
	Name      string    // of such a one, as it calls itself
	Step      peer.Step // how far the dial under way is; 0: none is, it waits for its turn or for the other side to dial
	Err       error     // why the last dial did not get through, nil before it ended; see peer's errors
	Via       *Peer     // a member that reaches it; nil: none is known
}

// sightingLocked shows a contact to the program.
func (n *Node) sightingLocked(c contacts.Contact) Sighting {
	s := Sighting{Addrs: c.Addrs, OtherRoom: c.OtherRoom, Step: c.Step, Err: c.Err}
	if !c.Instance.IsZero() {
		s.Instance = c.Instance.String()
		s.Via = n.reachedByLocked(s.Instance)
	}
	return s
}
