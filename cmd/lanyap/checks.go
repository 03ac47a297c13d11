package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// check is one line of the doctor's.
type check struct {
	name string
	text string // what is so
	todo string // what to do about it; empty: nothing
}

func (c check) ok() bool { return c.todo == "" }

// facts are what the doctor found out about the machine; what they mean is
// decided by functions of them alone.
type facts struct {
	ifaces    []discovery.Interface
	ifacesErr error
	reports   []discovery.Report
	probeErr  error
	members   int
	sightings []mesh.Sighting
	joinErr   error
	route     string   // interface of the default route; empty: there is none
	strays    []string // used interfaces whose own network is reached over another
	busy      []int    // ports of the usual range that are taken
	firewall  string   // name of a firewall that is switched on here, where one can be seen
	now       time.Time
	built     time.Time // when this program was written at the earliest
	state     stateFacts
}

type stateFacts struct {
	dir       string
	mode      fs.FileMode // 0: not there yet
	err       error       // why it cannot be used
	ephemeral bool
}

func (f facts) diagnose() []check {
	return []check{
		f.interfaces(), f.multicast(), f.ports(), f.reach(), f.firewalls(),
		f.isolation(), f.defaultRoute(), f.clock(), f.stateDirectory(),
	}
}

func (f facts) interfaces() check {
	c := check{name: "interfaces"}
	if f.ifacesErr != nil {
		c.text, c.todo = f.ifacesErr.Error(), "name one that is there with --iface, or leave it out"
		return c
	}
	var used, unused []string
	network, running := false, false
	for _, i := range f.ifaces {
		if i.Unused != "" {
			unused = append(unused, fmt.Sprintf("%s is not used: %s", i.Name, i.Unused))
			continue
		}
		network = network || !i.Loopback
		running = running || i.Running
		text := i.Name
		if len(i.Addrs) > 0 {
			text += " (" + i.Addrs[0].String() + ")"
		}
		if !i.Running {
			text += " without a carrier"
		}
		used = append(used, text)
	}
	switch {
	case len(used) == 0:
		c.text = "none can be used"
	case network:
		c.text = "used: " + strings.Join(used, ", ")
	default:
		c.text = "only " + strings.Join(used, ", ") + " is used: nobody but this machine is reached"
	}
	if len(unused) > 0 {
		c.text += "; " + strings.Join(unused, "; ")
	}
	switch {
	case network && !running:
		c.todo = "plug the cable in, or join a Wi-Fi"
	case !network:
		c.todo = "connect to a network, or name an interface with --iface"
	}
	return c
}

// multicast looks at what came back. One version of IP that works is enough,
// and one that does not is mentioned.
func (f facts) multicast() check {
	c := check{name: "multicast"}
	if f.probeErr != nil {
		c.text, c.todo = f.probeErr.Error(), "see interfaces"
		return c
	}
	works, fails := make(map[string]bool), make(map[string]bool)
	var heard, trouble []string
	others, held := 0, false
	for _, r := range f.reports {
		held = held || errors.Is(r.Err, discovery.ErrPort)
		label := r.Interface.Name + " " + r.Family
		others += len(r.Others)
		switch {
		case r.Err != nil:
			fails[r.Interface.Name] = true
			trouble = append(trouble, fmt.Sprintf("%s: %v", label, r.Err))
		case !r.Heard:
			fails[r.Interface.Name] = true
			trouble = append(trouble, label+": what was sent did not come back")
		default:
			works[r.Interface.Name] = true
			heard = append(heard, label)
		}
	}
	c.text = fmt.Sprintf("sent and heard on %s; %d others speak multicast DNS", strings.Join(heard, ", "), others)
	if len(heard) == 0 {
		c.text = "sent and heard nowhere"
	}
	if len(trouble) > 0 {
		c.text += "; " + strings.Join(trouble, "; ")
	}
	if held && len(heard) == 0 {
		c.todo = "find that program with " + portHolder() + " and end it, or have it share the port; until then name a node with --join HOST"
	}
	for name := range fails {
		if !works[name] && c.todo == "" {
			c.todo = "let UDP port 5353 in and out in this machine's firewall; until then name a node with --join HOST"
		}
	}
	if len(heard) == 0 && c.todo == "" {
		c.todo = "connect to a network; until then name a node with --join HOST"
	}
	return c
}

func (f facts) ports() check {
	c := check{name: "ports"}
	switch n := len(f.busy); {
	case n == 0:
		c.text = fmt.Sprintf("%d to %d are free", firstPort, lastPort)
	case n <= lastPort-firstPort:
		c.text = fmt.Sprintf("%d of %d to %d are taken, by other nodes or programs; the next free one is used", n, firstPort, lastPort)
	default:
		c.text = fmt.Sprintf("all of %d to %d are taken: any other is used, which a firewall may not let in", firstPort, lastPort)
		c.todo = "end some of the programs that hold them, or choose one with --port"
	}
	return c
}

