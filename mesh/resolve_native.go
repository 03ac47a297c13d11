//go:build !js

package mesh

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/contacts"
)

// resolveTimeout bounds looking up a name given by hand.
const resolveTimeout = 5 * time.Second

// lookup asks the machine's resolver.
func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("mesh: peer %q: %w", host, err)
	}
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	return ips[:min(len(ips), contacts.MaxAddrs)], nil
}
