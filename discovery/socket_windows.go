package discovery

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/windows"
)

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
