//go:build linux

package lab

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Switch is an Ethernet switch with hosts on it. It neither learns multicast
// groups nor speaks a spanning tree, as the cheap ones do not.
type Switch struct {
	lab    *Lab
	index  int
	ns     namespace
	ports  int
	prefix netip.Prefix
}

// Switch adds a switch with the subnet 10.77.N.0/24, N counting from 0 in each
// lab. Its gateway .254 answers only if there is a [Lab.Router].
func (l *Lab) Switch() *Switch {
	l.t.Helper()
	s := &Switch{lab: l, index: len(l.switches), ns: l.space()}
	s.prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 77, byte(s.index), 0}), 24)
	// The switch itself must not speak.
	l.must(l.thread.sysctl(s.ns, map[string]string{
		"ipv6.conf.all.disable_ipv6":     "1",
		"ipv6.conf.default.disable_ipv6": "1",
	}))
	l.must(l.thread.ip(s.ns,
		"link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
		"link set br0 up"))
	l.switches = append(l.switches, s)
	return s
}

// Prefix is the subnet of the switch.
func (s *Switch) Prefix() netip.Prefix { return s.prefix }

// addr is the n-th address of the subnet.
func (s *Switch) addr(n int) netip.Addr {
	a := s.prefix.Addr().As4()
	a[3] = byte(n)
	return netip.AddrFrom4(a)
}

func (s *Switch) gateway() netip.Addr { return s.addr(254) }

// plug makes a cable from a new port of the switch to the interface name in
// ns, and returns the port's name and the interface's hardware address.
func (s *Switch) plug(ns namespace, name string) (port string, mac net.HardwareAddr, commands []string) {
	s.ports++
	port = fmt.Sprintf("p%d", s.ports)
	// Locally administered, and known beforehand: the IPv6 link-local address
	// follows from it.
	mac = net.HardwareAddr{2, 0, 0, byte(s.index), 0, byte(s.ports)}
	return port, mac, cable(port, ns, name, mac)
}

func cable(port string, ns namespace, name string, mac net.HardwareAddr) []string {
	return []string{
		fmt.Sprintf("link add %s type veth peer name %s address %s netns %s", port, name, mac, ns.path()),
		fmt.Sprintf("link set %s master br0 up", port),
	}
}

// linkLocal returns the IPv6 link-local address that the kernel forms from a
// hardware address (RFC 4291 appendix A).
func linkLocal(mac net.HardwareAddr) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80,
		8: mac[0] ^ 2, 9: mac[1], 10: mac[2], 11: 0xff, 12: 0xfe, 13: mac[3], 14: mac[4], 15: mac[5]})
}

// Isolate keeps the hosts from hearing each other, as an access point with
// client isolation does; the gateway would still hear them.
func (s *Switch) Isolate(hosts ...*Host) {
	s.lab.t.Helper()
	var commands []string
	for _, h := range hosts {
		commands = append(commands, "link set dev "+h.port+" isolated on")
	}
	_, err := s.lab.thread.run(s.ns, strings.Join(commands, "\n")+"\n", "bridge", "-batch", "-")
	s.lab.must(err)
}

// Router joins the switches at layer 3: unicast IPv4 goes from one to the
// other through their gateway addresses, multicast and IPv6 stay.
func (l *Lab) Router(switches ...*Switch) {
	l.t.Helper()
	ns := l.space()
	l.must(l.thread.sysctl(ns, map[string]string{
		"ipv4.ip_forward":                "1",
		"ipv6.conf.all.disable_ipv6":     "1",
		"ipv6.conf.default.disable_ipv6": "1",
	}))
	for i, s := range switches {
		name := fmt.Sprintf("eth%d", i)
		_, _, commands := s.plug(ns, name)
		l.must(l.thread.ip(s.ns, commands...))
		l.must(l.thread.ip(ns,
			fmt.Sprintf("addr add %s/24 dev %s", s.gateway(), name),
			fmt.Sprintf("link set %s up", name)))
	}
}
