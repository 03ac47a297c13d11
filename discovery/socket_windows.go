package discovery

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/windows"
)

// isTaken reports whether a port could not be bound since somebody has it.
// Windows forbids it where it was taken for one program alone.
func isTaken(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, windows.WSAEACCES)
}

// groupOnly is that a socket hears nothing that was not sent to its group.
const groupOnly = false

// bindGroup opens a socket on the shared port. Windows binds only to addresses
// of the machine, so it is the wildcard address.
func bindGroup(_ Interface, f family) (net.PacketConn, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var set error
		err := raw.Control(func(fd uintptr) {
			set = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_REUSEADDR, 1)
		})
		if err != nil {
			return err
		}
		return set
	}}
	wildcard := netip.IPv6Unspecified()
	if f == ip4 {
		wildcard = netip.IPv4Unspecified()
	}
	return config.ListenPacket(context.Background(), f.network(), netip.AddrPortFrom(wildcard, mdnsPort).String())
}
