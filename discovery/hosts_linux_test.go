package discovery_test

import (
	"strings"
	"testing"
)

func TestTwoHosts(t *testing.T) {
	l := newLab(t)
	a := l.host().plug().addr4("10.9.0.1/24").start(1)
	a.wait("announced")
	b := l.host().plug().addr4("10.9.0.2/24").start(2)
	started, announced := b.wait("start"), b.wait("announced")
	got := a.wait("seen", b.instance, "10.9.0.2:7475")
	heard := b.wait("seen", a.instance, "10.9.0.1:7475")
	t.Logf("announced after %v; old sees new %v after that, new sees old %v after its start",
		announced.at.Sub(started.at), got.at.Sub(announced.at), heard.at.Sub(started.at))
	b.leave()
	a.wait("gone", b.instance)
}

func TestIPv6Only(t *testing.T) {
	l := newLab(t)
	ha, hb := l.host().plug(), l.host().plug()
	a := ha.settled().start(1)
	a.wait("announced")
	b := hb.settled().start(2)
	a.wait("seen", b.instance, "fe80::", "%eth0]:7475")
	b.wait("seen", a.instance, "fe80::", "%eth0]:7475")
	b.leave()
	a.wait("gone", b.instance)
}

// A host that starts before its address is usable is heard once it is.
func TestIPv6Tentative(t *testing.T) {
	l := newLab(t)
	a := l.host().plug().settled().start(1)
	a.wait("announced")
	b := l.host().plug().start(2)
	a.wait("seen", b.instance)
	b.wait("seen", a.instance)
}

func TestIPv4Only(t *testing.T) {
	l := newLab(t)
	a := l.host().no6().plug().addr4("10.9.0.1/24").start(1)
	a.wait("announced")
	b := l.host().no6().plug().addr4("10.9.0.2/24").start(2)
	a.wait("seen", b.instance, "10.9.0.2:7475")
	b.wait("seen", a.instance, "10.9.0.1:7475")
}

func TestLoopbackOnly(t *testing.T) {
	h := newLab(t).host()
	a := h.start(1)
	a.wait("announced")
	b := h.start(2)
	a.wait("seen", b.instance, "127.0.0.1:7475")
	b.wait("seen", a.instance, "127.0.0.1:7475")
	b.leave()
	a.wait("gone", b.instance)
}

// A network that comes after the start is used from then on, and the loopback
// no longer.
func TestNetworkComesLater(t *testing.T) {
	l := newLab(t)
	a := l.host().plug().addr4("10.9.0.1/24").start(1)
	a.wait("announced")
	h := l.host()
	b := h.start(2)
	b.wait("announced")
	h.plug().addr4("10.9.0.2/24")
	a.wait("seen", b.instance, "10.9.0.2:7475")
	b.wait("seen", a.instance, "10.9.0.1:7475")
}

func TestInterfaceRecreated(t *testing.T) {
	l := newLab(t)
	a := l.host().plug().addr4("10.9.0.1/24").start(1)
	h := l.host().plug().addr4("10.9.0.2/24")
	b := h.start(2)
	a.wait("seen", b.instance)
	b.wait("seen", a.instance)
	l.ip("-n", h.ns, "link", "del", "eth0")
	h.plug().addr4("10.9.0.3/24")
	a.wait("seen", b.instance, "10.9.0.3:7475")
	b.wait("seen", a.instance)
	c := l.host().plug().addr4("10.9.0.4/24").start(3)
	b.wait("seen", c.instance)
	c.wait("seen", b.instance)
}

// When the cable is back both sides hear of each other again, without waiting
// for the next question.
func TestCarrier(t *testing.T) {
	l := newLab(t)
	ha, hb := l.host().plug().addr4("10.9.0.1/24"), l.host().plug().addr4("10.9.0.2/24")
	a, b := ha.start(1), hb.start(2)
	a.wait("seen", b.instance)
	b.wait("seen", a.instance)
	l.ip("-n", l.name, "link", "set", hb.cable, "down")
	b.wait("interface", "eth0 running=false")
	c := ha.start(3)
	a.wait("seen", c.instance)
	b.kept = nil
	l.ip("-n", l.name, "link", "set", hb.cable, "up")
	b.wait("seen", c.instance)
	b.wait("seen", a.instance)
	c.wait("seen", b.instance)
}

// Two hosts that share a network beside one that has the same address
// everywhere, as Docker's bridge has.
func TestTwoInterfaces(t *testing.T) {
	l := newLab(t)
	docker := func(h *host) *host {
		h.ip("-n", h.ns, "link", "add", "docker0", "type", "bridge")
		h.ip("-n", h.ns, "addr", "add", "172.17.0.1/16", "dev", "docker0")
		h.ip("-n", h.ns, "link", "set", "docker0", "up")
		h.ip("-n", h.ns, "route", "add", "default", "via", "172.17.0.2")
		return h
	}
	a := docker(l.host()).plug().addr4("10.9.0.1/24").start(1)
	a.wait("announced")
	b := docker(l.host()).plug().addr4("10.9.0.2/24").start(2)
	for _, e := range []event{a.wait("seen", b.instance), b.wait("seen", a.instance)} {
		if strings.Contains(e.rest, "172.17.") {
			t.Errorf("an address of another link was told: %s", e.rest)
		}
	}
}

// Programs that know only hashicorp/mdns find us, and we them.
func TestHashicorpPeer(t *testing.T) {
	l := newLab(t)
	h := l.host().plug().addr4("10.9.0.1/24")
	// The querier of hashicorp hears IPv4 only where there is a default route.
	l.ip("-n", h.ns, "route", "add", "default", "dev", "eth0")
	server := h.start(1, "DISCOVERY_TEST_ROLE=hashicorp")
	server.wait("announced")
	node := l.host().plug().addr4("10.9.0.2/24").start(2)
	node.wait("seen", server.instance, "10.9.0.1:7475")
	third := l.host().plug().addr4("10.9.0.3/24").settled()
	third.start(4, "DISCOVERY_TEST_ROLE=lookup").wait("seen", node.instance) // over IPv6
	l.ip("-n", third.ns, "route", "add", "default", "dev", "eth0")
	third.start(5, "DISCOVERY_TEST_ROLE=lookup").wait("seen", server.instance)
	query := h.start(3, "DISCOVERY_TEST_ROLE=hashicorp query")
	query.wait("seen", node.instance, "10.9.0.2 7475", "r="+node.instance)
}
