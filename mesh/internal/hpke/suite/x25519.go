package suite

import (
	"crypto/rand"
	"crypto/subtle"

	"filippo.io/edwards25519/field"
)

// Package crypto/ecdh would do this as well. It tests itself at each start, and
// links the tables of P-256 for that, 110 KB of a page. The arithmetic is that of
// the standard library, which its author keeps as a module too.

// Key is a private key of X25519 (RFC 7748).
type Key struct{ private, public [32]byte }

// NewKey returns a new key.
func NewKey() *Key {
	var k Key
	_, _ = rand.Read(k.private[:]) // never fails
	k.public = x25519(k.private, [32]byte{9})
	return &k
}

// Public returns the public half.
func (k *Key) Public() [32]byte { return k.public }

// exchange returns what both sides know. A public key for which that would be known
// to everybody is an error (RFC 7748 §6.1).
func (k *Key) exchange(public [32]byte) ([]byte, error) {
	shared := x25519(k.private, public)
	if subtle.ConstantTimeCompare(shared[:], make([]byte, len(shared))) == 1 {
		return nil, errPublic
	}
	return shared[:], nil
}

// x25519 is the function of that name (RFC 7748 §5), in constant time.
func x25519(scalar, u [32]byte) (out [32]byte) {
	scalar[0] &= 248
	scalar[31] = scalar[31]&127 | 64
	var x1, x2, z2, x3, z3 field.Element
	_, _ = x1.SetBytes(u[:]) // its length is right
	x2.One()
	x3.Set(&x1)
	z3.One()
	swap := 0
	for t := 254; t >= 0; t-- {
		bit := int(scalar[t/8]>>(t%8)) & 1
		swap ^= bit
		x2.Swap(&x3, swap)
		z2.Swap(&z3, swap)
		swap = bit
		step(&x1, &x2, &z2, &x3, &z3)
	}
	x2.Swap(&x3, swap)
	z2.Swap(&z3, swap)
	z2.Invert(&z2)
	copy(out[:], x2.Multiply(&x2, &z2).Bytes())
	return out
}

// step is one of the ladder, by the names of RFC 7748.
func step(x1, x2, z2, x3, z3 *field.Element) {
	var a, aa, b, bb, e, c, d, da, cb field.Element
	a.Add(x2, z2)
	aa.Square(&a)
	b.Subtract(x2, z2)
	bb.Square(&b)
	e.Subtract(&aa, &bb)
	c.Add(x3, z3)
	d.Subtract(x3, z3)
	da.Multiply(&d, &a)
	cb.Multiply(&c, &b)
	x3.Add(&da, &cb)
	x3.Square(x3)
	z3.Subtract(&da, &cb)
	z3.Square(z3)
	z3.Multiply(x1, z3)
	x2.Multiply(&aa, &bb)
	z2.Mult32(&e, 121665)
	z2.Add(&aa, z2)
	z2.Multiply(&e, z2)
}
