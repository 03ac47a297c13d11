package peer

import (
	"errors"
	"fmt"
	"net/netip"
)

// ErrElsewhere says that a description that was carried is from where we send
// nothing: its author is neither on a network of ours nor on our own host.
var ErrElsewhere = errors.New("not on a network of ours")

// Carried is a description (SDP) that members carried, because the two sides
// cannot exchange it themselves: one of them, or both, is in a browser.
type Carried struct {
	SDP string

	// From is where the first who carried it sees its author. A description is
	// never a reason to send a packet to any address but this one. Invalid: nobody
	// has said.
	From netip.Addr
}

// ErrNoWay is what a carried offer ends with if both sides are pages whose browsers
// tell no address: neither can send the first packet. It stays so until the network
// of one changes.
// It is an [ErrUDP].
var ErrNoWay = fmt.Errorf("%w: neither side tells where it is", ErrUDP)
