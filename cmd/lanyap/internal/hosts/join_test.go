//go:build linux

package hosts

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestMulticastFiltered is a network on which nobody hears multicast. One
// address given by hand is enough: who is known to one is told to all.
func TestMulticastFiltered(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(5, lab.HostConfig{})
	for _, h := range hosts {
		h.NoMulticast()
	}
	first := chat(t, hosts[0])
	l.Await(patience, "the first is ready", first.Ready)
	nodes := append([]*lab.Process{first}, chatAll(t, hosts[1:], "--join", hosts[0].Addr.String())...)
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
	quit(t, nodes...)
}

// TestMulticastFilteredChain gives each node only the address of the one
// before it, and everyone still reaches everyone.
func TestMulticastFilteredChain(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	nodes := []*lab.Process{chat(t, hosts[0])}
	for _, h := range hosts {
		h.NoMulticast()
	}
	for i, h := range hosts[1:] {
		nodes = append(nodes, chat(t, h, "--join", hosts[i].Addr.String()+":7475"))
	}
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
}

// TestJoinLater dials an address at which somebody answers only later.
func TestJoinLater(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	for _, h := range hosts {
		h.NoMulticast()
	}
	early := chat(t, hosts[0], "--join", hosts[1].Addr.String())
	l.Await(patience, "the early one is ready", early.Ready)
	l.Stays(3*time.Second, "the early one ended or sees somebody", func() bool { return early.Ended() || early.Present() > 0 })
	late := chat(t, hosts[1])
	nodes := []*lab.Process{early, late}
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
}

// TestJoinOverIPv6 gives a link-local address by hand.
func TestJoinOverIPv6(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{NoIPv4: true})
	for _, h := range hosts {
		h.NoMulticast()
	}
	nodes := []*lab.Process{chat(t, hosts[0])}
	nodes = append(nodes, chat(t, hosts[1], "--join", "["+hosts[0].Addr6.String()+"]:7475"))
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
}

// TestTwoSubnets joins two networks with a router between them, which carries
// no multicast. Two of each find each other; one of them is told of one over
// there, and all four are one room.
func TestTwoSubnets(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	here, there := l.Switch(), l.Switch()
	l.Router(here, there)
	a, b := here.Hosts(2, lab.HostConfig{}), there.Hosts(2, lab.HostConfig{})
	for i := range 2 {
		a[i].Allow(there.Prefix())
		b[i].Allow(here.Prefix())
	}
	nodes := append(chatAll(t, a), chat(t, b[0]))
	nodes = append(nodes, chat(t, b[1], "--join", a[0].Addr.String()))
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
	quit(t, nodes...)
}

// TestOneWayFirewall has one host that lets nothing in that it did not ask
// for. Which side of a pair dials is a matter of chance; there are enough
// pairs for both.
func TestOneWayFirewall(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(7, lab.HostConfig{})
	hosts[0].Firewall()
	nodes := chatAll(t, hosts)
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
	quit(t, nodes...)
}

// TestOneWayFirewallIPv6 is the same without IPv4.
func TestOneWayFirewallIPv6(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{NoIPv4: true})
	hosts[0].Firewall()
	nodes := chatAll(t, hosts)
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
}

// TestIsolated is an access point that keeps its clients apart: each is alone,
// and told so.
func TestIsolated(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	s := l.Switch()
	hosts := s.Hosts(2, lab.HostConfig{})
	s.Isolate(hosts...)
	nodes := chatAll(t, hosts, "--wait", "1", "--timeout", "2s")
	for _, p := range nodes {
		exits(t, p, patience, 3)
		hinted(t, p)
	}
}
