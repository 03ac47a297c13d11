package eddsa

import (
	"crypto/subtle"
	"sync"

	"filippo.io/edwards25519"
)

// How wide the digits are that a scalar is taken in: a point that is used once has few
// multiples, the base point, whose are made with the first signature, more.
const (
	keyDigitBits  = 5
	baseDigitBits = 7
)

// maxKeys is of how many public keys the multiples are remembered, 2.5 KiB each: twice
// as many as a room has members. With more they are made anew, which takes half as long
// again as verifying does.
const maxKeys = 256

var remembered = struct {
	base func() *multiples

	mu   sync.Mutex // guards what follows
	keys map[[PublicSize]byte]*multiples
}{
	base: sync.OnceValue(func() *multiples {
		return multiplesOf(pointOf(edwards25519.NewGeneratorPoint()), baseDigitBits)
	}),
	keys: make(map[[PublicSize]byte]*multiples),
}

// multiplesOfKey returns those of a public key, nil if it is none.
func multiplesOfKey(public [PublicSize]byte) *multiples {
	r := &remembered
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.keys[public]; m != nil {
		return m
	}
	a, err := new(edwards25519.Point).SetBytes(public[:])
	if err != nil {
		return nil
	}
	if len(r.keys) >= maxKeys {
		clear(r.keys)
	}
	m := multiplesOf(pointOf(a), keyDigitBits)
	r.keys[public] = m
	return m
}

// Verify reports whether sig is the signature of message by the holder of public
// (RFC 8032 §5.1.7, without the cofactor).
func Verify(public [PublicSize]byte, message, sig []byte) bool {
	if len(sig) != SignatureSize {
		return false
	}
	key := multiplesOfKey(public)
	if key == nil {
		return false
	}
	s, err := edwards25519.NewScalar().SetCanonicalBytes(sig[32:])
	if err != nil {
		return false
	}
	k := hash(sig[:32], public[:], message)
	// The point and not the scalar is negated: for a point of small order the two are
	// not the same, since the scalar is reduced by the order of the base point.
	r := sum(
		term{scalar: k.Bytes(), of: key, digitBits: keyDigitBits, negated: true},
		term{scalar: s.Bytes(), of: remembered.base(), digitBits: baseDigitBits},
	)
	got := r.bytes()
	return subtle.ConstantTimeCompare(got[:], sig[:32]) == 1
}
