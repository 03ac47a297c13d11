//go:build linux

package lab

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
)

// guard is the ruleset that every host has: it counts mDNS packets and incoming
// TCP connections, and notes
// every packet to an address that is neither on the LAN nor allowed. Nothing is
// dropped, so a program behaves as it would without. The host's own addresses,
// those of a docker-like bridge among them, go through lo.
func (h *Host) guard() string {
	var rules strings.Builder
	rules.WriteString("table inet guard {\n" +
		"set lan4 { type ipv4_addr; flags interval; elements = { 224.0.0.0/24 } }\n" +
		"set stray4 { type ipv4_addr . inet_proto; flags dynamic; size 64; counter; }\n" +
		"set stray6 { type ipv6_addr . inet_proto; flags dynamic; size 64; counter; }\n" +
		"counter mdns { }\n" +
		"counter knocks { }\n" +
		"chain input { type filter hook input priority -300; policy accept;\n" +
		"iifname != lo tcp flags & (fin | syn | rst | ack) == syn counter name knocks\n" +
		"}\n" +
		"chain output { type filter hook output priority -300; policy accept;\n" +
		"oifname lo accept\n" +
		"udp dport 5353 counter name mdns\n" +
		"udp sport 5353 udp dport != 5353 counter name mdns\n" +
		"ip daddr @lan4 accept\n" +
		// Two rules, not a set of intervals: looking one up can miss while the
		// table is being loaded, and an MLD report of the kernel was blamed.
		"ip6 daddr fe80::/10 accept\n" +
		"ip6 daddr ff02::/16 accept\n" +
		"update @stray4 { ip daddr . meta l4proto }\n" +
		"update @stray6 { ip6 daddr . meta l4proto }\n" +
		"}\n}\n")
	if h.Addr.IsValid() {
		fmt.Fprintf(&rules, "add element inet guard lan4 { %s }\n", h.sw.prefix)
	}
	return rules.String()
}

// Allow says that the host was told of these addresses by hand.
func (h *Host) Allow(prefix netip.Prefix) {
	h.lab.t.Helper()
	rule := fmt.Sprintf("add element inet guard lan4 { %s }\n", prefix)
	if prefix.Addr().Is6() {
		rule = fmt.Sprintf("insert rule inet guard output ip6 daddr %s accept\n", prefix)
	}
	h.lab.must(h.lab.thread.nft(h.ns, rule))
}

// MDNSPackets returns how many packets from or to port 5353 the host sent.
func (h *Host) MDNSPackets() int { h.lab.t.Helper(); return h.counted("mdns") }

// Knocks returns how many packets that would open a TCP connection others sent
// to the host, whatever it made of them.
func (h *Host) Knocks() int { h.lab.t.Helper(); return h.counted("knocks") }

func (h *Host) counted(counter string) int {
	h.lab.t.Helper()
	var reply struct {
		Nftables []struct {
			Counter struct {
				Packets int `json:"packets"`
			} `json:"counter"`
		} `json:"nftables"`
	}
	h.nftJSON(&reply, "list", "counter", "inet", "guard", counter)
	total := 0
	for _, object := range reply.Nftables {
		total += object.Counter.Packets
	}
	return total
}

// reportStrays fails the test if a packet left for somewhere else.
func (h *Host) reportStrays() {
	var reply struct {
		Nftables []struct {
			Set struct {
				Elem []struct {
					Elem struct {
						Val struct {
							Concat []any `json:"concat"`
						} `json:"val"`
						Counter struct {
							Packets int `json:"packets"`
						} `json:"counter"`
					} `json:"elem"`
				} `json:"elem"`
				Name string `json:"name"`
			} `json:"set"`
		} `json:"nftables"`
	}
	h.nftJSON(&reply, "list", "table", "inet", "guard")
	for _, object := range reply.Nftables {
		if !strings.HasPrefix(object.Set.Name, "stray") {
			continue
		}
		for _, stray := range object.Set.Elem {
			h.lab.t.Errorf("%s sent %d packets to an address that is not on the LAN: %v",
				h.Name, stray.Elem.Counter.Packets, stray.Elem.Val.Concat)
		}
	}
}

func (h *Host) nftJSON(into any, args ...string) {
	h.lab.t.Helper()
	out, err := h.lab.thread.run(h.ns, "", "nft", append([]string{"-j"}, args...)...)
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		h.lab.t.Errorf("%s: %v", h.Name, err)
	}
}