// reach tells how many answered, and what became of those who did not.
func (f facts) reach() check {
	c := check{name: "others"}
	if f.joinErr != nil {
		told := explain(f.joinErr)
		c.text, c.todo = told.text, told.hint
		return c
	}
	c.text = fmt.Sprintf("%d reached", f.members)
	for _, s := range f.sightings {
		code, text := reason(s)
		c.text += fmt.Sprintf("; %s not reached: %s", place(s), text)
		switch code {
		case "version":
			c.todo = "update lanyap, here or there"
		case "full":
			c.todo = "use another --room"
		case "other_secret":
			if f.members == 0 {
				c.todo = "ask for the secret of that room and use --ask-secret, or use another --room"
			}
		case "failed", "other_instance":
			c.todo = "run lanyap doctor there too; LANYAP_LOG=debug shows more"
		}
	}
	if f.members+len(f.sightings) == 0 {
		c.text = "nobody was sighted; start lanyap on another machine to have somebody to look for"
	}
	return c
}

// count returns how many sightings ended in one of the errors.
func (f facts) count(causes ...error) int {
	n := 0
	for _, s := range f.sightings {
		for _, cause := range causes {
			if errors.Is(s.Err, cause) {
				n++
				break
			}
		}
	}
	return n
}

// firewalls says what can be told without being root: what connections came
// to, and whether a firewall says in a public place that it is on.
func (f facts) firewalls() check {
	c := check{name: "firewall"}
	allow := fmt.Sprintf("let TCP and UDP ports %d to %d in, here and there", firstPort, lastPort)
	if f.firewall == "ufw" {
		allow = fmt.Sprintf("sudo ufw allow %d:%d/tcp && sudo ufw allow %[1]d:%[2]d/udp, here and there", firstPort, lastPort)
	}
	udp, tcp := f.count(peer.ErrUDP), f.count(peer.ErrTimeout, peer.ErrRefused)
	switch {
	case udp > 0:
		c.text, c.todo = fmt.Sprintf("UDP does not get through to %d who are near, TCP does", udp), allow
	case tcp > 0:
		c.text, c.todo = fmt.Sprintf("TCP does not get through to %d who are near", tcp), allow
	case f.members > 0:
		c.text = "lets us through"
	default:
		c.text = "nobody to try it with"
	}
	if f.firewall != "" {
		c.text += "; " + f.firewall + " is on"
		if c.ok() && f.members == 0 {
			c.text += ", so if others do not reach you: " + allow
		}
	}
	return c
}

// isolation looks for an access point that keeps its clients apart: they are
// heard, if at all, and never reached.
func (f facts) isolation() check {
	c := check{name: "access point", text: "passes traffic between its clients"}
	heard := 0
	for _, r := range f.reports {
		heard += len(r.Others)
	}
	timeouts := f.count(peer.ErrTimeout)
	switch {
	case f.members > 0:
	case timeouts > 0 && timeouts == len(f.sightings):
		c.text = "others are heard, but nobody is reached"
		c.todo = "if no firewall is the cause, switch off client (AP) isolation in the access point, or use another network than the guests'"
	case heard == 0 && len(f.sightings) == 0:
		c.text = "nobody at all is heard: the network is empty, or it keeps its clients apart"
	default:
		c.text = "no sign of it keeping its clients apart"
	}
	return c
}

// virtual are the starts of names that VPNs, containers and virtual machines
// give their interfaces.
var virtual = []string{
	"br-", "cali", "cni", "docker", "flannel", "ipsec", "lxc", "lxd", "podman", "ppp", "tailscale",
	"tap", "tun", "utun", "vboxnet", "veth", "virbr", "vmnet", "wg", "zt",
}

func isVirtual(name string) bool {
	for _, start := range virtual {
		if strings.HasPrefix(strings.ToLower(name), start) {
			return true
		}
	}
	return false
}

// defaultRoute minds a VPN or a container bridge that has the default route
// where it goes with reaching nobody, or takes the local network's traffic.
func (f facts) defaultRoute() check {
	c := check{name: "default route"}
	unused := false
	for _, i := range f.ifaces {
		unused = unused || i.Name == f.route && i.Unused != ""
	}
	switch {
	case len(f.strays) > 0:
		c.text = "traffic to the network of " + strings.Join(f.strays, ", ") + " goes over another interface, such as a VPN"
		c.todo = "allow access to the local network in the VPN's settings, or disconnect it"
	case f.route == "":
		c.text = "there is none, and none is needed"
	case !unused && !isVirtual(f.route):
		c.text = "goes over " + f.route
	case f.members > 0:
		c.text = "goes over " + f.route + ", and others are reached all the same"
	default:
		c.text = "goes over " + f.route + ", a VPN or a bridge of containers, and nobody is reached"
		c.todo = "disconnect it and try again, or name the network's interface with --iface"
	}
	return c
}

func (f facts) clock() check {
	c := check{name: "clock", text: "says " + f.now.Format("2006-01-02 15:04:05 MST")}
	if f.now.Before(f.built) {
		c.text += ", which is before this program was written"
		c.todo = "set this machine's clock"
	}
	return c
}

func (f facts) stateDirectory() check {
	c := check{name: "state directory"}
	switch s := f.state; {
	case s.ephemeral:
		c.text = "not used"
	case s.err != nil:
		told := explain(s.err)
		c.text, c.todo = told.text, told.hint
		if told.hint == doctorHint {
			c.todo = "name another directory with LANYAP_STATE_DIR, or use --ephemeral"
		}
	case s.mode == 0:
		c.text = s.dir + " will be made"
	case s.mode.Perm()&0o077 != 0:
		c.text = fmt.Sprintf("%s is open to other users (mode %04o)", s.dir, s.mode.Perm())
		c.todo = "chmod 700 " + s.dir
	default:
		c.text = s.dir + " is writable, and private"
	}
	return c
}
