//go:build linux

package hosts

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestJoinOverTunnel names a node by hand that is reached over a point-to-point
// link without multicast, as a VPN's: beside a network, without any, and as the
// one interface to use.
func TestJoinOverTunnel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cfg  lab.HostConfig
		args []string
	}{
		{"beside a network", lab.HostConfig{}, nil},
		{"alone", lab.HostConfig{NoCable: true}, nil},
		{"alone, by name", lab.HostConfig{NoCable: true}, []string{"--iface", "tun0"}},
		{"named", lab.HostConfig{}, []string{"--iface", "tun0"}},
	} {
		for family, network := range map[string]string{"IPv4": "10.8.0.%d/24", "IPv6": "fd08::%d/64", "shared IPv4": "100.64.0.%d/32"} {
			t.Run(c.name+", "+family, func(t *testing.T) {
				t.Parallel()
				l := lab.New(t)
				// On networks of their own: there is no other way between them.
				one, two := l.Switch().Host(c.cfg), l.Switch().Host(c.cfg)
				at, from := tunnelAddrs(network)
				l.PointToPoint(one, two, at, from)
				nodes := []*lab.Process{chat(t, one, c.args...)}
				nodes = append(nodes, chat(t, two, append([]string{"--join", at.Addr().String()}, c.args...)...))
				awaitMesh(t, l, nodes)
				talk(t, l, nodes)
				verify(t, l, nodes...)
				quit(t, nodes...)
			})
		}
	}
}

func tunnelAddrs(network string) (one, two netip.Prefix) {
	return netip.MustParsePrefix(fmt.Sprintf(network, 1)), netip.MustParsePrefix(fmt.Sprintf(network, 2))
}

// TestTunnelIsNotUsed keeps a node to the interface that it was given: who
// calls over another gets no answer.
func TestTunnelIsNotUsed(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	one, two := l.Switch().Host(lab.HostConfig{}), l.Switch().Host(lab.HostConfig{})
	at, from := tunnelAddrs("10.8.0.%d/24")
	l.PointToPoint(one, two, at, from)
	first := chat(t, one, "--iface", "eth0")
	l.Await(patience, "the node is ready", first.Ready)
	probe := startRole(t, two, "probe")
	probe.Say(netip.AddrPortFrom(at.Addr(), 7475).String())
	l.Await(patience, "the caller knows", func() bool { return len(reports(probe, "answer")) > 0 })
	if got := reports(probe, "answer")[0].Text; got != "" {
		t.Errorf("the caller got %q", got)
	}
	quit(t, first)
}

// TestJoinLoopback names a node on the same machine by its loopback address:
// where there is a network, the loopback is not used to find others.
func TestJoinLoopback(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		cfg  lab.HostConfig
		args []string
	}{
		{"beside a network", lab.HostConfig{}, nil},
		{"named", lab.HostConfig{}, []string{"--iface", "eth0"}},
		{"alone", lab.HostConfig{NoCable: true}, nil},
	} {
		for _, target := range []string{"127.0.0.1", "localhost", "::1", "127.0.0.2"} {
			t.Run(c.name+", "+target, func(t *testing.T) {
				t.Parallel()
				l := lab.New(t)
				h := l.Switch().Host(c.cfg)
				h.Deaf()
				nodes := []*lab.Process{chat(t, h, append([]string{"--name", "a"}, c.args...)...)}
				l.Await(patience, "the first is ready", nodes[0].Ready)
				nodes = append(nodes, chat(t, h, append([]string{"--name", "b", "--join", target}, c.args...)...))
				awaitMesh(t, l, nodes)
				talk(t, l, nodes)
				verify(t, l, nodes...)
				quit(t, nodes...)
			})
		}
	}
}

// TestJoinOverOverlay has three hosts that are each alone on their prefix, as
// those of an overlay network are. Two of them join the third: they link to each
// other as well, and go on without it.
func TestJoinOverOverlay(t *testing.T) {
	t.Parallel()
	lab.Need(t, "ss")
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{NoIPv4: true})
	overlay := netip.MustParsePrefix("100.64.0.0/24")
	at := overlay.Addr()
	for _, h := range hosts {
		at = at.Next()
		h.Address(netip.PrefixFrom(at, 32), overlay)
		h.NoMulticast()
	}
	nodes := []*lab.Process{chat(t, hosts[0])}
	nodes = append(nodes, chatAll(t, hosts[1:], "--join", overlay.Addr().Next().String())...)
	awaitMesh(t, l, nodes)
	hosts[1].Connected(patience, at)
	nodes[0].Kill()
	l.Await(patience, "it is missed", func() bool { return nodes[1].Left(nodes[0]) && nodes[2].Left(nodes[0]) })
	talk(t, l, nodes[1:])
	verify(t, l, nodes...)
	quit(t, nodes[1:]...)
}
