//go:build linux

package lab

import (
	"fmt"
	"io"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// PointToPoint makes a link between two hosts that only the two of them see, a
// VPN's for example: an interface tun0 on each, with these addresses, that has
// no broadcast and, as WireGuard's, no multicast. What one side's
// kernel sends comes out at the other's. It skips the test where the kernel has
// no tun devices, see [Need].
func (l *Lab) PointToPoint(a, b *Host, addrA, addrB netip.Prefix) {
	l.t.Helper()
	one, two := a.tun(addrA, addrB), b.tun(addrB, addrA)
	go carry(one, two)
	go carry(two, one)
	l.t.Cleanup(func() { one.Close(); two.Close() })
}

// carry copies packets until one of the ends is closed: a read is a packet.
func carry(to, from *os.File) {
	_, _ = io.CopyBuffer(onlyWriter{to}, onlyReader{from}, make([]byte, 64<<10))
}

// Files know ways to copy that do not keep packets apart.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)

func (h *Host) tun(addr, other netip.Prefix) *os.File {
	h.lab.t.Helper()
	var file *os.File
	err := h.lab.thread.in(h.ns, func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		request, err := unix.NewIfreq("tun0")
		if err != nil {
			return err
		}
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		file = os.NewFile(uintptr(fd), "tun0") // now that it can be waited for
		return err
	})
	if err != nil { // containers often have no such device, or may not use it
		miss(h.lab.t)("no lab: /dev/net/tun: " + err.Error())
	}
	commands := []string{
		"link set tun0 multicast off mtu 1420",
		fmt.Sprintf("addr add %s dev tun0", addr),
		"link set tun0 up",
	}
	lan := addr.Masked()
	if addr.IsSingleIP() {
		commands = append(commands, fmt.Sprintf("route add %s dev tun0", other))
		lan = netip.PrefixFrom(addr.Addr(), 24).Masked()
	}
	h.lab.must(h.lab.thread.ip(h.ns, commands...))
	h.Allow(lan)
	return file
}
