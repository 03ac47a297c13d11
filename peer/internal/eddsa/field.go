package eddsa

// element is one of the field of 2^255-19: Σ e[i]·2^⌈25.5·i⌉. The authors of Ed25519
// have it so for machines that multiply 32 bits by 32 (their ref10). WebAssembly
// multiplies 64 by 64, but has no upper half of it, without which fewer limbs cost more.
//
// What mul, square and fromBytes make has limbs of at most 1.01·2^25, those of an odd
// index 1.01·2^24. They take four times that: so many can be added or subtracted first.
type element [10]int32

// limbBits is how many bits a limb has.
func limbBits(i int) int { return 26 - i&1 }

func (e *element) add(f, g *element) {
	for i := range e {
		e[i] = f[i] + g[i]
	}
}

func (e *element) sub(f, g *element) {
	for i := range e {
		e[i] = f[i] - g[i]
	}
}

// mul multiplies as on paper. f is doubled where both limbs are of an odd index, for
// they have half a bit less than they count, and g multiplied by 19 where 2^255 is
// reached, which is 19.
func (e *element) mul(f, g *element) {
	f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 := int64(f[0]), int64(f[1]), int64(f[2]), int64(f[3]), int64(f[4]), int64(f[5]), int64(f[6]), int64(f[7]), int64(f[8]), int64(f[9])
	g0, g1, g2, g3, g4, g5, g6, g7, g8, g9 := int64(g[0]), int64(g[1]), int64(g[2]), int64(g[3]), int64(g[4]), int64(g[5]), int64(g[6]), int64(g[7]), int64(g[8]), int64(g[9])
	d1, d3, d5, d7, d9 := 2*f1, 2*f3, 2*f5, 2*f7, 2*f9
	x1, x2, x3, x4, x5, x6, x7, x8, x9 := 19*g1, 19*g2, 19*g3, 19*g4, 19*g5, 19*g6, 19*g7, 19*g8, 19*g9
	e.carry(
		f0*g0+d1*x9+f2*x8+d3*x7+f4*x6+d5*x5+f6*x4+d7*x3+f8*x2+d9*x1,
		f0*g1+f1*g0+f2*x9+f3*x8+f4*x7+f5*x6+f6*x5+f7*x4+f8*x3+f9*x2,
		f0*g2+d1*g1+f2*g0+d3*x9+f4*x8+d5*x7+f6*x6+d7*x5+f8*x4+d9*x3,
		f0*g3+f1*g2+f2*g1+f3*g0+f4*x9+f5*x8+f6*x7+f7*x6+f8*x5+f9*x4,
		f0*g4+d1*g3+f2*g2+d3*g1+f4*g0+d5*x9+f6*x8+d7*x7+f8*x6+d9*x5,
		f0*g5+f1*g4+f2*g3+f3*g2+f4*g1+f5*g0+f6*x9+f7*x8+f8*x7+f9*x6,
		f0*g6+d1*g5+f2*g4+d3*g3+f4*g2+d5*g1+f6*g0+d7*x9+f8*x8+d9*x7,
		f0*g7+f1*g6+f2*g5+f3*g4+f4*g3+f5*g2+f6*g1+f7*g0+f8*x9+f9*x8,
		f0*g8+d1*g7+f2*g6+d3*g5+f4*g4+d5*g3+f6*g2+d7*g1+f8*g0+d9*x9,
		f0*g9+f1*g8+f2*g7+f3*g6+f4*g5+f5*g4+f6*g3+f7*g2+f8*g1+f9*g0,
	)
}

// square is mul by itself, of which half is there twice.
func (e *element) square(f *element) {
	f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 := int64(f[0]), int64(f[1]), int64(f[2]), int64(f[3]), int64(f[4]), int64(f[5]), int64(f[6]), int64(f[7]), int64(f[8]), int64(f[9])
	d0, d1, d2, d3, d4, d5, d7 := 2*f0, 2*f1, 2*f2, 2*f3, 2*f4, 2*f5, 2*f7
	x6, x8, y5, y6, y7, y8, y9 := 19*f6, 19*f8, 38*f5, 38*f6, 38*f7, 38*f8, 38*f9
	e.carry(
		f0*f0+d1*y9+f2*y8+d3*y7+f4*y6+f5*y5,
		d0*f1+f2*y9+f3*y8+f4*y7+f5*y6,
		d0*f2+d1*f1+d3*y9+f4*y8+d5*y7+f6*x6,
		d0*f3+d1*f2+f4*y9+f5*y8+f6*y7,
		d0*f4+d1*d3+f2*f2+d5*y9+f6*y8+f7*y7,
		d0*f5+d1*f4+d2*f3+f6*y9+f7*y8,
		d0*f6+d1*d5+d2*f4+d3*f3+d7*y9+f8*x8,
		d0*f7+d1*f6+d2*f5+d3*f4+f8*y9,
		d0*f8+d1*d7+d2*f6+d3*d5+f4*f4+f9*y9,
		d0*f9+d1*f8+d2*f7+d3*f6+d4*f5,
	)
}

