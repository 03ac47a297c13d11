// Package ristretto is ristretto255 (RFC 9496), a group of prime order made of
// edwards25519: what is in it has one encoding, and no element but the identity has a
// small order, so that whoever sends an element can send nothing else.
//
// The field and the points are those of filippo.io/edwards25519. Nothing here takes
// longer for one value than for another, but [Decode], by whether it fails.
package ristretto

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"

	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
)

// Sizes in bytes.
const (
	Size        = 32
	UniformSize = 64
)

// Element is one of the group, which stands for four points of the curve. Only
// encodings can be compared.
type Element struct{ point edwards25519.Point }

// Scalar is an integer modulo the order of the group.
type Scalar = edwards25519.Scalar

var errEncoding = errors.New("ristretto: no element")

// Constants of RFC 9496 §4.1.
var (
	one              = new(field.Element).One()
	d                = constant("a3785913ca4deb75abd841414d0a700098e879777940c78c73fe6f2bee6c0352")
	sqrtM1           = constant("b0a00e4a271beec478e42fad0618432fa7d7fb3d99004d2b0bdfc14f8024832b")
	sqrtADMinusOne   = constant("1b2e7b49a0f6977ebd54781b0c8e9daffdd1f531c9fc3c0fac48832bbf316937")
	invSqrtAMinusD   = constant("ea405d80aafdc899be72415a17162f9d40d801fe917bc216a2fcafcf05896c78")
	oneMinusDSquared = constant("76c15f94c1097ce20f355ecd38a1812ce4df70beddab9499d7e0b3b2a8729002")
	dMinusOneSquared = constant("204ded44aa5aad3199191eb02c4a9ed2eb4e9b522fd3dc4c41226cf67ab36859")
)

// constant returns the element of a little-endian encoding in hex.
func constant(encoding string) *field.Element {
	p, err := hex.DecodeString(encoding)
	if err != nil {
		panic(err)
	}
	e, err := new(field.Element).SetBytes(p)
	if err != nil {
		panic(err)
	}
	return e
}

// Decode returns the element of an encoding (RFC 9496 §4.3.1), the identity included.
func Decode(p []byte) (*Element, error) {
	s, err := new(field.Element).SetBytes(p)
	if err != nil {
		return nil, errEncoding
	}
	// SetBytes takes what is not canonical, too.
	if subtle.ConstantTimeCompare(s.Bytes(), p) != 1 || s.IsNegative() == 1 {
		return nil, errEncoding
	}
	var ss, u1, u2, u2Squared, v, root, denX, denY, x, y, t field.Element
	ss.Square(s)
	u1.Subtract(one, &ss)
	u2.Add(one, &ss)
	u2Squared.Square(&u2)
	v.Square(&u1)
	v.Multiply(d, &v)
	v.Negate(&v)
	v.Subtract(&v, &u2Squared)
	_, square := root.SqrtRatio(one, t.Multiply(&v, &u2Squared))
	denX.Multiply(&root, &u2)
	denY.Multiply(&root, &denX)
	denY.Multiply(&denY, &v)
	x.Multiply(s, &denX)
	x.Add(&x, &x)
	x.Absolute(&x)
	y.Multiply(&u1, &denY)
	t.Multiply(&x, &y)
	if square == 0 || t.IsNegative() == 1 || y.Equal(new(field.Element)) == 1 {
		return nil, errEncoding
	}
	return fromCoordinates(&x, &y, one, &t), nil
}

// Encode returns the encoding, that of the identity is all zeros (RFC 9496 §4.3.2).
func (e *Element) Encode() (out [Size]byte) {
	x0, y0, z0, t0 := e.point.ExtendedCoordinates()
	var u1, u2, root, den1, den2, zInverse, ix0, iy0, enchanted, tmp field.Element
	u1.Multiply(u1.Add(z0, y0), tmp.Subtract(z0, y0))
	u2.Multiply(x0, y0)
	tmp.Square(&u2)
	root.SqrtRatio(one, tmp.Multiply(&u1, &tmp)) // is always a square
	den1.Multiply(&root, &u1)
	den2.Multiply(&root, &u2)
	zInverse.Multiply(&den1, &den2)
	zInverse.Multiply(&zInverse, t0)
	ix0.Multiply(x0, sqrtM1)
	iy0.Multiply(y0, sqrtM1)
	enchanted.Multiply(&den1, invSqrtAMinusD)

	rotate := tmp.Multiply(t0, &zInverse).IsNegative()
	var x, y, den, s field.Element
	x.Select(&iy0, x0, rotate)
	y.Select(&ix0, y0, rotate)
	den.Select(&enchanted, &den2, rotate)
	y.Select(s.Negate(&y), &y, tmp.Multiply(&x, &zInverse).IsNegative())
	s.Subtract(z0, &y)
	s.Multiply(&den, &s)
	copy(out[:], s.Absolute(&s).Bytes())
	return out
}

// FromUniform returns an element whose logarithm nobody knows (RFC 9496 §4.3.4). If
// the bytes are uniform, so is the element.
func FromUniform(p [UniformSize]byte) *Element {
	first, second := mapToElement(p[:UniformSize/2]), mapToElement(p[UniformSize/2:])
	first.point.Add(&first.point, &second.point)
	return first
}

// mapToElement is MAP of RFC 9496 §4.3.4; the highest bit of p does not count.
func mapToElement(p []byte) *Element {
	var t, r, u, v, c, s, s2, n, w0, w1, w2, w3, tmp field.Element
	_, _ = t.SetBytes(p) // its length is right
	r.Square(&t)
	r.Multiply(sqrtM1, &r)
	u.Add(&r, one)
	u.Multiply(&u, oneMinusDSquared)
	c.Negate(one)
	v.Multiply(&r, d)
	v.Subtract(&c, &v)
	v.Multiply(&v, tmp.Add(&r, d))

	_, square := s.SqrtRatio(&u, &v)
	tmp.Multiply(&s, &t)
	tmp.Absolute(&tmp)
	s.Select(&s, tmp.Negate(&tmp), square)
	c.Select(&c, &r, square)

	n.Subtract(&r, one)
	n.Multiply(&c, &n)
	n.Multiply(&n, dMinusOneSquared)
	n.Subtract(&n, &v)
	w0.Multiply(&s, &v)
	w0.Add(&w0, &w0)
	w1.Multiply(&n, sqrtADMinusOne)
	s2.Square(&s)
	w2.Subtract(one, &s2)
	w3.Add(one, &s2)
	return fromCoordinates(u.Multiply(&w0, &w3), v.Multiply(&w2, &w1), n.Multiply(&w1, &w3), t.Multiply(&w0, &w2))
}

// Times returns s·e.
func (e *Element) Times(s *Scalar) *Element {
	out := new(Element)
	out.point.ScalarMult(s, &e.point)
	return out
}

// fromCoordinates returns the element of a point in extended coordinates.
func fromCoordinates(x, y, z, t *field.Element) *Element {
	e := new(Element)
	if _, err := e.point.SetExtendedCoordinates(x, y, z, t); err != nil {
		panic(err) // the formulas yield nothing but points of the curve
	}
	return e
}
