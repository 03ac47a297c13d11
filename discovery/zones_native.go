//go:build !js

package discovery

import "net"

// refreshZones makes package net list the interfaces anew. It keeps for a
// minute which index the zone of an address means, and an interface that came
// back has another: until then whoever dials, binds or sends to an IPv6
// link-local address of its link would use one that is gone. A zone that it
// does not know makes it look again, and no interface has that name.
func refreshZones() {
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback, Zone: "\x00"})
	if err == nil {
		_ = conn.Close()
	}
}
