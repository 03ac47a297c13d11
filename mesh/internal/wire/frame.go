package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxMessage is the longest link message, in bytes: what package peer carries.
const MaxMessage = 64<<10 + 1<<10

// MaxSeq is the highest sequence number. Half of the range is left unused so
// that no sum of two of them overflows.
const MaxSeq = 1<<63 - 1

// Frame types.
const (
	TypeMessage = 1
	TypeHave    = 2
	TypeGap     = 3
	TypePeers   = 4
	TypeBye     = 5
	TypeByeAck  = 6
	TypeReach   = 7
	TypeRelay   = 8
	TypeRecord  = 9
	TypeAsk     = 10
	TypePast    = 11
	TypeAsked   = 12
	TypeStream  = 13
	TypePages   = 14
)

// FrameHeader is the size of a frame's type and length.
const FrameHeader = 4

var (
	errTruncated = errors.New("wire: frame is cut short")
	errSequence  = errors.New("wire: sequence number is out of range")
)

// Frame is one frame of a link message. Payload is part of the message it was
// read from.
type Frame struct {
	Type    byte
	Payload []byte
}

// Next splits the first frame off a link message.
func Next(p []byte) (f Frame, rest []byte, err error) {
	if len(p) < FrameHeader {
		return Frame{}, nil, errTruncated
	}
	head := binary.BigEndian.Uint32(p)
	n := int(head & 0xffffff)
	p = p[FrameHeader:]
	if n > len(p) {
		return Frame{}, nil, errTruncated
	}
	return Frame{Type: byte(head >> 24), Payload: p[:n:n]}, p[n:], nil
}

// begin appends the header of a frame whose length is not known yet; end
// fills it in.
func begin(dst []byte, kind byte) (out []byte, start int) {
	start = len(dst)
	return append(dst, kind, 0, 0, 0), start
}

func end(dst []byte, start int) []byte {
	n := len(dst) - start - FrameHeader
	dst[start+1], dst[start+2], dst[start+3] = byte(n>>16), byte(n>>8), byte(n)
	return dst
}

// Have says what its sender will send next and what it waits for.
type Have struct {
	Next, Want               uint64 // broadcasts
	PrivateNext, PrivateWant uint64 // private messages between the two

	// In the first of a link.
	Held uint64 // messages of any origin that the sender could give
	Here uint64 // milliseconds for which the sender has been in the room
}

const haveSize = 4 * 8

// AppendHave appends a have frame.
func AppendHave(dst []byte, h Have) []byte {
	dst, start := begin(dst, TypeHave)
	dst = binary.BigEndian.AppendUint64(dst, h.Next)
	dst = binary.BigEndian.AppendUint64(dst, h.Want)
	dst = binary.BigEndian.AppendUint64(dst, h.PrivateNext)
	dst = binary.BigEndian.AppendUint64(dst, h.PrivateWant)
	if h.Held > 0 || h.Here > 0 {
		dst = binary.BigEndian.AppendUint64(dst, h.Held)
	}
	if h.Here > 0 {
		dst = binary.BigEndian.AppendUint64(dst, h.Here)
	}
	return end(dst, start)
}

// ParseHave reads a have frame's payload. Next is never 0.
func ParseHave(p []byte) (Have, error) {
	if len(p) < haveSize {
		return Have{}, fmt.Errorf("wire: have: %w", errTruncated)
	}
	h := Have{
		Next:        binary.BigEndian.Uint64(p),
		Want:        binary.BigEndian.Uint64(p[8:]),
		PrivateNext: binary.BigEndian.Uint64(p[16:]),
		PrivateWant: binary.BigEndian.Uint64(p[24:]),
	}
	if len(p) >= haveSize+8 {
		h.Held = binary.BigEndian.Uint64(p[haveSize:])
	}
	if len(p) >= haveSize+16 {
		h.Here = binary.BigEndian.Uint64(p[haveSize+8:])
	}
	if h.Next == 0 || h.PrivateNext == 0 || max(h.Next, h.Want, h.PrivateNext, h.PrivateWant) > MaxSeq {
		return Have{}, fmt.Errorf("wire: have: %w", errSequence)
	}
	return h, nil
}

// Gap says that messages are gone for good: From to To, inclusive.
type Gap struct {
	Stream   byte // a message kind
	From, To uint64
}

const gapSize = 1 + 2*8

// AppendGap appends a gap frame.
func AppendGap(dst []byte, g Gap) []byte {
	dst, start := begin(dst, TypeGap)
	dst = append(dst, g.Stream)
	dst = binary.BigEndian.AppendUint64(dst, g.From)
	dst = binary.BigEndian.AppendUint64(dst, g.To)
	return end(dst, start)
}

// ParseGap reads a gap frame's payload. 0 < From <= To < MaxSeq.
func ParseGap(p []byte) (Gap, error) {
	if len(p) < gapSize {
		return Gap{}, fmt.Errorf("wire: gap: %w", errTruncated)
	}
	g := Gap{Stream: p[0], From: binary.BigEndian.Uint64(p[1:]), To: binary.BigEndian.Uint64(p[9:])}
	if g.Stream != Broadcast && g.Stream != Private {
		return Gap{}, fmt.Errorf("wire: gap: unknown stream %d", g.Stream)
	}
	if g.From == 0 || g.From > g.To || g.To >= MaxSeq {
		return Gap{}, fmt.Errorf("wire: gap: %w", errSequence)
	}
	return g, nil
}

// AppendStream appends a stream frame, of what package peer/stream makes.
func AppendStream(dst, frame []byte) []byte {
	dst, start := begin(dst, TypeStream)
	return end(append(dst, frame...), start)
}

// AppendBye appends a bye frame.
func AppendBye(dst []byte) []byte { return append(dst, TypeBye, 0, 0, 0) }

// AppendByeAck appends a bye-ack frame.
func AppendByeAck(dst []byte) []byte { return append(dst, TypeByeAck, 0, 0, 0) }
