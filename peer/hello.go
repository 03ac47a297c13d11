package peer

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/lanyap/lanyap/peer/name"
)

// Hello is what a node says of itself once a link is encrypted, and what the
// other side proved or checked of it. It is the first thing exchanged on a
// link and fixed for the link's life.
type Hello struct {
	ID       ID       // proven by signature
	Salt     Salt     // of this start of the program
	Instance Instance // of ID and Salt, and so proven as well; never sent
	Name     string   // for people: see package name for the rules; chosen freely and not unique
	Topics   []string // what it takes part in, such as "chat": at most MaxTopics, named by the same rules and not empty
	Observer bool     // only looks who is here: no member
	Web      bool     // in a browser: nobody can dial it, so it has no Addrs

	// Addrs are the addresses at which the node says it answers, at most
	// MaxAddrs and none of them link-local, which mean nothing elsewhere. A
	// hint: nothing but a dial proves them.
	Addrs []netip.AddrPort
}

// Bounds of a Hello: [Listen] refuses what exceeds them, and a link from whose
// other side it comes ends.
const (
	MaxName   = name.Max // bytes
	MaxTopics = 16
	MaxAddrs  = 16
)

// check holds the bounds.
func (h *Hello) check() error {
	if err := name.Check(h.Name); err != nil {
		return fmt.Errorf("peer: name %q: %w", h.Name, err)
	}
	if len(h.Topics) > MaxTopics {
		return fmt.Errorf("peer: more than %d topics", MaxTopics)
	}
	for _, s := range h.Topics {
		if s == "" {
			return errors.New("peer: topic without a name")
		}
		if err := name.Check(s); err != nil {
			return fmt.Errorf("peer: topic %q: %w", s, err)
		}
	}
	if len(h.Addrs) > MaxAddrs {
		return fmt.Errorf("peer: more than %d addresses", MaxAddrs)
	}
	if h.Web && len(h.Addrs) > 0 {
		return errors.New("peer: a browser with addresses")
	}
	return nil
}
