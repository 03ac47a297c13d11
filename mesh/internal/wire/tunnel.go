package wire

import "errors"

// Kinds of record: the first byte of what a relay frame carries.
const (
	TunnelOpen    = 1
	TunnelKeys    = 2
	TunnelSealed  = 3
	CarriedOffer  = 4
	CarriedAnswer = 5
)

// Kinds of what is sealed: the first byte of its plaintext.
const (
	SealedMessage = 1 // a link message
	SealedCredit  = 2 // bytes of link messages that the receiver has read, 8
	SealedPing    = 3
	SealedPong    = 4
	SealedClose   = 5 // why, in words
	SealedPart    = 6 // the beginning of a link message, or what follows it
)

// NonceSize is the size of what makes two tunnels between the same members
// different.
const NonceSize = 16

// TagSize is how much of the receiver's nonce a sealed record carries before
// its ciphertext.
const TagSize = 8

const (
	encSize    = 32 // an encapsulated key of DHKEM(X25519), RFC 9180 section 7.1
	openPrefix = "lanyap tunnel open v1\x00"
	keysPrefix = "lanyap tunnel keys v1\x00"
)

var errTunnel = errors.New("wire: tunnel record is malformed")

// Open is the first record of a tunnel, from either side.
type Open struct {
	Nonce  [NonceSize]byte
	Record Record
	own    []byte // the record with its signature
	signed []byte
	sig    []byte
}

// AppendOpen appends an open record for the member with the instance to.
// record is the sender's own, signed.
func AppendOpen(dst []byte, room RoomKey, to [8]byte, nonce [NonceSize]byte, record []byte, sign func([]byte) []byte) []byte {
	dst = append(dst, TunnelOpen)
	start := len(dst)
	dst = append(dst, nonce[:]...)
	dst = append(dst, record...)
	return append(dst, sign(openBytes(room, to, dst[start:]))...)
}

// ParseOpen reads an open record after its kind.
func ParseOpen(p []byte) (Open, error) {
	if len(p) < NonceSize {
		return Open{}, errTunnel
	}
	o := Open{Nonce: [NonceSize]byte(p)}
	var rest []byte
	var err error
	if o.Record, o.own, rest, err = ParseRecord(p[NonceSize:]); err != nil {
		return Open{}, err
	}
	if len(rest) != signatureSize {
		return Open{}, errTunnel
	}
	o.signed, o.sig = p[:len(p)-signatureSize], rest
	return o, nil
}

// Verify reports whether the record and the open are signed by the same ID, for
// the instance to in this room.
func (o *Open) Verify(room RoomKey, to [8]byte, verify func(message, signature []byte) bool) bool {
	return VerifyRecord(o.own, room, verify) && verify(openBytes(room, to, o.signed), o.sig)
}

func openBytes(room RoomKey, to [8]byte, p []byte) []byte {
	return append(withPrefix(openPrefix, room, to[:]), p...)
}

// Keys is the second record of a tunnel, from either side: the encapsulated key
// of what its sender seals.
type Keys struct {
	From, To Member
	Nonce    [NonceSize]byte // the sender's
	Other    [NonceSize]byte // the receiver's
	Enc      []byte
	sig      []byte
}

// Info is what the key of that direction is bound to.
func (k *Keys) Info(room RoomKey) []byte {
	b := withPrefix(keysPrefix, room, nil)
	b = appendMember(appendMember(b, k.From), k.To)
	return append(append(b, k.Nonce[:]...), k.Other[:]...)
}

// AppendKeys appends a keys record.
func AppendKeys(dst []byte, room RoomKey, k Keys, sign func([]byte) []byte) []byte {
	dst = append(append(append(dst, TunnelKeys), k.Nonce[:]...), k.Other[:]...)
	dst = append(dst, k.Enc...)
	return append(dst, sign(append(k.Info(room), k.Enc...))...)
}

// ParseKeys reads a keys record after its kind. From and To are for the caller
// to fill in.
func ParseKeys(p []byte) (Keys, error) {
	if len(p) != 2*NonceSize+encSize+signatureSize {
		return Keys{}, errTunnel
	}
	return Keys{
		Nonce: [NonceSize]byte(p),
		Other: [NonceSize]byte(p[NonceSize:]),
		Enc:   p[2*NonceSize : 2*NonceSize+encSize],
		sig:   p[2*NonceSize+encSize:],
	}, nil
}

// Verify reports whether the sender signed the key.
func (k *Keys) Verify(room RoomKey, verify func(message, signature []byte) bool) bool {
	return verify(append(k.Info(room), k.Enc...), k.sig)
}
