package mesh

import (
	"context"
	"net/netip"
	"strings"
)

// resolve looks a host up; at most contacts.MaxAddrs addresses.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	if strings.EqualFold(host, "localhost") {
		// Nobody has to be asked (RFC 6761, section 6.3), and where /etc/hosts
		// is missing nobody can tell.
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	return lookup(ctx, host)
}
