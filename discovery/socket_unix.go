//go:build unix

package discovery

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// groupOnly is that a socket hears nothing that was not sent to its group.
const groupOnly = true

// bindGroup opens a socket bound to the group's address, beside whoever else
// speaks multicast DNS on this machine. Bound to the wildcard address, as
// package net would do it, it would take the unicast packets of others.
func bindGroup(i Interface, f family) (net.PacketConn, error) {
	domain := unix.AF_INET
	if f == ip6 {
		domain = unix.AF_INET6
	}
	fd, err := unix.Socket(domain, unix.SOCK_DGRAM, unix.IPPROTO_UDP)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	unix.CloseOnExec(fd)
	// FilePacketConn keeps a duplicate.
	file := os.NewFile(uintptr(fd), "mdns")
	defer file.Close()
	if err := share(fd, f); err != nil {
		return nil, fmt.Errorf("setsockopt: %w", err)
	}
	if err := unix.Bind(fd, groupSockaddr(i, f)); err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	return net.FilePacketConn(file)
}

// isTaken reports whether a port could not be bound since somebody has it.
func isTaken(err error) bool { return errors.Is(err, unix.EADDRINUSE) }

func share(fd int, f family) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return err
	}
	if f == ip6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return err
		}
	}
	return onlyJoined(fd, f)
}

func groupSockaddr(i Interface, f family) unix.Sockaddr {
	group := f.group(i).Addr()
	if f == ip4 {
		return &unix.SockaddrInet4{Port: mdnsPort, Addr: group.As4()}
	}
	// The scope binds the socket to the interface: Linux delivers IPv6
	// multicast by group alone, to members on any interface.
	return &unix.SockaddrInet6{Port: mdnsPort, Addr: group.As16(), ZoneId: uint32(i.Index)}
}
