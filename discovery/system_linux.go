package discovery

import (
	"bufio"
	"io"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// withoutNetlink lists interfaces where a sandbox forbids netlink, which
// package net needs: those of containers and of Android do. It is IPv4 alone
// then, with one address each, for zones of IPv6 are package net's to know.
func withoutNetlink() ([]systemInterface, bool) {
	f, err := os.Open("/proc/net/dev")
	if err != nil {
		return nil, false
	}
	defer f.Close()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, false
	}
	defer unix.Close(fd)
	var list []systemInterface
	for _, name := range deviceNames(f) {
		if i, ok := askAbout(fd, name); ok {
			list = append(list, i)
		}
	}
	return list, len(list) > 0
}

// deviceNames reads the kernel's table of devices, which begins with two lines
// of headings and has the name first, with a colon.
func deviceNames(r io.Reader) []string {
	var names []string
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if name, _, ok := strings.Cut(lines.Text(), ":"); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// askAbout asks as netdevice(7) says.
func askAbout(fd int, name string) (systemInterface, bool) {
	ask := func(what uint) *unix.Ifreq {
		request, err := unix.NewIfreq(name)
		if err != nil || unix.IoctlIfreq(fd, what, request) != nil {
			return nil
		}
		return request
	}
	flags, index := ask(unix.SIOCGIFFLAGS), ask(unix.SIOCGIFINDEX)
	if flags == nil || index == nil {
		return systemInterface{}, false
	}
	i := systemInterface{Interface: net.Interface{Name: name, Index: int(index.Uint32()), Flags: interfaceFlags(flags.Uint16())}}
	addr, mask := ask(unix.SIOCGIFADDR), ask(unix.SIOCGIFNETMASK)
	if addr == nil || mask == nil {
		return i, true
	}
	ip, err := addr.Inet4Addr()
	bits, badMask := mask.Inet4Addr()
	if err == nil && badMask == nil {
		i.addrs = []net.Addr{&net.IPNet{IP: ip, Mask: bits}}
	}
	return i, true
}

// interfaceFlags are package net's for the kernel's.
func interfaceFlags(kernel uint16) net.Flags {
	var flags net.Flags
	for bit, flag := range map[uint16]net.Flags{
		unix.IFF_UP: net.FlagUp, unix.IFF_RUNNING: net.FlagRunning, unix.IFF_BROADCAST: net.FlagBroadcast,
		unix.IFF_LOOPBACK: net.FlagLoopback, unix.IFF_POINTOPOINT: net.FlagPointToPoint, unix.IFF_MULTICAST: net.FlagMulticast,
	} {
		if kernel&bit != 0 {
			flags |= flag
		}
	}
	return flags
}
