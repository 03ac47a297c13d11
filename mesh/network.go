package mesh

import (
	"context"
	"net/netip"
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

// host is a transport that follows its machine's addresses.
type host struct {
	*peer.Transport
	interfaces []string

	mu       sync.Mutex // guards prefixes
	prefixes []netip.Prefix
}

// set takes in the machine's interfaces and returns the addresses to serve.
func (h *host) set(interfaces []discovery.Interface) []netip.Addr {
	var addrs []netip.Addr
	var prefixes []netip.Prefix
	for _, i := range interfaces {
		if i.Unused != "" {
			continue
		}
		addrs = append(addrs, i.Addrs...)
		prefixes = append(prefixes, i.Prefixes...)
	}
	h.mu.Lock()
	h.prefixes = prefixes
	h.mu.Unlock()
	return addrs
}

// OnLink reports whether an address is on one of the networks of the
// interfaces in use.
func (h *host) OnLink(ip netip.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ip.Is6() && ip.IsLinkLocalUnicast() && ip.Zone() == "" {
		return false // on which link?
	}
	bare := ip.WithZone("")
	for _, p := range h.prefixes {
		if p.Contains(bare) {
			return true
		}
	}
	return false
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
