// Package suite is HPKE (RFC 9180) in base mode with one suite:
// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM. It is for programs that
// have to be small. Package crypto/hpke has the others too, and links them all.
package suite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// Sizes of the suite, in bytes.
const (
	secretSize = 32
	keySize    = 16
	nonceSize  = 12
)

// What the hashes are labeled with (RFC 9180 §4.1, §5.1, §7).
const (
	kemID   = "KEM\x00\x20"
	suiteID = "HPKE\x00\x20\x00\x01\x00\x01"

	modeBase = 0
)

// Errors of what comes from the other side.
var (
	errPublic = errors.New("hpke: public key is none")
	errOpen   = errors.New("hpke: does not open")
)

// errSealed is for who has sealed 2^64 times.
var errSealed = errors.New("hpke: nothing more can be sealed")

// Sender seals.
type Sender struct{ sequence }

// Recipient opens in the order in which the sender has sealed.
type Recipient struct{ sequence }

// NewSender returns what seals for the holder of a public key, and the enc that it
// needs to open.
func NewSender(public [32]byte, info []byte) (enc []byte, s *Sender, err error) {
	return newSender(NewKey(), public, info)
}

func newSender(ephemeral *Key, public [32]byte, info []byte) (enc []byte, s *Sender, err error) {
	dh, err := ephemeral.exchange(public)
	if err != nil {
		return nil, nil, err
	}
	enc = ephemeral.public[:]
	q, err := newSequence(sharedSecret(dh, enc, public[:]), info)
	if err != nil {
		return nil, nil, err
	}
	return enc, &Sender{q}, nil
}

// NewRecipient returns what opens what the sender of enc seals.
func NewRecipient(enc []byte, key *Key, info []byte) (*Recipient, error) {
	if len(enc) != len(key.public) {
		return nil, errPublic
	}
	dh, err := key.exchange([32]byte(enc))
	if err != nil {
		return nil, err
	}
	q, err := newSequence(sharedSecret(dh, enc, key.public[:]), info)
	if err != nil {
		return nil, err
	}
	return &Recipient{q}, nil
}

// Seal encrypts and authenticates plaintext, and authenticates aad.
func (s *Sender) Seal(aad, plaintext []byte) ([]byte, error) {
	if s.next == maxNext {
		return nil, errSealed
	}
	sealed := s.aead.Seal(nil, s.nonce(), plaintext, aad)
	s.next++
	return sealed, nil
}

// Open returns what was sealed. What does not open changes nothing.
func (r *Recipient) Open(aad, sealed []byte) ([]byte, error) {
	if r.next == maxNext {
		return nil, errOpen
	}
	plaintext, err := r.aead.Open(nil, r.nonce(), sealed, aad)
	if err != nil {
		return nil, errOpen
	}
	r.next++
	return plaintext, nil
}

// sequence numbers what is sealed (RFC 9180 §5.2).
type sequence struct {
	aead cipher.AEAD
	base []byte
	next uint64
}

const maxNext = 1<<64 - 1

// newSequence is the key schedule (RFC 9180 §5.1).
func newSequence(shared, info []byte) (sequence, error) {
	context := slices.Concat([]byte{modeBase}, extract(suiteID, nil, "psk_id_hash", nil), extract(suiteID, nil, "info_hash", info))
	secret := extract(suiteID, shared, "secret", nil)
	block, err := aes.NewCipher(expand(suiteID, secret, "key", context, keySize))
	if err != nil {
		return sequence{}, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sequence{}, err
	}
	return sequence{aead: aead, base: expand(suiteID, secret, "base_nonce", context, nonceSize)}, nil
}

func (q *sequence) nonce() []byte {
	number := binary.BigEndian.AppendUint64(make([]byte, nonceSize-8, nonceSize), q.next)
	for i, b := range q.base {
		number[i] ^= b
	}
	return number
}

// sharedSecret is ExtractAndExpand (RFC 9180 §4.1).
func sharedSecret(dh, enc, public []byte) []byte {
	return expand(kemID, extract(kemID, nil, "eae_prk", dh), "shared_secret", slices.Concat(enc, public), secretSize)
}

func extract(id string, salt []byte, label string, ikm []byte) []byte {
	prk, err := hkdf.Extract(sha256.New, slices.Concat([]byte("HPKE-v1"), []byte(id), []byte(label), ikm), salt)
	if err != nil {
		panic(err) // of a hash that is not allowed
	}
	return prk
}

func expand(id string, prk []byte, label string, info []byte, size int) []byte {
	labeled := binary.BigEndian.AppendUint16(nil, uint16(size))
	out, err := hkdf.Expand(sha256.New, prk, string(labeled)+"HPKE-v1"+id+label+string(info), size)
	if err != nil {
		panic(err) // of too large a size
	}
	return out
}
