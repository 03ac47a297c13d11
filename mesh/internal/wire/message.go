package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/lanyap/lanyap/peer/name"
)

// Kinds of message that this version knows. Each belongs to a stream, and the
// streams are called by the same numbers: see [StreamOf].
const (
	Broadcast = 1
	Private   = 2
)

// StreamOf returns the stream that messages of a kind are numbered in. Kinds of
// later versions are for all.
func StreamOf(kind byte) byte {
	if kind == Private {
		return Private
	}
	return Broadcast
}

// MaxBody is the longest body, in bytes.
const MaxBody = 64 << 10

const (
	memberSize    = 32 + 8
	headerSize    = 1 + memberSize + 8 + 8 + 8 // up to the topic
	signatureSize = 64                         // Ed25519, RFC 8032 section 5.1.6
	signedPrefix  = "lanyap message v1\x00"
)

var (
	errBody     = errors.New("wire: message: body is longer than 64 KiB")
	errKind     = errors.New("wire: message: kind is 0")
	errTopic    = errors.New("wire: topic is no name of 1 to 64 bytes")
	errPrevious = errors.New("wire: message: the first of a stream has no previous")
)

// Member names one start of one program.
type Member struct {
	ID       [32]byte
	Instance [8]byte
}

// RoomKey stands for a room in what is signed.
type RoomKey [sha256.Size]byte

// NewRoomKey returns the key of the open room with that name. That of a room with a
// secret is made by package peer.
func NewRoomKey(room string) RoomKey {
	return sha256.Sum256([]byte("lanyap room key" + room))
}

// Message is what a member said.
type Message struct {
	Kind     byte
	Origin   Member
	Seq      uint64
	Clock    uint64
	Previous uint64 // digest of the message before it in its stream; 0: none, or not known any more
	Topic    string
	To       Member // Kind Private only
	Body     []byte

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
	dst = binary.BigEndian.AppendUint64(dst, m.Previous)
	dst = appendName(dst, m.Topic)
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
	m.Previous = binary.BigEndian.Uint64(p[1+memberSize+16:])
	var err error
	if m.Topic, m.Body, err = parseTopic(p[headerSize:cut:cut]); err != nil {
		return Message{}, fmt.Errorf("wire: message: %w", err)
	}
	switch m.Kind {
	case 0:
		return Message{}, errKind
	case Private:
		if len(m.Body) < memberSize {
			return Message{}, fmt.Errorf("wire: message: %w", errTruncated)
		}
		m.To = memberAt(m.Body)
		m.Body = m.Body[memberSize:]
	}
	if len(m.Body) > MaxBody {
		return Message{}, errBody
	}
	if m.Seq == 0 || m.Seq >= MaxSeq {
		return Message{}, fmt.Errorf("wire: message: %w", errSequence)
	}
	if m.Seq == 1 && m.Previous != 0 {
		return Message{}, errPrevious
	}
	return m, nil
}

// CheckTopic returns an error unless a topic may be called that.
func CheckTopic(topic string) error {
	if topic == "" {
		return errTopic
	}
	if err := name.Check(topic); err != nil {
		return fmt.Errorf("%w: %w", errTopic, err)
	}
	return nil
}

func parseTopic(p []byte) (topic string, rest []byte, err error) {
	if topic, rest, err = parseShort(p); err != nil {
		return "", nil, err
	}
	return topic, rest, CheckTopic(topic)
}

// Digest is the first 8 bytes of SHA-256 over a message as it was signed, with
// its signature.
func Digest(message []byte) uint64 {
	sum := sha256.Sum256(message)
	return binary.BigEndian.Uint64(sum[:])
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
	n := FrameHeader + headerSize + 1 + len(m.Topic) + len(m.Body) + signatureSize
	if m.Kind == Private {
		n += memberSize
	}
	return n
}
