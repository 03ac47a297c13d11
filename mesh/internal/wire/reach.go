package wire

import (
	"errors"
	"fmt"
)

// Bounds of a reach frame.
const (
	MaxHops   = 4   // links of a route, at the most
	MaxRoutes = 256 // entries
)

// Reach is whom its sender reaches, by what has changed.
type Reach struct {
	All    bool    // the routes of one link are to all to whom the sender has a link
	Ask    bool    // the sender wants such a one
	Sum    [8]byte // digest of the sender's links
	Routes []Route // at most MaxRoutes
}

// Route says that its sender can carry relay frames to a member, or cannot any
// more.
type Route struct {
	To   [8]byte
	Lost bool
	Via  [][8]byte // instances on the way, nearest to the sender first; empty: it has a link to it
}

const (
	reachAll = 1 << iota
	reachAsk
)

// AppendReach appends a reach frame. Routes of more than [MaxHops] links are
// left out.
func AppendReach(dst []byte, r Reach) []byte {
	dst, start := begin(dst, TypeReach)
	var flags byte
	if r.All {
		flags |= reachAll
	}
	if r.Ask {
		flags |= reachAsk
	}
	dst = append(append(dst, flags), r.Sum[:]...)
	for _, one := range r.Routes {
		if len(one.Via) >= MaxHops {
			continue
		}
		dst = append(dst, one.To[:]...)
		if one.Lost {
			dst = append(dst, 0)
			continue
		}
		dst = append(dst, byte(1+len(one.Via)))
		for _, hop := range one.Via {
			dst = append(dst, hop[:]...)
		}
	}
	return end(dst, start)
}

// ParseReach reads a reach frame's payload.
func ParseReach(p []byte) (Reach, error) {
	if len(p) < 9 {
		return Reach{}, fmt.Errorf("wire: reach: %w", errTruncated)
	}
	r := Reach{All: p[0]&reachAll != 0, Ask: p[0]&reachAsk != 0, Sum: [8]byte(p[1:])}
	for p = p[9:]; len(p) > 0; {
		if len(r.Routes) == MaxRoutes {
			return Reach{}, errors.New("wire: reach: more than 256 entries")
		}
		if len(p) < 9 {
			return Reach{}, fmt.Errorf("wire: reach: %w", errTruncated)
		}
		one := Route{To: [8]byte(p), Lost: p[8] == 0}
		hops := int(p[8])
		p = p[9:]
		if hops > MaxHops {
			return Reach{}, errors.New("wire: reach: a route of more than 4 links")
		}
		if len(p) < 8*(hops-1) {
			return Reach{}, fmt.Errorf("wire: reach: %w", errTruncated)
		}
		for range hops - 1 {
			one.Via, p = append(one.Via, [8]byte(p)), p[8:]
		}
		r.Routes = append(r.Routes, one)
	}
	return r, nil
}

// Relay is something that members pass on to the one it is for.
type Relay struct {
	To, From [8]byte
	Hops     byte   // links it may still take
	Payload  []byte // a tunnel record
}

// MaxRelayed is the longest payload of a relay frame. It leaves room in the
// link message for the frames that a relay has to send of its own: what others
// send through it must not end its link.
const MaxRelayed = MaxMessage - 512

// RelayOverhead is what a relay frame and a sealed tunnel record add to a link
// message that travels in them, in bytes.
const RelayOverhead = FrameHeader + relayHeader + 1 + TagSize + 1 + sealOverhead

const (
	relayHeader  = 8 + 8 + 1
	sealOverhead = 16 // the tag of AES-GCM
)

// AppendRelay appends a relay frame.
func AppendRelay(dst []byte, r Relay) []byte {
	dst, start := begin(dst, TypeRelay)
	dst = append(dst, r.To[:]...)
	dst = append(dst, r.From[:]...)
	dst = append(dst, r.Hops)
	return end(append(dst, r.Payload...), start)
}

// ParseRelay reads a relay frame's payload.
func ParseRelay(p []byte) (Relay, error) {
	if len(p) < relayHeader {
		return Relay{}, fmt.Errorf("wire: relay: %w", errTruncated)
	}
	r := Relay{To: [8]byte(p), From: [8]byte(p[8:]), Hops: p[16], Payload: p[relayHeader:]}
	if r.Hops > MaxHops {
		return Relay{}, errors.New("wire: relay: more than 4 links to go")
	}
	if len(r.Payload) > MaxRelayed {
		return Relay{}, errors.New("wire: relay: payload is too long")
	}
	return r, nil
}
