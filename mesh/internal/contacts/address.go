package contacts

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// The ports that a node takes one of, if it can, when it is given none.
const (
	firstPort = 7475
	lastPort  = 7490
)

// Address is one address that was given by hand. It is dialed for ever.
type Address struct {
	Text  string // as it was given
	Host  string // IP literal, with its zone, or a name to resolve
	Ports []uint16

	instance peer.Instance    // who answered last; zero: nobody yet
	addrs    []netip.AddrPort // what the last dial tried
	dial     *Dial            // under way; nil: none is
	settled  bool             // own address, or linked already
	fails    int
	next     time.Time
	err      error
}

// ParseAddress reads HOST[:PORT]. IPv6 literals may have a zone and stand in
// brackets, and have to if a port follows.
func ParseAddress(text string) (*Address, error) {
	if host := unbracketed(text); validHost(host) {
		return &Address{Text: text, Host: host, Ports: everyPort()}, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || !validHost(host) {
		return nil, fmt.Errorf("mesh: peer %q: want HOST or HOST:PORT", text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("mesh: peer %q: the port is a number from 1 to 65535", text)
	}
	return &Address{Text: text, Host: host, Ports: []uint16{uint16(n)}}, nil
}

func unbracketed(host string) string {
	if inner, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inner, "]") {
		return strings.TrimSuffix(inner, "]")
	}
	return host
}

// validHost reports whether a host is an IP literal or could be a name
// (RFC 1123 section 2.1, and underscores, which some have).
func validHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return !strings.ContainsAny(ip.Zone(), "[]% ")
	}
	if host == "" || len(host) > 253 {
		return false
	}
	for _, r := range host {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= 0x80
		if !letter && !('0' <= r && r <= '9') && !strings.ContainsRune("-._", r) {
			return false
		}
	}
	return true
}

func everyPort() []uint16 {
	var ports []uint16
	for p := firstPort; p <= lastPort; p++ {
		ports = append(ports, uint16(p))
	}
	return ports
}
