package discovery_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A lab is a switch and hosts on it, in network namespaces.
type lab struct {
	t    *testing.T
	name string
	n    int
}

const patience = 30 * time.Second

func newLab(t *testing.T) *lab {
	t.Helper()
	if os.Getuid() != 0 {
		skip(t, "hosts are network namespaces, which take root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		skip(t, "hosts are network namespaces, which take ip (Debian's iproute2)")
	}
	l := &lab{t: t, name: fmt.Sprintf("lyd%d", os.Getpid()%100000)}
	// In a container root may not make any.
	if out, err := exec.Command("ip", "netns", "add", l.name).CombinedOutput(); err != nil {
		skip(t, fmt.Sprintf("hosts are network namespaces: ip netns add: %v: %s", err, out))
	}
	t.Cleanup(func() { l.ip("netns", "del", l.name) })
	// In a chroot ip cannot enter one, since / is no mount point there.
	if out, err := exec.Command("ip", "-n", l.name, "link", "add", "sw", "type", "bridge", "mcast_snooping", "0").CombinedOutput(); err != nil {
		skip(t, fmt.Sprintf("hosts are network namespaces with a bridge: %v: %s", err, out))
	}
	l.ip("-n", l.name, "link", "set", "sw", "up")
	return l
}

// skip skips the test, or fails it where the hosts are required.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("LANYAP_LAB") == "required" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func (l *lab) ip(args ...string) {
	l.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		l.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// A host is a namespace with a loopback and nothing else.
type host struct {
	*lab
	ns    string
	cable string // its end in the switch
}

func (l *lab) host() *host {
	l.t.Helper()
	l.n++
	h := &host{lab: l, ns: fmt.Sprintf("%s-%d", l.name, l.n), cable: fmt.Sprintf("p%d", l.n)}
	l.ip("netns", "add", h.ns)
	l.t.Cleanup(func() { l.ip("netns", "del", h.ns) })
	l.ip("-n", h.ns, "link", "set", "lo", "up")
	return h
}

// plug connects the host to the switch as eth0, without addresses of IPv4.
func (h *host) plug() *host {
	h.t.Helper()
	h.ip("-n", h.name, "link", "add", h.cable, "type", "veth", "peer", "name", "eth0", "netns", h.ns)
	h.ip("-n", h.name, "link", "set", h.cable, "master", "sw", "up")
	h.ip("-n", h.ns, "link", "set", "eth0", "up")
	return h
}

func (h *host) addr4(prefix string) *host {
	h.t.Helper()
	h.ip("-n", h.ns, "addr", "add", prefix, "dev", "eth0")
	return h
}

func (h *host) no6() *host {
	h.t.Helper()
	for _, dev := range []string{"all", "default"} {
		if out, err := h.command("sysctl", "-qw", "net.ipv6.conf."+dev+".disable_ipv6=1").CombinedOutput(); err != nil {
			h.t.Fatalf("sysctl: %v: %s", err, out)
		}
	}
	return h
}

func (h *host) command(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", h.ns}, args...)...)
}

// A process is a node on a host; its events come on lines.
type process struct {
	t        *testing.T
	instance string
	stdin    io.Closer
	lines    chan event
	done     chan error
	kept     []event // not waited for so far
}

type event struct {
	at   time.Time
	what string
	rest string
}

// start runs a node; number is its instance.
func (h *host) start(number int, env ...string) *process {
	h.t.Helper()
	p := &process{t: h.t, instance: fmt.Sprintf("%016x", number), lines: make(chan event, 1024), done: make(chan error, 1)}
	cmd := h.command(os.Args[0])
	cmd.Env = append(append(os.Environ(), "DISCOVERY_TEST_NODE="+p.instance), env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	p.stdin = stdin
	go func() {
		defer close(p.lines)
		for in := bufio.NewScanner(stdout); in.Scan(); {
			p.lines <- parseEvent(in.Text())
		}
		p.done <- cmd.Wait()
	}()
	h.t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Process.Kill() // it may have ended by itself
	})
	return p
}

func parseEvent(line string) event {
	at, rest, _ := strings.Cut(line, " ")
	what, rest, _ := strings.Cut(rest, " ")
	nanos, _ := strconv.ParseInt(at, 10, 64)
	return event{time.Unix(0, nanos), what, rest}
}

// wait returns the first event of that kind that mentions all of the words and
// was not waited for before.
func (p *process) wait(what string, words ...string) event {
	p.t.Helper()
	is := func(e event) bool { return e.what == what && containsAll(e.rest, words) }
	if n := slices.IndexFunc(p.kept, is); n >= 0 {
		e := p.kept[n]
		p.kept = slices.Delete(p.kept, n, n+1)
		return e
	}
	timeout := time.After(patience)
	for {
		select {
		case e, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("node %s ended while we waited for %s %v; instead: %v", p.instance, what, words, p.kept)
			}
			if is(e) {
				return e
			}
			p.kept = append(p.kept, e)
		case <-timeout:
			p.t.Fatalf("node %s: no %s %v within %v; instead: %v", p.instance, what, words, patience, p.kept)
		}
	}
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// leave ends the node politely.
func (p *process) leave() {
	p.t.Helper()
	p.stdin.Close()
	p.wait("closed")
	if err := <-p.done; err != nil {
		p.t.Fatalf("node %s: %v", p.instance, err)
	}
}

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

// settled waits until the kernel has checked the link-local address of eth0.
func (h *host) settled() *host {
	h.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		out, err := exec.Command("ip", "-n", h.ns, "-6", "addr", "show", "dev", "eth0", "scope", "link").Output()
		if err == nil && len(out) > 0 && !strings.Contains(string(out), "tentative") {
			return h
		}
	}
	h.t.Fatalf("eth0 of %s has no link-local address", h.ns)
	return nil
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
