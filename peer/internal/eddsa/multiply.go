package eddsa

import "encoding/binary"

// halfBits is how many bits of a scalar are taken at once: of two points, P and
// 2^128·P, each has half the doublings.
const halfBits = 128

// multiples are the odd ones of a point, 1, 3, 5 … times, and of 2^128 times it.
type multiples [2][]addend

// multiplesOf returns so many, for digits of the bits that digitBits says.
func multiplesOf(p point, digitBits int) *multiples {
	var m multiples
	for half := range m {
		m[half] = oddOf(&p, 1<<(digitBits-2))
		var r fourths
		for range halfBits {
			r.double(&p)
			p.short(&r)
		}
		p.whole(&r)
	}
	return &m
}

func oddOf(p *point, count int) []addend {
	var twice, next point
	var r fourths
	r.double(p)
	twice.whole(&r)
	step := twice.addend()
	all := make([]addend, 0, count)
	next = *p
	for range count {
		all = append(all, next.addend())
		r.add(&next, &step, false)
		next.whole(&r)
	}
	return all
}

// digits are those of half a scalar, each 0 or odd, between -2^(w-1) and 2^(w-1), and
// of w in a row at most one that is not 0 (the non-adjacent form of width w).
type digits [halfBits + 1]int8

func digitsOf(half []byte, w int) *digits {
	// With zeros above, for the last digits.
	words := [3]uint64{binary.LittleEndian.Uint64(half), binary.LittleEndian.Uint64(half[8:])}
	var d digits
	carry := uint64(0)
	for at := 0; at < len(d); {
		bits := words[at/64] >> (at % 64)
		if at%64+w > 64 {
			bits |= words[at/64+1] << (64 - at%64)
		}
		digit := bits&(1<<w-1) + carry
		if digit&1 == 0 {
			at++
			continue
		}
		carry = digit >> (w - 1)
		d[at] = int8(int(digit) - int(carry)<<w)
		at += w
	}
	return &d
}

// term is a scalar, 32 bytes below 2^255, and what it is to be multiplied with.
type term struct {
	scalar    []byte
	digitBits int
	of        *multiples
	negated   bool
}

// sum returns all of them together.
func sum(terms ...term) point {
	type row struct {
		*digits
		from    []addend
		negated bool
	}
	var rows []row
	for _, t := range terms {
		for half, from := range t.of {
			rows = append(rows, row{digitsOf(t.scalar[half*halfBits/8:], t.digitBits), from, t.negated})
		}
	}
	p := point{y: element{1}, z: element{1}}
	var r fourths
	for at := halfBits; at >= 0; at-- {
		r.double(&p)
		for _, row := range rows {
			if d := int(row.digits[at]); d != 0 {
				p.whole(&r)
				r.add(&p, &row.from[max(d, -d)/2], (d < 0) != row.negated)
			}
		}
		p.short(&r)
	}
	return p
}