// carry sets e to limbs of up to 62 bits.
func (e *element) carry(h0, h1, h2, h3, h4, h5, h6, h7, h8, h9 int64) {
	const half25, half26 = 1 << 24, 1 << 25
	c := (h0 + half26) >> 26
	h1, h0 = h1+c, h0-c<<26
	c = (h4 + half26) >> 26
	h5, h4 = h5+c, h4-c<<26
	c = (h1 + half25) >> 25
	h2, h1 = h2+c, h1-c<<25
	c = (h5 + half25) >> 25
	h6, h5 = h6+c, h5-c<<25
	c = (h2 + half26) >> 26
	h3, h2 = h3+c, h2-c<<26
	c = (h6 + half26) >> 26
	h7, h6 = h7+c, h6-c<<26
	c = (h3 + half25) >> 25
	h4, h3 = h4+c, h3-c<<25
	c = (h7 + half25) >> 25
	h8, h7 = h8+c, h7-c<<25
	c = (h4 + half26) >> 26
	h5, h4 = h5+c, h4-c<<26
	c = (h8 + half26) >> 26
	h9, h8 = h9+c, h8-c<<26
	c = (h9 + half25) >> 25
	h0, h9 = h0+19*c, h9-c<<25
	c = (h0 + half26) >> 26
	h1, h0 = h1+c, h0-c<<26
	*e = element{
		int32(h0), int32(h1), int32(h2), int32(h3), int32(h4),
		int32(h5), int32(h6), int32(h7), int32(h8), int32(h9),
	}
}

// squares squares n times.
func (e *element) squares(f *element, n int) {
	e.square(f)
	for range n - 1 {
		e.square(e)
	}
}

// invert sets e to 1/z, or 0 for 0: to the power of 2^255-21, by Fermat.
func (e *element) invert(z *element) {
	var z2, z9, z11, t, u, v element // and below powers of 2^n-1
	z2.square(z)
	t.squares(&z2, 2)
	z9.mul(&t, z)
	z11.mul(&z9, &z2)
	t.square(&z11)
	u.mul(&t, &z9) // 2^5-1
	t.squares(&u, 5)
	u.mul(&t, &u) // 2^10-1
	t.squares(&u, 10)
	v.mul(&t, &u) // 2^20-1
	t.squares(&v, 20)
	t.mul(&t, &v) // 2^40-1
	t.squares(&t, 10)
	u.mul(&t, &u) // 2^50-1
	t.squares(&u, 50)
	v.mul(&t, &u) // 2^100-1
	t.squares(&v, 100)
	t.mul(&t, &v) // 2^200-1
	t.squares(&t, 50)
	t.mul(&t, &u) // 2^250-1
	t.squares(&t, 5)
	e.mul(&t, &z11)
}

// fromBytes takes 32 bytes, little-endian, of which the last bit does not count.
func (e *element) fromBytes(p []byte) {
	var acc uint64
	var h [10]int64
	bits, at := 0, 0
	for i := range h {
		for ; bits < limbBits(i); bits += 8 {
			acc |= uint64(p[at]) << bits
			at++
		}
		h[i] = int64(acc & (1<<limbBits(i) - 1))
		acc >>= limbBits(i)
		bits -= limbBits(i)
	}
	e.carry(h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9])
}

// bytes returns the one encoding, reduced, of what mul or square made.
func (e *element) bytes() [32]byte {
	// How often the prime is in it, or once less than 0.
	q := (19*int64(e[9]) + 1<<24) >> 25
	for i, limb := range e {
		q = (int64(limb) + q) >> limbBits(i)
	}
	var out [32]byte
	var acc uint64
	c, bits, at := 19*q, 0, 0
	for i, limb := range e {
		c += int64(limb)
		acc |= uint64(c&(1<<limbBits(i)-1)) << bits
		c >>= limbBits(i)
		for bits += limbBits(i); bits >= 8; bits -= 8 {
			out[at] = byte(acc)
			acc >>= 8
			at++
		}
	}
	out[31] = byte(acc)
	return out
}
