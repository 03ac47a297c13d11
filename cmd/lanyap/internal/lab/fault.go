//go:build linux

package lab

import (
	"fmt"
	"strings"
)

// Unplug pulls the host's cable out of the switch.
func (h *Host) Unplug() {
	h.lab.t.Helper()
	h.lab.must(h.lab.thread.ip(h.sw.ns, "link set "+h.port+" down"))
}

// AwaitUnplugged waits until the host's system says that the cable is out, which
// comes a while after [Host.Unplug]: packets are lost at once, but the kernel
// reports carriers in the background, when it is not busy with other links.
func (h *Host) AwaitUnplugged() {
	h.lab.t.Helper()
	h.awaitNIC("lose its carrier", func() bool { return !h.carries() })
}

// Plug puts the cable back.
func (h *Host) Plug() {
	h.lab.t.Helper()
	h.lab.must(h.lab.thread.ip(h.sw.ns, "link set "+h.port+" up"))
}

// Remove takes the host's network card out, as a dock or a driver does.
func (h *Host) Remove() {
	h.lab.t.Helper()
	h.lab.must(h.lab.thread.ip(h.sw.ns, "link del "+h.port))
}

// Insert puts it in again. The system gives it another index, and here a name;
// its addresses are those that it had.
func (h *Host) Insert(name string) {
	h.lab.t.Helper()
	h.nic = name
	if h.Addr6.IsValid() {
		h.Addr6 = h.Addr6.WithZone(name)
	}
	h.lab.must(h.lab.thread.ip(h.sw.ns, cable(h.port, h.ns, name, h.mac)...))
	h.lab.must(h.lab.thread.ip(h.ns, h.setup()...))
	h.awaitLink()
}

// Rename gives the host's network card another name while it is in use.
func (h *Host) Rename(name string) {
	h.lab.t.Helper()
	h.lab.must(h.lab.thread.ip(h.ns, "link set "+h.nic+" name "+name))
	h.nic = name
	if h.Addr6.IsValid() {
		h.Addr6 = h.Addr6.WithZone(name)
	}
}

// Block drops everything that comes directly from the others, in this
// direction only. Each fault below lasts until [Host.Heal].
func (h *Host) Block(others ...*Host) {
	h.lab.t.Helper()
	macs := make([]string, len(others))
	for i, other := range others {
		macs[i] = other.mac.String()
	}
	h.fault("block", "ether saddr { "+strings.Join(macs, ", ")+" } drop")
}

// BlockPair cuts two hosts off from each other, in both directions, while each
// goes on hearing everyone else.
func BlockPair(a, b *Host) {
	a.lab.t.Helper()
	a.Block(b)
	b.Block(a)
}

// Partition cuts hosts of different parts off from each other, in one moment,
// until [Switch.Whole]. It is independent of the faults of hosts.
func (s *Switch) Partition(parts ...[]*Host) {
	s.lab.t.Helper()
	ports := make([]string, len(parts))
	for i, part := range parts {
		for _, h := range part {
			ports[i] += h.port + ", "
		}
	}
	var rules []string
	for i, from := range ports {
		for j, to := range ports {
			if i != j {
				rules = append(rules, fmt.Sprintf("iifname { %s } oifname { %s } drop", from, to))
			}
		}
	}
	s.lab.must(s.lab.thread.nft(s.ns, fmt.Sprintf(
		"table bridge fault {\nchain forward { type filter hook forward priority 0; policy accept;\n%s\n}\n}\n",
		strings.Join(rules, "\n"))))
}

// Whole ends the partition, if there is one.
func (s *Switch) Whole() {
	s.lab.t.Helper()
	s.lab.must(s.lab.thread.nft(s.ns, "add table bridge fault\ndelete table bridge fault\n"))
}

// Lose drops that share of the packets the host receives from the cable, at
// random.
func (h *Host) Lose(percent float64) {
	h.lab.t.Helper()
	h.fault("lose", fmt.Sprintf("iifname eth0 numgen random mod 10000 < %d drop", int(percent*100)))
}

// Firewall lets nothing new in but mDNS: the host can call others, they cannot
// call it. This is what the firewalls of common desktops do.
func (h *Host) Firewall() {
	h.lab.t.Helper()
	h.fault("firewall",
		"iifname lo accept",
		"udp dport 5353 accept",
		"meta l4proto { tcp, udp } ct state established,related accept",
		"meta l4proto { tcp, udp } drop")
}

// Reject is [Host.Firewall] that says so to who calls, as those of common
// servers do: a port that is open looks as if nobody listened.
func (h *Host) Reject() {
	h.lab.t.Helper()
	h.fault("refuse",
		"iifname lo accept",
		"udp dport 5353 accept",
		"meta l4proto { tcp, udp } ct state established,related accept",
		"meta l4proto tcp reject with tcp reset",
		"meta l4proto udp reject")
}

// NoMulticast drops multicast and broadcast that arrives over IPv4, and the
// mDNS group over IPv6. Neighbour discovery goes on, or there would be no IPv6.
func (h *Host) NoMulticast() {
	h.lab.t.Helper()
	h.fault("multicast",
		"iifname != lo ip daddr 224.0.0.0/4 drop",
		"iifname != lo ip6 daddr ff02::fb drop")
}

// NoUDP drops all UDP that arrives over the network but mDNS: links die, and TCP goes
// on.
func (h *Host) NoUDP() {
	h.lab.t.Helper()
	h.fault("links",
		"iifname lo accept",
		"udp dport 5353 accept",
		"meta l4proto udp drop")
}

// Deaf drops all mDNS that arrives, what comes from the host itself too.
func (h *Host) Deaf() {
	h.lab.t.Helper()
	h.fault("deaf", "udp dport 5353 drop")
}

// Heal ends all faults that were made by rules.
func (h *Host) Heal() {
	h.lab.t.Helper()
	h.lab.must(h.lab.thread.nft(h.ns, "add table inet fault\ndelete table inet fault\n"))
}

// fault adds an input chain. A packet passes only if all chains accept it.
func (h *Host) fault(name string, rules ...string) {
	h.lab.t.Helper()
	h.lab.must(h.lab.thread.nft(h.ns, fmt.Sprintf(
		"table inet fault {\nchain %s { type filter hook input priority 0; policy accept;\n%s\n}\n}\n",
		name, strings.Join(rules, "\n"))))
}
