package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/lanyap/lanyap/peer/name"
)

// Bounds of a record.
const (
	MaxName   = name.Max // bytes of a name, and of a topic's
	MaxTopics = 16
	KeySize   = 32 // X25519, RFC 7748
	SaltSize  = 16
)

const (
	recordPrefix   = "lanyap record v1\x00"
	instancePrefix = "lanyap instance v1"
)

var errRecord = errors.New("wire: record is malformed")

// Record is what a member says of itself.
type Record struct {
	Member   // its instance is that of ID and Salt: [AppendRecord] leaves it out, [ParseRecord] fills it in
	Salt     [SaltSize]byte
	Revision uint64        // of two records of one member, the higher one counts
	Key      [KeySize]byte // public, for tunnels to it
	Name     string
	Topics   []string // what it takes part in
}

// InstanceOf returns the instance of an ID's start with that salt.
func InstanceOf(id [32]byte, salt [SaltSize]byte) [8]byte {
	sum := sha256.Sum256(append(append([]byte(instancePrefix), id[:]...), salt[:]...))
	return [8]byte(sum[:])
}

// AppendRecord appends a signed record, without a frame around it.
func AppendRecord(dst []byte, room RoomKey, r Record, sign func([]byte) []byte) []byte {
	start := len(dst)
	dst = append(dst, r.ID[:]...)
	dst = append(dst, r.Salt[:]...)
	dst = binary.BigEndian.AppendUint64(dst, r.Revision)
	dst = append(dst, r.Key[:]...)
	dst = appendName(dst, r.Name)
	dst = append(dst, byte(len(r.Topics)))
	for _, s := range r.Topics {
		dst = appendName(dst, s)
	}
	return append(dst, sign(withPrefix(recordPrefix, room, dst[start:]))...)
}

// ParseRecord reads a record from the start of p and returns what it takes and
// what follows it.
func ParseRecord(p []byte) (r Record, own, rest []byte, err error) {
	whole := p
	if len(p) < len(r.ID)+SaltSize+8+KeySize {
		return Record{}, nil, nil, errTruncated
	}
	r.ID, p = [32]byte(p), p[len(r.ID):]
	r.Salt, p = [SaltSize]byte(p), p[SaltSize:]
	r.Instance = InstanceOf(r.ID, r.Salt)
	r.Revision, p = binary.BigEndian.Uint64(p), p[8:]
	r.Key, p = [KeySize]byte(p), p[KeySize:]
	if r.Name, p, err = parseName(p); err != nil {
		return Record{}, nil, nil, err
	}
	if len(p) == 0 || p[0] > MaxTopics {
		return Record{}, nil, nil, errRecord
	}
	count := p[0]
	p = p[1:]
	for range count {
		var s string
		if s, p, err = parseTopic(p); err != nil {
			return Record{}, nil, nil, err
		}
		r.Topics = append(r.Topics, s)
	}
	if len(p) < signatureSize {
		return Record{}, nil, nil, errTruncated
	}
	p = p[signatureSize:]
	n := len(whole) - len(p)
	return r, whole[:n:n], p, nil
}

// VerifyRecord reports whether a record's bytes were signed in this room.
func VerifyRecord(own []byte, room RoomKey, verify func(message, signature []byte) bool) bool {
	cut := len(own) - signatureSize
	return verify(withPrefix(recordPrefix, room, own[:cut]), own[cut:])
}

// AppendRecordFrame appends a frame with a record as it was read or made.
func AppendRecordFrame(dst, record []byte) []byte {
	dst, start := begin(dst, TypeRecord)
	return end(append(dst, record...), start)
}

// What may follow the record in the frame with which a member sends its own.
const recordWeb = 1 // it is in a browser

// AppendOwnRecord is AppendRecordFrame for a member's own, which says whether it
// is in a browser.
func AppendOwnRecord(dst, record []byte, web bool) []byte {
	dst, start := begin(dst, TypeRecord)
	if dst = append(dst, record...); web {
		dst = append(dst, recordWeb)
	}
	return end(dst, start)
}

// IsWeb reads what follows a member's own record: whether it is in a browser.
func IsWeb(rest []byte) bool { return len(rest) > 0 && rest[0]&recordWeb != 0 }

func withPrefix(prefix string, room RoomKey, p []byte) []byte {
	b := make([]byte, 0, len(prefix)+len(room)+len(p))
	b = append(b, prefix...)
	b = append(b, room[:]...)
	return append(b, p...)
}

func appendName(dst []byte, s string) []byte { return append(append(dst, byte(len(s))), s...) }

func parseName(p []byte) (string, []byte, error) {
	s, rest, err := parseShort(p)
	if err != nil {
		return "", nil, err
	}
	if err := name.Check(s); err != nil {
		return "", nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	return s, rest, nil
}

// parseShort reads a length of one byte, and as many bytes.
func parseShort(p []byte) (s string, rest []byte, err error) {
	if len(p) == 0 {
		return "", nil, errTruncated
	}
	end := 1 + int(p[0]) // up to 256
	if len(p) < end {
		return "", nil, errTruncated
	}
	return string(p[1:end]), p[end:], nil
}
