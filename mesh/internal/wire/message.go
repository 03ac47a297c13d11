package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Kinds of message, and the streams they belong to.
const (
	Broadcast = 1
	Private   = 2
)

// MaxBody is the longest body, in bytes.
const MaxBody = 64 << 10

const (
	memberSize    = 32 + 8
	headerSize    = 1 + memberSize + 8 + 8
	signatureSize = 64 // Ed25519, RFC 8032 section 5.1.6
	signedPrefix  = "lanyap message v1\x00"
)

var errBody = errors.New("wire: message: body is longer than 64 KiB")

// Member names one start of one program.
type Member struct {
	ID       [32]byte
	Instance [8]byte
}

// RoomKey stands for a room in what is signed.
type RoomKey [sha256.Size]byte

// NewRoomKey returns the key of the room with that name.
func NewRoomKey(room string) RoomKey {
	return sha256.Sum256([]byte("lanyap room key" + room))
}

// Message is what a member said.
type Message struct {
	Kind   byte
	Origin Member
	Seq    uint64
	Clock  uint64
	To     Member // Kind Private only
	Body   []byte

	whole     []byte // as it was read
	signed    []byte // all but the signature
	signature []byte
}

// AppendMessage appends a message frame with the signature that sign makes
// over what it is given. sign must not keep its argument.
func AppendMessage(dst []byte, room RoomKey, m Message, sign func([]byte) []byte) []byte {
	dst, start := begin(dst, TypeMessage)
	dst = append(dst, m.Kind)
	dst = appendMember(dst, m.Origin)
	dst = binary.BigEndian.AppendUint64(dst, m.Seq)
	dst = binary.BigEndian.AppendUint64(dst, m.Clock)
	if m.Kind == Private {
		dst = appendMember(dst, m.To)
	}
	dst = append(dst, m.Body...)
	dst = append(dst, sign(withPrefix(signedPrefix, room, dst[start+FrameHeader:]))...)
	return end(dst, start)
}

// AppendSigned appends a message frame with a message as it was signed.
func AppendSigned(dst, message []byte) []byte {
	dst, start := begin(dst, TypeMessage)
	return end(append(dst, message...), start)
}

// ParseMessage reads a message frame's payload. Body is part of p. What it
// returns is worth nothing before [Message.Verify].
func ParseMessage(p []byte) (Message, error) {
	if len(p) < headerSize+signatureSize {
		return Message{}, fmt.Errorf("wire: message: %w", errTruncated)
	}
	cut := len(p) - signatureSize
	m := Message{Kind: p[0], whole: p, signed: p[:cut:cut], signature: p[cut:]}
	m.Origin = memberAt(p[1:])
	m.Seq = binary.BigEndian.Uint64(p[1+memberSize:])
	m.Clock = binary.BigEndian.Uint64(p[1+memberSize+8:])
	m.Body = p[headerSize:cut:cut]
	switch m.Kind {
	case Broadcast:
	case Private:
		if len(m.Body) < memberSize {
			return Message{}, fmt.Errorf("wire: message: %w", errTruncated)
		}
		m.To = memberAt(m.Body)
		m.Body = m.Body[memberSize:]
	default:
		return Message{}, fmt.Errorf("wire: message: unknown kind %d", m.Kind)
	}
	if len(m.Body) > MaxBody {
		return Message{}, errBody
	}
	if m.Seq == 0 || m.Seq >= MaxSeq {
		return Message{}, fmt.Errorf("wire: message: %w", errSequence)
	}
	return m, nil
}

// Whole returns a parsed message as it was read, the signature with it.
func (m *Message) Whole() []byte { return m.whole }

// Verify reports whether a parsed message was signed by its origin in this
// room. verify checks a signature by the origin's ID.
func (m *Message) Verify(room RoomKey, verify func(message, signature []byte) bool) bool {
	return verify(withPrefix(signedPrefix, room, m.signed), m.signature)
}

func appendMember(dst []byte, m Member) []byte {
	dst = append(dst, m.ID[:]...)
	return append(dst, m.Instance[:]...)
}

// memberAt reads a member from the start of p, which is long enough.
func memberAt(p []byte) Member {
	return Member{ID: [32]byte(p), Instance: [8]byte(p[32:])}
}

// MessageSize is the size of the frame of a message.
func MessageSize(m Message) int {
	n := FrameHeader + headerSize + len(m.Body) + signatureSize
	if m.Kind == Private {
		n += memberSize
	}
	return n
}
