package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// Bounds of a peers frame.
const (
	MaxPeers   = 128 // entries
	MaxClaimed = 16  // addresses that an entry's member claims
)

const (
	observedFlag = 0x80
	countMask    = 0x1f
)

// Peer says where a member may be dialed.
type Peer struct {
	Instance [8]byte
	Observed netip.AddrPort   // where the teller's link found it; may be invalid: unknown
	Claimed  []netip.AddrPort // where it says that it answers
}

// AppendPeers appends a peers frame with as many of the entries as fit in
// room bytes and a frame, and returns how many that were. Claimed addresses
// past [MaxClaimed] are left out.
func AppendPeers(dst []byte, peers []Peer, room int) (out []byte, n int) {
	limit := len(dst) + room
	dst, start := begin(dst, TypePeers)
	for _, p := range peers {
		longer := appendPeer(dst, p)
		if n == MaxPeers || len(longer) > limit {
			break
		}
		dst = longer
		n++
	}
	return end(dst, start), n
}

func appendPeer(dst []byte, p Peer) []byte {
	dst = append(dst, p.Instance[:]...)
	flags := len(dst)
	dst = append(dst, 0)
	if p.Observed.IsValid() {
		dst[flags] = observedFlag
		dst = appendAddr(dst, p.Observed)
	}
	for _, a := range p.Claimed[:min(len(p.Claimed), MaxClaimed)] {
		if !a.IsValid() {
			continue
		}
		dst[flags]++
		dst = appendAddr(dst, a)
	}
	return dst
}

func appendAddr(dst []byte, a netip.AddrPort) []byte {
	ip := a.Addr().Unmap()
	if ip.Is4() {
		b := ip.As4()
		dst = append(append(dst, 4), b[:]...)
	} else {
		b := ip.As16()
		dst = append(append(dst, 6), b[:]...)
	}
	return binary.BigEndian.AppendUint16(dst, a.Port())
}

// ParsePeers reads a peers frame's payload.
func ParsePeers(p []byte) ([]Peer, error) {
	var peers []Peer
	for len(p) > 0 {
		if len(peers) == MaxPeers {
			return nil, errors.New("wire: peers: more than 128 entries")
		}
		one, rest, err := parsePeer(p)
		if err != nil {
			return nil, fmt.Errorf("wire: peers: %w", err)
		}
		peers, p = append(peers, one), rest
	}
	return peers, nil
}

func parsePeer(p []byte) (Peer, []byte, error) {
	if len(p) < 8+1 {
		return Peer{}, nil, errTruncated
	}
	out := Peer{Instance: [8]byte(p)}
	flags := p[8]
	p = p[9:]
	var err error
	if flags&observedFlag != 0 {
		if out.Observed, p, err = parseAddr(p); err != nil {
			return Peer{}, nil, err
		}
	}
	count := int(flags & countMask)
	if count > MaxClaimed {
		return Peer{}, nil, errors.New("an entry claims more than 16 addresses")
	}
	for range count {
		var a netip.AddrPort
		if a, p, err = parseAddr(p); err != nil {
			return Peer{}, nil, err
		}
		out.Claimed = append(out.Claimed, a)
	}
	return out, p, nil
}

func parseAddr(p []byte) (netip.AddrPort, []byte, error) {
	if len(p) == 0 {
		return netip.AddrPort{}, nil, errTruncated
	}
	family, p := p[0], p[1:]
	size := 4
	switch family {
	case 4:
	case 6:
		size = 16
	default:
		return netip.AddrPort{}, nil, fmt.Errorf("unknown address family %d", family)
	}
	if len(p) < size+2 {
		return netip.AddrPort{}, nil, errTruncated
	}
	ip, _ := netip.AddrFromSlice(p[:size])
	port := binary.BigEndian.Uint16(p[size:])
	return netip.AddrPortFrom(ip.Unmap(), port), p[size+2:], nil
}
