package contacts

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// Bounds of what others can make a node remember and dial.
const (
	maxContacts = 512
	MaxAddrs    = 16 // per contact: what a peer.Target is given
	MaxTold     = 4  // of these, that members told of
)

// contact is what is known of where an instance answers.
type contact struct {
	instance  peer.Instance
	lan       []netip.AddrPort // from discovery
	link      []netip.AddrPort // from a link of ours: where it was found, then what it says
	told      []netip.AddrPort // from members
	poor      []netip.AddrPort // of these, at which it did not answer last time
	over      []peer.Instance  // neighbours that reach it, and can carry an offer
	vain      peer.Instance    // of these, over which the last was in vain
	foreign   []foreignHost    // where it knows another secret
	denied    bool             // who called in its name knows another secret
	otherRoom bool
	replace   bool // linked, but over an address that we no longer have

	known    time.Time // since when we have heard of it
	seen     time.Time // when discovery last named it
	linked   bool
	since    time.Time // when the link came
	brief    int       // how many links in a row ended soon after they came
	lost     time.Time // when the last link ended
	departed time.Time // when it said goodbye: an instance never comes back

	found   netip.AddrPort // where a link to it was; invalid: nowhere yet
	held    netip.Addr     // where it may be dialed no sooner for those that were; invalid: nowhere
	answers netip.AddrPort // where it was met when another was meant; invalid: nowhere since its last dial
	dial    *Dial          // under way; nil: none is
	dialed  time.Time
	fails   int           // dials in vain since the last link
	next    time.Time     // when to dial, but for the other side's turn
	turn    time.Time     // when that began; zero: it had it
	draw    time.Duration // its place among those that are due in the same second
	err     error         // of the last dial

	linkedInVain int // how often it has said since the last link that there is one
}

// addrs returns where it is said to answer, the likeliest first.
func (c *contact) addrs() []netip.AddrPort {
	var out []netip.AddrPort
	for _, list := range [][]netip.AddrPort{c.link[:min(1, len(c.link))], c.lan, c.told, c.link} {
		for _, a := range list {
			if len(out) < MaxAddrs && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// onlyTold reports whether members' words are all there is.
func (c *contact) onlyTold() bool { return len(c.lan) == 0 && len(c.link) == 0 }

// hasAddrs reports whether there is anywhere to dial it.
func (c *contact) hasAddrs() bool { return len(c.lan) > 0 || len(c.link) > 0 || len(c.told) > 0 }

// wants reports whether the contact is one to dial at all.
func (c *contact) wants() bool {
	if c.dial != nil || c.otherRoom || !c.departed.IsZero() || c.linked && !c.replace {
		return false
	}
	return c.hasAddrs() && !c.isForeign() || len(c.over) > 0
}

// inVain returns how often in a row the contact was dialed for nothing: no link
// came of it, or one that ended soon.
func (c *contact) inVain() int { return c.fails + c.brief }

// expected reports whether discovery says that the instance is here, and no
// dial has found that it is nobody of this room.
func (c *contact) expected() bool {
	if len(c.lan) == 0 || c.linked || c.otherRoom || c.seemsForeign() || !c.departed.IsZero() || c.lost.After(c.seen) {
		return false
	}
	for _, other := range []error{peer.ErrRoom, peer.ErrVersion, peer.ErrSelf, peer.ErrInstance} {
		if errors.Is(c.err, other) {
			return false
		}
	}
	return true
}

// Contact is an instance that is not linked, as others may see it.
type Contact struct {
	Instance  peer.Instance // zero: of an address given by hand that never answered
	Addrs     []netip.AddrPort
	OtherRoom bool      // advertised for another room, and not dialed
	Step      peer.Step // how far the dial under way is; 0: none is
	Err       error     // why the last dial did not get through, nil before it ended
}

func (c *contact) view() Contact {
	v := Contact{Instance: c.instance, Addrs: c.addrs(), OtherRoom: c.otherRoom, Step: c.dial.progress(), Err: c.err}
	if c.denied || c.seemsForeign() {
		v.Err = peer.ErrSecret
	}
	return v
}
