// Package eddsa is Ed25519 (RFC 8032) for a program that starts often. Package
// crypto/ed25519 begins with two tables, which make what comes after twice as fast
// and take 80 ms in a browser, half a second in a phone's: a third of the time that
// a page takes to be in the room. Here there are none. The arithmetic is that of the
// standard library, which its author keeps as a module too.
//
// What is signed and what verifies is exactly what is in crypto/ed25519: a member
// that took what others refuse would tell another story than they do.
package eddsa

import (
	"crypto/sha512"
	"crypto/subtle"

	"filippo.io/edwards25519"
)

// Sizes in bytes.
const (
	SeedSize      = 32
	PublicSize    = 32
	SignatureSize = 64
)

// Key is a private key.
type Key struct {
	scalar *edwards25519.Scalar
	prefix [32]byte
	public [PublicSize]byte
}

// NewKey returns the key made of a seed (RFC 8032 §5.1.5).
func NewKey(seed [SeedSize]byte) *Key {
	h := sha512.Sum512(seed[:])
	k := &Key{prefix: [32]byte(h[32:])}
	k.scalar, _ = edwards25519.NewScalar().SetBytesWithClamping(h[:32]) // the length is right
	k.public = timesBase(k.scalar)
	return k
}

// Public returns the public half.
func (k *Key) Public() [PublicSize]byte { return k.public }

// Sign returns the signature of message (RFC 8032 §5.1.6).
func (k *Key) Sign(message []byte) []byte {
	r := hash(k.prefix[:], message)
	point := timesBase(r)
	s := edwards25519.NewScalar().MultiplyAdd(hash(point[:], k.public[:], message), k.scalar, r)
	return append(point[:], s.Bytes()...)
}

// Verify reports whether sig is the signature of message by the holder of public
// (RFC 8032 §5.1.7, without the cofactor).
func Verify(public [PublicSize]byte, message, sig []byte) bool {
	if len(sig) != SignatureSize {
		return false
	}
	a, err := new(edwards25519.Point).SetBytes(public[:])
	if err != nil {
		return false
	}
	s, err := edwards25519.NewScalar().SetCanonicalBytes(sig[32:])
	if err != nil {
		return false
	}
	k := hash(sig[:32], public[:], message)
	// The point and not the scalar: for a point of small order the two are not the
	// same, since the scalar is reduced by the order of the base point.
	r := new(edwards25519.Point).VarTimeMultiScalarMult(
		[]*edwards25519.Scalar{k, s},
		[]*edwards25519.Point{a.Negate(a), edwards25519.NewGeneratorPoint()},
	)
	return subtle.ConstantTimeCompare(r.Bytes(), sig[:32]) == 1
}

// timesBase takes as long for any scalar.
func timesBase(s *edwards25519.Scalar) [PublicSize]byte {
	return [PublicSize]byte(new(edwards25519.Point).ScalarMult(s, edwards25519.NewGeneratorPoint()).Bytes())
}

func hash(parts ...[]byte) *edwards25519.Scalar {
	h := sha512.New()
	for _, p := range parts {
		_, _ = h.Write(p) // never fails
	}
	s, _ := edwards25519.NewScalar().SetUniformBytes(h.Sum(nil)) // the length is right
	return s
}
