//go:build !linux && !js

package discovery

import (
	"net"

	"golang.org/x/net/ipv4"
)

// sendThrough makes multicast leave by the interface.
func sendThrough(_ net.PacketConn, p *ipv4.PacketConn, i Interface) error {
	return p.SetMulticastInterface(&net.Interface{Index: i.Index, Name: i.Name})
}
