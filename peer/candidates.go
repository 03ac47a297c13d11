package peer

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// candidate is what matters here of a candidate line in an SDP (RFC 8839 §5.1).
type candidate struct {
	addr netip.Addr // invalid if the line has a name, as browsers make one up (mDNS)
	port uint16
}

// parseCandidates returns the UDP host candidates of a description that may come
// from anybody, at most maxCandidates.
func parseCandidates(sdp string) []candidate {
	var all []candidate
	for line := range strings.Lines(sdp) {
		text, ok := strings.CutPrefix(line, "a=candidate:")
		if !ok || len(all) == maxCandidates {
			continue
		}
		if c, ok := parseCandidate(strings.Fields(text)); ok {
			all = append(all, c)
		}
	}
	return all
}

// discardPort stands for an unknown port (RFC 863), in TCP candidates for instance.
const discardPort = 9

// parseCandidate reads foundation, component, transport, priority, address, port,
// "typ" and type.
func parseCandidate(f []string) (candidate, bool) {
	if len(f) < 8 || f[1] != "1" || !strings.EqualFold(f[2], "udp") || f[6] != "typ" || f[7] != "host" {
		return candidate{}, false
	}
	port, err := strconv.ParseUint(f[5], 10, 16)
	if err != nil || port == 0 || port == discardPort {
		return candidate{}, false
	}
	addr, _ := netip.ParseAddr(f[4])
	return candidate{addr.Unmap().WithZone(""), uint16(port)}, true
}

// targets returns where a page whose own address is you looks for the author of a
// description that members carried: where they see it, with the ports that it
// names, and at those addresses it names itself which can only be of a network of
// ours. Nobody can make us send a packet elsewhere.
func (c Carried) targets(you netip.Addr) []netip.AddrPort {
	from := c.From.Unmap().WithZone("")
	var all []netip.AddrPort
	add := func(addr netip.Addr, port uint16) {
		to := netip.AddrPortFrom(addr, port)
		if nearby(addr, you) && !slices.Contains(all, to) && len(all) < maxCandidates {
			all = append(all, to)
		}
	}
	found := parseCandidates(c.SDP)
	for _, cand := range found {
		add(from, cand.port)
	}
	for _, cand := range found {
		add(cand.addr, cand.port)
	}
	return all
}

// nearby reports whether an address is one that cannot be of the internet at
// large, or is on the network of you: browsers do not tell how far that reaches,
// and hardly one is smaller than this.
func nearby(addr, you netip.Addr) bool {
	if !addr.IsValid() || addr.IsMulticast() || addr.IsUnspecified() {
		return false
	}
	if addr.IsPrivate() || addr.IsLinkLocalUnicast() || shared.Contains(addr) {
		return true
	}
	if addr.IsLoopback() {
		return you.IsLoopback()
	}
	return you.IsValid() && around(you).Contains(addr)
}

// shared is the address space between carriers and their customers (RFC 6598).
// It is no more of the internet than RFC 1918, which carriers use for the same
// purpose, and overlay networks such as Tailscale number their hosts from it,
// each alone on its prefix.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// around is the network that an address is taken to be on.
func around(addr netip.Addr) netip.Prefix {
	bits := 24
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.WithZone("").Prefix(bits)
	return p
}

// hostCandidate writes addr as a candidate (RFC 8839 §5.1). pion publishes none
// for IPv6 link-local addresses behind a mux, and takes one. The zone stays
// here, where the socket adds it again: the grammar has none, and on Windows it
// is a name with spaces.
func hostCandidate(addr netip.AddrPort) string {
	return fmt.Sprintf("candidate:1 1 udp 2130706431 %s %d typ host", addr.Addr().WithZone(""), addr.Port())
}

// hostCandidates writes addresses as candidates.
func hostCandidates(addrs []netip.AddrPort) []string {
	lines := make([]string, len(addrs))
	for i, a := range addrs {
		lines[i] = hostCandidate(a)
	}
	return lines
}

// with returns the SDP with those candidates.
func (d description) with(candidates []string) string {
	var b strings.Builder
	b.WriteString(d.sdp)
	for _, c := range candidates {
		b.WriteString("a=" + c + "\r\n")
	}
	return b.String()
}

// answersAt returns where a node answers that a link found at an address: its TCP
// and UDP ports are one number, which only a translator in between changes.
func answersAt(found netip.AddrPort, told []netip.AddrPort) netip.AddrPort {
	port := found.Port()
	for i, a := range told {
		if a.Addr() == found.Addr() {
			return a
		}
		if i == 0 {
			port = a.Port()
		}
	}
	return netip.AddrPortFrom(found.Addr(), port)
}
