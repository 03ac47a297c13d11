package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/peer"
)

// The ports that a node tries before any other.
const (
	firstPort = 7475
	lastPort  = 7490
)

// portHolder is a command that names who holds the port of multicast DNS.
func portHolder() string {
	switch runtime.GOOS {
	case "linux":
		return "sudo ss -ulpn sport = :5353"
	case "windows":
		return "netstat -ano -p UDP"
	}
	return "sudo lsof -nP -iUDP:5353"
}

// busyPorts returns the usual ports that are taken for TCP or UDP.
func busyPorts() []int {
	var busy []int
	for port := firstPort; port <= lastPort; port++ {
		if !isFree(port) {
			busy = append(busy, port)
		}
	}
	return busy
}

func isFree(port int) bool {
	var lc net.ListenConfig
	addr := ":" + strconv.Itoa(port)
	tcp, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return false
	}
	udp, err := lc.ListenPacket(context.Background(), "udp", addr)
	if err != nil {
		_ = tcp.Close()
		return false
	}
	return errors.Join(tcp.Close(), udp.Close()) == nil
}

// sourceFor returns the address that traffic to a host would leave from.
// Connecting a UDP socket sends nothing.
func sourceFor(host netip.Addr) (netip.Addr, bool) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 9)))
	if err != nil {
		return netip.Addr{}, false
	}
	source, ok := conn.LocalAddr().(*net.UDPAddr)
	if err := conn.Close(); err != nil || !ok {
		return netip.Addr{}, false
	}
	return source.AddrPort().Addr().Unmap(), true
}

// Addresses for documentation (RFC 5737, RFC 3849): they are nobody's, so only
// the default route leads there.
var nowhere = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}

// defaultRoute returns the interface of the default route, IPv4's first.
func defaultRoute(ifaces []discovery.Interface) string {
	for _, host := range nowhere {
		source, ok := sourceFor(host)
		if !ok {
			continue
		}
		for _, i := range ifaces {
			if slices.Contains(i.Addrs, source) {
				return i.Name
			}
		}
	}
	return ""
}

// strayRoutes returns the used interfaces whose own IPv4 network is reached
// over another interface.
func strayRoutes(ifaces []discovery.Interface) []string {
	var strays []string
	for _, i := range ifaces {
		if i.Unused != "" || i.Loopback {
			continue
		}
		for _, prefix := range i.Prefixes {
			host, ok := neighbour(prefix, i.Addrs)
			if !ok {
				continue
			}
			source, ok := sourceFor(host)
			if ok && !slices.Contains(i.Addrs, source) && !shared(source, prefix, ifaces) {
				strays = append(strays, i.Name)
				break
			}
		}
	}
	return strays
}

// neighbour returns a host of an IPv4 prefix that is not this one.
func neighbour(prefix netip.Prefix, ours []netip.Addr) (netip.Addr, bool) {
	if !prefix.Addr().Is4() || prefix.Bits() > 30 {
		return netip.Addr{}, false
	}
	host := prefix.Masked().Addr().Next()
	for slices.Contains(ours, host) {
		host = host.Next()
	}
	return host, prefix.Contains(host)
}

// shared reports whether the network that a source belongs to is the prefix
// itself: two interfaces on one network are no stray route.
func shared(source netip.Addr, prefix netip.Prefix, ifaces []discovery.Interface) bool {
	for _, i := range ifaces {
		if slices.Contains(i.Addrs, source) && slices.ContainsFunc(i.Prefixes, func(p netip.Prefix) bool { return p.Overlaps(prefix) }) {
			return true
		}
	}
	return false
}

// hostFirewall names a firewall of this machine that says it is on in a place
// that everybody may read. Rules themselves are root's to read.
func hostFirewall() string {
	if conf, err := os.ReadFile("/etc/ufw/ufw.conf"); err == nil && ufwEnabled(string(conf)) {
		return "ufw"
	}
	for _, path := range []string{"/run/firewalld.pid", "/var/run/firewalld.pid"} {
		if _, err := os.Stat(path); err == nil {
			return "firewalld"
		}
	}
	return ""
}

func ufwEnabled(conf string) bool {
	for line := range strings.Lines(conf) {
		if strings.EqualFold(strings.TrimSpace(line), "ENABLED=yes") {
			return true
		}
	}
	return false
}

// written is a time before which no copy of this program existed.
var written = time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)

// buildTime returns the time of the revision, or of when this was written.
func buildTime(revision string) time.Time {
	t, err := time.Parse(time.RFC3339, revision)
	if err != nil || t.Before(written) {
		return written
	}
	return t
}

// identityFile is the name that package peer gives an identity.
const identityFile = "identity.pem"

// examineState tries the state directory without making it.
func (a *app) examineState(ephemeral bool) stateFacts {
	s := stateFacts{ephemeral: ephemeral}
	if ephemeral {
		return s
	}
	if s.dir, s.err = a.stateDir(); s.err != nil {
		return s
	}
	info, err := os.Stat(s.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.err = tryWrite(existing(s.dir))
		return s
	case err != nil:
		s.err = err
		return s
	}
	if s.err = tryWrite(s.dir); s.err != nil {
		return s
	}
	s.mode = info.Mode()
	if runtime.GOOS == "windows" {
		s.mode = 0o700 // access there is not a matter of mode bits
	}
	if _, err := os.Stat(filepath.Join(s.dir, identityFile)); err == nil {
		_, s.err = peer.LoadIdentity(s.dir)
	}
	return s
}

// existing returns the nearest parent of dir that is there.
func existing(dir string) string {
	for {
		parent := filepath.Dir(dir)
		if _, err := os.Stat(parent); err == nil || parent == dir {
			return parent
		}
		dir = parent
	}
}

func tryWrite(dir string) error {
	f, err := os.CreateTemp(dir, ".lanyap-doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
