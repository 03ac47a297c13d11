package discovery

import (
	"net"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// onlyJoined keeps out what other sockets of this machine joined elsewhere.
func onlyJoined(fd int, f family) error {
	if f == ip6 {
		return nil // bound to the interface
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0)
}

// sendThrough makes multicast leave by the interface from its own address. An
// index alone would do with a network, but on a machine that has only its
// loopback the kernel then finds no source.
func sendThrough(c net.PacketConn, _ *ipv4.PacketConn, i Interface) error {
	source, ok := i.source(ip4)
	if !ok {
		return unix.EADDRNOTAVAIL
	}
	raw, err := c.(*net.UDPConn).SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptIPMreqn(int(fd), unix.IPPROTO_IP, unix.IP_MULTICAST_IF,
			&unix.IPMreqn{Address: source.As4(), Ifindex: int32(i.Index)})
	})
	if err != nil {
		return err
	}
	return set
}
