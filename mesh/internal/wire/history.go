package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// MaxHoldings is how many entries an ask has at the most.
const MaxHoldings = 512

const (
	holdingSize = memberSize + 4*8
	askHeader   = 1 + 2
	listedOnly  = 1
)

// Holding says which messages of an origin the sender of an ask would take.
type Holding struct {
	Member
	From, To uint64 // From <= sequence < To; To 0: without an end
	Last     uint64 // the last that it holds; 0: none
	Digest   uint64 // of that message, to notice that there are two
}

// Ask asks for messages that its sender may lack.
type Ask struct {
	Limit    uint16 // how much history is wanted
	Only     bool   // nothing of origins that are not listed
	Holdings []Holding
}

// AppendAsk appends an ask frame. Holdings past [MaxHoldings] are left out.
func AppendAsk(dst []byte, a Ask) []byte {
	dst, start := begin(dst, TypeAsk)
	flags := byte(0)
	if a.Only {
		flags = listedOnly
	}
	dst = binary.BigEndian.AppendUint16(append(dst, flags), a.Limit)
	for _, h := range a.Holdings[:min(len(a.Holdings), MaxHoldings)] {
		dst = appendMember(dst, h.Member)
		for _, v := range [...]uint64{h.From, h.To, h.Last, h.Digest} {
			dst = binary.BigEndian.AppendUint64(dst, v)
		}
	}
	return end(dst, start)
}

// ParseAsk reads an ask frame's payload.
func ParseAsk(p []byte) (Ask, error) {
	if len(p) < askHeader || (len(p)-askHeader)%holdingSize != 0 {
		return Ask{}, fmt.Errorf("wire: ask: %w", errTruncated)
	}
	a := Ask{Only: p[0]&listedOnly != 0, Limit: binary.BigEndian.Uint16(p[1:])}
	p = p[askHeader:]
	if len(p)/holdingSize > MaxHoldings {
		return Ask{}, errors.New("wire: ask: more than 512 entries")
	}
	for ; len(p) > 0; p = p[holdingSize:] {
		h := Holding{Member: memberAt(p)}
		rest := p[memberSize:]
		for i, v := range [...]*uint64{&h.From, &h.To, &h.Last, &h.Digest} {
			*v = binary.BigEndian.Uint64(rest[8*i:])
		}
		a.Holdings = append(a.Holdings, h)
	}
	return a, nil
}

// AppendPast appends a past frame: a message as its origin signed it, and how
// long ago its sender received it.
func AppendPast(dst []byte, age time.Duration, message []byte) []byte {
	dst, start := begin(dst, TypePast)
	dst = binary.BigEndian.AppendUint64(dst, uint64(max(age, 0).Milliseconds()))
	return end(append(dst, message...), start)
}

// maxAge bounds an age, so that it can be subtracted from any time.
const maxAge = 100 * 365 * 24 * time.Hour

// ParsePast reads a past frame's payload.
func ParsePast(p []byte) (age time.Duration, m Message, err error) {
	if len(p) < 8 {
		return 0, Message{}, fmt.Errorf("wire: past: %w", errTruncated)
	}
	ms := min(binary.BigEndian.Uint64(p), uint64(maxAge/time.Millisecond))
	if m, err = ParseMessage(p[8:]); err != nil {
		return 0, Message{}, err
	}
	if StreamOf(m.Kind) != Broadcast {
		return 0, Message{}, errors.New("wire: past: not a broadcast")
	}
	return time.Duration(ms) * time.Millisecond, m, nil
}

// AppendAsked appends an asked frame: all that was asked for has been sent.
func AppendAsked(dst []byte) []byte { return append(dst, TypeAsked, 0, 0, 0) }
