package mesh

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
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

// handRecheck is how soon an address given by hand is asked again after it
// turned out to be our own, or that of somebody we are linked to already. A
// link that ends makes it sooner.
const handRecheck = 15 * time.Second

// handPeer is one address that was given by hand. It is dialed for ever.
type handPeer struct {
	text  string // as it was given
	host  string // IP literal, with its zone, or a name to resolve
	ports []uint16

	instance peer.Instance    // who answered last; zero: nobody yet
	addrs    []netip.AddrPort // what the last dial tried
	dialing  bool
	attempt  *attempt // that dial
	settled  bool     // own address, or linked already
	fails    int
	next     time.Time
	err      error
}

// parseHandPeer reads HOST[:PORT]. IPv6 literals may have a zone and stand in
// brackets, and have to if a port follows.
func parseHandPeer(text string) (*handPeer, error) {
	if host := unbracketed(text); validHost(host) {
		return &handPeer{text: text, host: host, ports: everyPort()}, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || !validHost(host) {
		return nil, fmt.Errorf("mesh: peer %q: want HOST or HOST:PORT", text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("mesh: peer %q: the port is a number from 1 to 65535", text)
	}
	return &handPeer{text: text, host: host, ports: []uint16{uint16(n)}}, nil
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

// hand is the list of the addresses given by hand, and when to dial which.
type hand []*handPeer

// due returns one to dial now, as far as there is room, marked as being dialed,
// or nil. Of several it is the one with the fewest failures.
func (h hand) due(now time.Time, room vacancy, linked func(peer.Instance) bool) *handPeer {
	var first *handPeer
	for _, p := range h {
		if p.dialing || linked(p.instance) || p.next.After(now) || !room.admits(p.fails) {
			continue
		}
		if first == nil || p.fails < first.fails || p.fails == first.fails && p.next.Before(first.next) {
			first = p
		}
	}
	if first != nil {
		first.dialing = true
	}
	return first
}

// wake returns when the next is due; zero: not before another has ended.
func (h hand) wake(room vacancy, linked func(peer.Instance) bool) time.Time {
	var first time.Time
	for _, p := range h {
		if p.dialing || linked(p.instance) || !room.admits(p.fails) {
			continue
		}
		if first.IsZero() || p.next.Before(first) {
			first = p.next
		}
	}
	return first
}

// hurry makes retries come soon: a link has ended, or our network has changed.
func (h hand) hurry(now time.Time) {
	for _, p := range h {
		p.fails = 0
		if soon := now.Add(firstRetry); p.next.After(soon) {
			p.next = soon
		}
	}
}

// dialed takes in how a dial ended; who is the instance that answered.
func (p *handPeer) dialed(now time.Time, who peer.Instance, err error) {
	p.dialing, p.attempt = false, nil
	p.settled = errors.Is(err, peer.ErrSelf) || errors.Is(err, peer.ErrLinked)
	switch {
	case err == nil:
		p.instance, p.err, p.fails = who, nil, 0
		p.next = now.Add(firstRetry)
	case p.settled:
		p.err, p.fails = nil, 0
		p.next = now.Add(handRecheck)
	default:
		p.err = err
		p.fails++
		p.next = now.Add(retryAfter(p.fails, lastRetry))
	}
}

// unanswered returns those whose first dial has not ended.
func (h hand) unanswered(linked func(peer.Instance) bool) []Sighting {
	return slices.DeleteFunc(h.list(linked), func(s Sighting) bool { return s.Err != nil || s.Instance != "" })
}

func (h hand) list(linked func(peer.Instance) bool) []Sighting {
	var out []Sighting
	for _, p := range h {
		if p.settled || linked(p.instance) {
			continue
		}
		s := Sighting{Addrs: p.addrs, Err: p.err, Step: p.attempt.progress()}
		if !p.instance.IsZero() {
			s.Instance = p.instance.String()
		}
		out = append(out, s)
	}
	return out
}
