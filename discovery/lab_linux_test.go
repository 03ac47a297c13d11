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
