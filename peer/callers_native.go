//go:build !js

package peer

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// The listener hears everybody who can reach the machine: on a rented server,
// or with IPv6 and no firewall, that is the internet. Who is not to be answered
// is cut off before a byte is read, so that it learns nothing, not even what
// answers here. UDP needs no such rule: a datagram that belongs to no link and
// no answered offer gets no answer (see ledger).

// callers decides who is answered.
type callers struct {
	remote bool                  // everybody is
	onLink func(netip.Addr) bool // who is on our networks; nil: nobody

	mu     sync.Mutex   // guards byHand
	byHand []netip.Addr // where a person said that we find somebody; the latest last
}

// maxByHand is how many addresses dialed by hand are remembered. A name may
// have several and change them; what is left out is remembered at its next
// dial.
const maxByHand = 1024

// near reports whether an address cannot be one of the internet at large, or is
// on a network of ours.
func (c *callers) near(from netip.Addr) bool {
	return from.IsLoopback() || from.IsPrivate() || from.IsLinkLocalUnicast() || shared.Contains(from) ||
		c.onLink != nil && c.onLink(from)
}

// source is what a caller counts as. On our own networks each address is a host,
// and the link-local network is the whole LAN. Whoever is elsewhere has a network
// of IPv6 to itself, and 2^64 addresses.
func (c *callers) source(from netip.Addr) netip.Prefix {
	bits := from.BitLen()
	near := from.IsLinkLocalUnicast() || c.onLink != nil && c.onLink(from)
	if from.Is6() && !near {
		bits = 64
	}
	p, _ := from.WithZone("").Prefix(bits)
	return p
}

// invite takes calls from those addresses from now on.
func (c *callers) invite(addrs []netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range addrs {
		ip := a.Addr().Unmap()
		if slices.Contains(c.byHand, ip) {
			continue
		}
		if len(c.byHand) == maxByHand {
			c.byHand = c.byHand[1:]
		}
		c.byHand = append(c.byHand, ip)
	}
}

func (c *callers) invited(from netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.byHand, from)
}

// answers reports whether a call is one to answer.
func (t *Transport) answers(local, from netip.Addr) bool {
	if t.callers.invited(from) {
		return true
	}
	if t.addrsOnly && !local.IsLoopback() && !t.sockets.serves(local) {
		return false
	}
	return t.callers.remote || t.callers.near(from)
}

// gate is a listener that hangs up on who is not to be answered.
type gate struct {
	net.Listener
	t *Transport
}

func (g gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := plain(conn.RemoteAddr()).Addr()
		reason := "from another network"
		if g.t.answers(plain(conn.LocalAddr()).Addr(), from) {
			if g.t.allowCall(from) {
				return conn, nil
			}
			reason = "too many"
		}
		g.t.log.Debug("call refused", "from", from, "reason", reason)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset: nothing of it stays with us
		}
		_ = conn.Close()
	}
}
