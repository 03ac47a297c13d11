package eddsa

import "filippo.io/edwards25519"

// point is one of the curve -x²+y² = 1+dx²y², d = -121665/121666: x = X/Z, y = Y/Z,
// xy = T/Z (RFC 8032 §5.1.4; Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves
// Revisited"). Its arithmetic takes more or less time for one point or scalar than for
// another: it is for what everybody knows.
type point struct{ x, y, z, t element }

// addend is a point, or with what it is negated, as it is added: Y+X, Y-X, 2Z, 2dT.
type addend struct{ plus, minus, z2, t2d element }

// fourths are what a sum ends with: x = X/Z, y = Y/T.
type fourths struct{ x, y, z, t element }

// twiceD is 2d.
var twiceD = element{-21827239, -5839606, -30745221, 13898782, 229458, 15978800, -12551817, -6495438, 29715968, 9444199}

// pointOf takes one over from the library.
func pointOf(from *edwards25519.Point) point {
	x, y, z, t := from.ExtendedCoordinates()
	var p point
	p.x.fromBytes(x.Bytes())
	p.y.fromBytes(y.Bytes())
	p.z.fromBytes(z.Bytes())
	p.t.fromBytes(t.Bytes())
	return p
}

func (p *point) addend() addend {
	var a addend
	a.plus.add(&p.y, &p.x)
	a.minus.sub(&p.y, &p.x)
	a.z2.add(&p.z, &p.z)
	a.t2d.mul(&p.t, &twiceD)
	return a
}

// double sets r to 2p. T of p does not count.
func (r *fourths) double(p *point) {
	var xx, yy, zz element
	xx.square(&p.x)
	yy.square(&p.y)
	zz.square(&p.z)
	r.x.add(&p.x, &p.y)
	r.t.square(&r.x)
	r.y.add(&yy, &xx)
	r.z.sub(&yy, &xx)
	r.x.sub(&r.t, &r.y)
	r.t.add(&zz, &zz)
	r.t.sub(&r.t, &r.z)
}

// add sets r to p+a, or p-a.
func (r *fourths) add(p *point, a *addend, negated bool) {
	plus, minus := &a.plus, &a.minus
	if negated {
		plus, minus = minus, plus
	}
	var up, down, t, z element
	up.add(&p.y, &p.x)
	up.mul(&up, plus)
	down.sub(&p.y, &p.x)
	down.mul(&down, minus)
	t.mul(&p.t, &a.t2d)
	z.mul(&p.z, &a.z2)
	r.x.sub(&up, &down)
	r.y.add(&up, &down)
	if negated {
		r.z.sub(&z, &t)
		r.t.add(&z, &t)
		return
	}
	r.z.add(&z, &t)
	r.t.sub(&z, &t)
}

// short sets all of p but T.
func (p *point) short(r *fourths) {
	p.x.mul(&r.x, &r.t)
	p.y.mul(&r.y, &r.z)
	p.z.mul(&r.z, &r.t)
}

func (p *point) whole(r *fourths) {
	p.short(r)
	p.t.mul(&r.x, &r.y)
}

// bytes returns the encoding (RFC 8032 §5.1.2).
func (p *point) bytes() [32]byte {
	var x, y, inverse element
	inverse.invert(&p.z)
	x.mul(&p.x, &inverse)
	y.mul(&p.y, &inverse)
	out, sign := y.bytes(), x.bytes()
	out[31] |= sign[0] << 7
	return out
}
