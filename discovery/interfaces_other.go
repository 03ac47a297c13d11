//go:build !linux && !js

package discovery

import "net/netip"

// bridgePort is not known here; such an interface rarely has an address.
func bridgePort(string) bool { return false }

// unsettled addresses are not told from others here: what is sent from them is
// tried again.
func unsettled() map[netip.Addr]bool { return nil }
