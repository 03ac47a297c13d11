package discovery_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A switch that watches memberships, and whose querier is slow to ask, forgets
// that of two hosts. They hear each other again, and whoever comes.
func TestSwitchThatForgets(t *testing.T) {
	l := newLab(t)
	ha, hb, hc := l.host().plug(), l.host().plug(), l.host().plug()
	a, b := ha.settled().start(1, "DISCOVERY_TEST_SILENCE=2s"), hb.settled().start(2, "DISCOVERY_TEST_SILENCE=2s")
	a.wait("seen", b.instance)
	b.wait("seen", a.instance)
	hc.settled()
	for _, h := range []*host{ha, hb, hc} {
		l.bridge("link", "set", "dev", h.cable, "mcast_flood", "off")
	}
	// In hundredths of a second: memberships are asked for now, and every two
	// minutes.
	l.ip("-n", l.name, "link", "set", "sw", "type", "bridge", "mcast_snooping", "1", "mcast_querier", "1",
		"mcast_query_response_interval", "10",
		"mcast_query_interval", "12000", "mcast_startup_query_count", "1", "mcast_startup_query_interval", "12000")
	l.awaitMember(ha)
	l.awaitMember(hb)
	for _, h := range []*host{ha, hb} {
		l.bridge("mdb", "del", "dev", "sw", "port", h.cable, "grp", "ff02::fb")
	}
	c := hc.start(3, "DISCOVERY_TEST_SILENCE=2s")
	a.wait("seen", c.instance)
	b.wait("seen", c.instance)
	c.wait("seen", a.instance)
	c.wait("seen", b.instance)
}

// A node that is alone leaves the group now and then to join it again, though
// the querier finds the node itself each time it looks.
func TestAloneRenewsMembership(t *testing.T) {
	h := newLab(t).host().no6().plug().addr4("10.9.0.1/24")
	// The querier of hashicorp hears IPv4 only where there is a default route.
	h.ip("-n", h.ns, "route", "add", "default", "dev", "eth0")
	h.start(1, "DISCOVERY_TEST_SILENCE=1s").wait("announced")
	h.awaitGroup4(true)
	h.awaitGroup4(false)
	h.awaitGroup4(true)
}

// awaitGroup4 waits until the host is in the group of IPv4 on eth0, or is not. The
// loopback is in it, too, and is listed first.
func (h *host) awaitGroup4(member bool) {
	h.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		out, err := h.command("cat", "/proc/net/igmp").Output()
		_, eth0, listed := strings.Cut(string(out), "eth0")
		if err == nil && listed && strings.Contains(eth0, "FB0000E0") == member {
			return
		}
	}
	h.t.Fatalf("%s: member of 224.0.0.251: %v all the time, want %v once", h.ns, !member, member)
}

func (l *lab) bridge(args ...string) {
	l.t.Helper()
	if out, err := exec.Command("bridge", append([]string{"-n", l.name}, args...)...).CombinedOutput(); err != nil {
		l.t.Fatalf("bridge %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// awaitMember waits until the switch knows that the host is in the group.
func (l *lab) awaitMember(h *host) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		out, err := exec.Command("bridge", "-n", l.name, "mdb", "show", "dev", "sw").Output()
		if err == nil && strings.Contains(string(out), "port "+h.cable+" grp ff02::fb") {
			return
		}
	}
	l.t.Fatalf("the switch does not know that %s is in the group", h.ns)
}

// Of a bridge and its port the bridge is used.
func TestBridge(t *testing.T) {
	l := newLab(t)
	a := l.host().plug().addr4("10.9.0.1/24").start(1)
	a.wait("announced")
	h := l.host().plug()
	h.ip("-n", h.ns, "link", "add", "br0", "type", "bridge")
	h.ip("-n", h.ns, "link", "set", "eth0", "master", "br0")
	h.ip("-n", h.ns, "addr", "add", "10.9.0.2/24", "dev", "br0")
	h.ip("-n", h.ns, "addr", "add", "10.9.0.3/24", "dev", "eth0")
	h.ip("-n", h.ns, "link", "set", "br0", "up")
	b := h.start(2)
	b.wait("interface", "eth0", "10.9.0.3", "it is a port of a bridge")
	if e := a.wait("seen", b.instance, "10.9.0.2:7475"); strings.Contains(e.rest, "10.9.0.3") {
		t.Errorf("the port's own address was told: %s", e.rest)
	}
	b.wait("seen", a.instance, "10.9.0.1:7475")
}
