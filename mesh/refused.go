package mesh

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// refusedEvery is the least time between two [Refused] events: a room of the same
// name beside this one is worth a word, and who makes up nodes no more than that.
const refusedEvery = time.Minute

// Refused says, to every topic, that nodes were met that know another secret of a
// room of this name than [Config.Secret], or none while this node has one, or one
// while it has none. Neither side learns anything else of the other. There is at most
// one such event a minute; [Node.Sightings] shows each node.
type Refused struct {
	Addr  netip.AddrPort // where the last of them answers, or called from
	Count int            // how many times that was found since the last such event, with this one
}

func (Refused) event() {}

// refusals is what was found since the last event.
type refusals struct {
	count int
	told  time.Time // zero: never
}

// early is what a transport calls, which is there before its node is.
type early struct{ node atomic.Pointer[Node] }

// refused takes in that a node knows another secret: one that was dialed at an
// address, or one that called from there under the name of an instance.
func (e *early) refused(instance peer.Instance, at netip.AddrPort, dialed bool) {
	if n := e.node.Load(); n != nil {
		n.refused(instance, at, dialed)
	}
}

func (n *Node) refused(instance peer.Instance, at netip.AddrPort, dialed bool) {
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state != running {
		return
	}
	found := n.contacts.Denied
	if dialed {
		found = n.contacts.Foreign
	}
	found(now, instance, at, n.isProvenLocked(instance))
	n.refusals.count++
	if told := n.refusals.told; !told.IsZero() && now.Sub(told) < refusedEvery {
		return
	}
	n.tellLocked(Refused{Addr: at, Count: n.refusals.count})
	n.refusals = refusals{told: now}
}

// avoid reports whether an instance was found to know another secret where it says
// that it answers: to dial it again would be one more guess.
func (n *Node) avoid(instance peer.Instance, at netip.AddrPort) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.contacts.IsForeign(time.Now(), instance, at)
}

// isProvenLocked reports whether an instance is known to be a member: its record was
// signed for this room, and so for its secret.
func (n *Node) isProvenLocked(instance peer.Instance) bool {
	for who, m := range n.members {
		if who.Instance == instance && m.revision > 0 {
			return true
		}
	}
	return false
}
