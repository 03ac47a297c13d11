package stream

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/lanyap/lanyap/peer/name"
)

// MaxFrame is the longest frame, in bytes.
const MaxFrame = header + maxData

const (
	header    = 5
	maxData   = 16 << 10
	maxReason = 200 // bytes
)

// Kinds of frame.
const (
	kindOpen   = 1
	kindData   = 2
	kindCredit = 3
	kindEnd    = 4
	kindReset  = 5
)

// ours in the number of a stream says that it was opened on this side; in a frame
// it is said of the frame's receiver.
const ours = 1 << 31

// ErrProtocol is what ends a carrier whose other side sends what no honest one
// does.
var ErrProtocol = errors.New("stream: the other side broke the protocol")

// frame is one as it was read: whose it is, is said of this side.
type frame struct {
	kind   byte
	number uint32
	body   []byte
	credit int64
	reason string
}

// parse reads a frame. body is part of p.
func parse(p []byte) (frame, error) {
	if len(p) < header {
		return frame{}, ErrProtocol
	}
	f := frame{kind: p[0], number: binary.BigEndian.Uint32(p[1:]), body: p[header:]}
	if f.number&^ours == 0 {
		return frame{}, ErrProtocol
	}
	switch f.kind {
	case kindData:
		if len(f.body) > maxData {
			return frame{}, ErrProtocol
		}
	case kindCredit:
		if len(f.body) < 8 {
			return frame{}, ErrProtocol
		}
		f.credit = int64(min(binary.BigEndian.Uint64(f.body), math.MaxInt64))
	case kindReset:
		f.reason = name.Clean(string(f.body[:min(len(f.body), maxReason)]), maxReason)
	}
	return f, nil
}

// appendHeader begins a frame about a stream that has that number on this side.
func appendHeader(buf []byte, kind byte, number uint32) []byte {
	return binary.BigEndian.AppendUint32(append(buf, kind), number^ours)
}
