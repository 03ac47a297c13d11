//go:build !js

package mesh

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/peer"
)

// machine is the Network of this machine: WebRTC links, found by mDNS.
type machine struct {
	interfaces []string // names; none: every usable one
}

func (m machine) Listen(cfg peer.Config) (Transport, error) {
	usable, err := discovery.Interfaces(m.interfaces)
	if err != nil {
		return nil, err
	}
	here := &host{interfaces: m.interfaces}
	cfg.Addrs = here.set(usable)
	cfg.OnLink = here.around
	cfg.AddrsOnly = len(m.interfaces) > 0
	t, err := peer.Listen(cfg)
	if err != nil {
		return nil, err
	}
	here.Transport = t
	return here, nil
}

func (m machine) Discover(cfg discovery.Config) (Discovery, error) {
	return discovery.Open(cfg)
}

var _ answerer = (*host)(nil)

// host is a transport that follows its machine's addresses.
type host struct {
	*peer.Transport
	interfaces []string

	mu    sync.Mutex // guards what follows
	used  []netip.Prefix
	alive []netip.Prefix // beside those, of interfaces that are up and not used to find others
}

// set takes in the machine's interfaces and returns the addresses to serve.
func (h *host) set(interfaces []discovery.Interface) []netip.Addr {
	var addrs []netip.Addr
	var used, alive []netip.Prefix
	for _, i := range interfaces {
		switch {
		case i.Unused == "":
			addrs = append(addrs, i.Addrs...)
			used = append(used, i.Prefixes...)
		case i.Running && len(h.interfaces) == 0:
			alive = append(alive, i.Prefixes...)
		}
	}
	h.mu.Lock()
	h.used, h.alive = used, alive
	h.mu.Unlock()
	return addrs
}

// OnLink reports whether an address is on one of the networks of the
// interfaces in use.
func (h *host) OnLink(ip netip.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return within(h.used, ip)
}

// around reports whether an address is on one of the networks of this machine,
// used to find others or not. A point-to-point link is one that is not: who is
// at its other end may call.
func (h *host) around(ip netip.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return within(h.used, ip) || within(h.alive, ip)
}

func within(networks []netip.Prefix, ip netip.Addr) bool {
	if ip.Is6() && ip.IsLinkLocalUnicast() && ip.Zone() == "" {
		return false // on which link?
	}
	bare := ip.WithZone("")
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(bare) })
}

// Watch follows the machine's interfaces until ctx is done.
func (h *host) Watch(ctx context.Context, changed func()) {
	for interfaces := range discovery.Watch(ctx, h.interfaces) {
		// An address that cannot be bound yet is tried again with the next
		// change; the others are served.
		_ = h.SetAddrs(h.set(interfaces))
		changed()
	}
}
