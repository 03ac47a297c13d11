//go:build linux

package lab

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// HostConfig says how a host differs from the usual: loopback up, one cable
// with an IPv4 address, an IPv6 link-local address, and a default route.
type HostConfig struct {
	NoCable  bool // only the loopback interface
	NoIPv4   bool
	NoIPv6   bool
	NoRoute  bool // no default route
	Docker   bool // a second interface, see below
	PlainNIC bool // no segmentation offload: each packet crosses the cable by itself, so that random loss takes packets
}

// dockerAddr is what Docker gives its default bridge on every machine. A host
// with Docker has such an interface, up and with a container on it, and its
// default route goes there.
const dockerAddr = "172.17.0.1"

// Host is a machine on a switch.
type Host struct {
	Name     string
	Addr     netip.Addr // IPv4 on the switch; zero without
	Addr6    netip.Addr // IPv6 link-local, with its zone; zero without
	StateDir string     // of its own, empty at first

	lab  *Lab
	sw   *Switch
	cfg  HostConfig
	ns   namespace
	port string // the switch's end of the cable
	nic  string // the host's
	mac  net.HardwareAddr

	clock string        // the file that moves the clock
	moved time.Duration // by how much
}

// Host adds one host.
func (s *Switch) Host(cfg HostConfig) *Host { s.lab.t.Helper(); return s.Hosts(1, cfg)[0] }

// Hosts adds n hosts of one kind, named h1 and so on. They can be reached when
// it returns.
func (s *Switch) Hosts(n int, cfg HostConfig) []*Host {
	l := s.lab
	l.t.Helper()
	hosts := make([]*Host, n)
	var cables []string
	for i := range hosts {
		h := &Host{lab: l, sw: s, cfg: cfg, ns: l.space()}
		l.hosts = append(l.hosts, h)
		h.Name = fmt.Sprintf("h%d", len(l.hosts))
		h.StateDir = filepath.Join(l.t.TempDir(), h.Name)
		hosts[i] = h
		l.must(os.Mkdir(h.StateDir, 0o700))
		h.newClock()
		l.must(l.thread.sysctl(h.ns, h.sysctls()))
		if cfg.NoCable {
			continue
		}
		var commands []string
		h.nic = "eth0"
		h.port, h.mac, commands = s.plug(h.ns, h.nic)
		cables = append(cables, commands...)
		if !cfg.NoIPv4 {
			h.Addr = s.addr(s.ports)
		}
		if !cfg.NoIPv6 {
			h.Addr6 = linkLocal(h.mac).WithZone(h.nic)
		}
	}
	l.must(l.thread.ip(s.ns, cables...))
	for _, h := range hosts {
		l.must(l.thread.ip(h.ns, h.setup()...))
		if cfg.Docker {
			h.addDocker()
		}
		l.must(l.thread.nft(h.ns, h.guard()))
	}
	for _, h := range hosts {
		h.awaitLink()
	}
	if n > fewHosts && l.cramped != nil {
		l.t.Logf("these hosts know each other's hardware addresses from the start: %v", l.cramped)
		introduce(hosts)
	}
	return hosts
}

// fewHosts is how many hosts find each other's hardware addresses by
// themselves where the kernel keeps only as many as it does as a rule.
const fewHosts = 16

// introduce tells hosts each other's hardware addresses for good. The kernel
// does not count such entries.
func introduce(hosts []*Host) {
	for _, h := range hosts {
		var commands []string
		for _, other := range hosts {
			for _, addr := range []netip.Addr{other.Addr, other.Addr6} {
				if other != h && addr.IsValid() {
					commands = append(commands, fmt.Sprintf("neigh replace %s lladdr %s dev eth0 nud permanent", addr.WithZone(""), other.mac))
				}
			}
		}
		h.lab.must(h.lab.thread.ip(h.ns, commands...))
	}
}

