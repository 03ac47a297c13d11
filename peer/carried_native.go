//go:build !js

package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// An offer that members carried comes from anybody, whoever brings it, and names an
// address at which its author is to be. So it is believed as little as may be: it
// makes us send to that address alone, if it is a host's on one of our own networks,
// and then no more than a few connectivity checks; it pays for itself; and it does
// not take the place of one that somebody posts.

// DialCarried is for pages: a node dials. It returns [errors.ErrUnsupported].
func (t *Transport) DialCarried(_ context.Context, in Instance, _ func(ctx context.Context, offer string) (Carried, error)) (*Conn, error) {
	return nil, fmt.Errorf("peer: offer to %s: %w", in, errors.ErrUnsupported)
}

// AnswerCarried answers an offer of a page that other members carried. The link comes
// out of Accept, within 10 s, and hello proves whose it is.
//
// Nothing is sent to any address but offer.From, and that has to be a host's on one of
// our own networks (Config.OnLink) or our own: [ErrElsewhere] otherwise. Of the
// offer's candidates the ports count, of four at most; there are no more than 8 checks
// to each. Our own host gets none, and is waited for: whatever port it names may be
// another's. [ErrLinked] says that there is a link already, which is asked whether it
// lives; [ErrFull] that there are too many offers: 4 half-made ones from one address
// and 32 in all, 16 a second from one address and 32 a second in all, one in 2 s of
// one instance, and as MaxLinks has it.
func (t *Transport) AnswerCarried(ctx context.Context, in Instance, offer Carried) (answer string, err error) {
	d, err := parseDescription([]byte(offer.SDP))
	if err == nil {
		answer, err = t.answerCarried(ctx, in, offer.From.Unmap(), d)
	}
	if err != nil {
		return "", fmt.Errorf("peer: offer of %s: %w", in, err)
	}
	return answer, nil
}

func (t *Transport) answerCarried(ctx context.Context, in Instance, from netip.Addr, d description) (answer string, err error) {
	if in == t.self.Instance {
		return "", ErrSelf
	}
	local, err := t.towards(from)
	if err != nil {
		return "", err
	}
	return t.answerFrom(ctx, in, local, from, d)
}

// answerFrom answers an offer from a local address.
func (t *Transport) answerFrom(ctx context.Context, in Instance, local, from netip.Addr, d description) (answer string, err error) {
	if l := t.claims.linked(in); l != nil && l.conn.Err() == nil {
		l.doubt()
		return "", ErrLinked
	}
	source := t.callers.source(from)
	if !t.limits.carried.allow(source, in) {
		return "", ErrFull
	}
	slot, err := t.carried.enter(t.ctx, source, false)
	if err != nil {
		return "", err
	}
	a := &attempt{
		t: t, instance: in, pair: pairOf(local, netip.AddrPortFrom(from, 0), in), from: source, web: true,
		ctx: slot.ctx, cancel: slot.cancel, slot: slot, over: make(chan struct{}),
	}
	wanted := context.AfterFunc(ctx, func() { a.cancel(context.Cause(ctx)) })
	if err = a.claim(); err == nil {
		answer, err = a.describe(d)
	}
	if !wanted() && err == nil {
		err = context.Cause(ctx) // the attempt may not have heard of it yet
	}
	if err == nil && !t.spawn(func() { a.finish(d) }) {
		err = ErrClosed
	}
	if err != nil {
		a.abort()
		return "", err
	}
	return answer, nil
}

// towards returns the local address from which a host is reached that is on one of
// our networks, or is our own. It sends nothing.
func (t *Transport) towards(host netip.Addr) (local netip.Addr, err error) {
	if !host.IsValid() || host.IsUnspecified() || host.IsMulticast() {
		return local, ErrElsewhere
	}
	if host.IsLoopback() && host != loopback && host != netip.IPv6Loopback() {
		return local, ErrElsewhere // there are millions
	}
	if t.sockets.own(host) {
		return host, nil
	}
	if t.callers.onLink == nil || !t.callers.onLink(host) || broadcasts(host) {
		return local, ErrElsewhere
	}
	// To connect a UDP socket is to ask for a route. Any port will do.
	probe, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, firstFreePort)))
	if err != nil {
		return local, ErrElsewhere
	}
	defer probe.Close()
	local = probe.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if t.addrsOnly && !t.sockets.serves(local) {
		return local, ErrElsewhere
	}
	return local, nil
}

// broadcasts reports whether an address is none of a host's, but that of all hosts of
// a network of ours, or the network's own.
func broadcasts(host netip.Addr) bool {
	if !host.Is4() {
		return false
	}
	networks, err := net.InterfaceAddrs()
	if err != nil || host == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	for _, n := range networks {
		prefix, err := netip.ParsePrefix(n.String())
		if err == nil && prefix.Bits() < 31 && prefix.Contains(host) && ends(prefix, host) {
			return true
		}
	}
	return false
}

// ends reports whether an address is the first or the last of a network of IPv4.
func ends(network netip.Prefix, host netip.Addr) bool {
	bits := host.As4()
	value := uint32(bits[0])<<24 | uint32(bits[1])<<16 | uint32(bits[2])<<8 | uint32(bits[3])
	rest := ^uint32(0) >> network.Bits()
	return value&rest == 0 || value&rest == rest
}
