package mesh

import (
	"context"
	"net/netip"
	"slices"
	"testing"
)

// TestLocalhostNeedsNoResolver holds that the name means this machine, whatever
// the resolver is, or whether there is one.
func TestLocalhostNeedsNoResolver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody can be asked
	for _, name := range []string{"localhost", "LocalHost"} {
		ips, err := resolve(ctx, name)
		if err != nil || !slices.Contains(ips, netip.MustParseAddr("127.0.0.1")) || !slices.Contains(ips, netip.IPv6Loopback()) {
			t.Errorf("%s: %v, %v", name, ips, err)
		}
	}
}