func (h *Host) sysctls() map[string]string {
	// Without duplicate address detection an address is usable at once.
	values := map[string]string{
		"ipv6.conf.all.accept_dad":     "0",
		"ipv6.conf.default.accept_dad": "0",
	}
	if h.cfg.NoIPv6 {
		maps.Copy(values, map[string]string{
			"ipv6.conf.all.disable_ipv6":     "1",
			"ipv6.conf.default.disable_ipv6": "1",
		})
	}
	return values
}

// setup is what ip does on the host itself.
func (h *Host) setup() []string {
	commands := []string{"link set lo up"}
	if h.cfg.NoCable {
		return commands
	}
	if h.cfg.PlainNIC {
		commands = append(commands, "link set "+h.nic+" gso_max_segs 1")
	}
	if h.Addr.IsValid() {
		commands = append(commands, fmt.Sprintf("addr add %s/24 brd + dev %s", h.Addr, h.nic))
	}
	commands = append(commands, "link set "+h.nic+" up")
	if h.Addr.IsValid() && !h.cfg.NoRoute && !h.cfg.Docker {
		commands = append(commands, fmt.Sprintf("route add default via %s", h.sw.gateway()))
	}
	return commands
}

// addDocker adds the docker-like bridge and a container, which is a namespace
// that nobody lives in: without one the bridge would have no carrier.
func (h *Host) addDocker() {
	container := h.lab.space()
	h.lab.must(h.lab.thread.sysctl(container, map[string]string{"ipv6.conf.default.disable_ipv6": "1"}))
	h.lab.must(h.lab.thread.ip(h.ns,
		"link add docker0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
		"link add veth0 type veth peer name eth0 netns "+container.path(),
		"link set veth0 master docker0 up",
		"addr add "+dockerAddr+"/16 brd + dev docker0",
		"link set docker0 up",
		"route add default dev docker0"))
	h.lab.must(h.lab.thread.ip(container, "link set eth0 up"))
}

// awaitLink waits until the kernel has noticed that the cable carries and
// formed the link-local address, which it does in the background.
func (h *Host) awaitLink() {
	h.lab.t.Helper()
	if h.cfg.NoCable {
		return
	}
	h.awaitNIC("come up", h.linkReady)
}

func (h *Host) awaitNIC(what string, cond func() bool) {
	h.lab.t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			h.lab.t.Fatalf("%s: %s did not %s", h.Name, h.nic, what)
		}
	}
}

// linkReady reports whether the interface has all its addresses. The IPv6 one comes
// with the carrier; for IPv4 the state of the link has to be asked for.
func (h *Host) linkReady() bool {
	if !h.cfg.NoIPv6 {
		var table []byte
		err := h.lab.thread.in(h.ns, func() (err error) {
			table, err = os.ReadFile("/proc/thread-self/net/if_inet6")
			return err
		})
		h.lab.must(err)
		hex := fmt.Sprintf("%x", h.Addr6.As16())
		return strings.Contains(string(table), hex)
	}
	return h.carries()
}

// carries reports whether the host's system says that the cable carries.
func (h *Host) carries() bool {
	out, err := h.lab.thread.run(h.ns, "", "ip", "-o", "link", "show", h.nic)
	h.lab.must(err)
	return strings.Contains(string(out), "state UP")
}

// Readdress gives the host another IPv4 address of its subnet in place of the
// one it has, as a DHCP server may.
func (h *Host) Readdress() {
	h.lab.t.Helper()
	h.sw.ports++
	old := h.Addr
	// After 150 changes the addresses come again, long after their last use.
	h.Addr = h.sw.addr(101 + h.sw.ports%150)
	commands := []string{
		fmt.Sprintf("addr del %s/24 dev %s", old, h.nic),
		fmt.Sprintf("addr add %s/24 brd + dev %s", h.Addr, h.nic),
	}
	if !h.cfg.NoRoute && !h.cfg.Docker {
		commands = append(commands, fmt.Sprintf("route replace default via %s", h.sw.gateway()))
	}
	h.lab.must(h.lab.thread.ip(h.ns, commands...))
}
