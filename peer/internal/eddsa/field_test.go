package eddsa

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"

	"filippo.io/edwards25519/field"
)

// edges are numbers at which carries go all the way, or limbs are as long as they get.
var edges = func() [][32]byte {
	all := [][32]byte{{}, {1}, {2}, {19}}
	for _, low := range []byte{0xec, 0xed, 0xee, 0xff, 0xda, 0} { // -1, the prime, …
		p := [32]byte(bytes.Repeat([]byte{0xff}, 32))
		p[0], p[31] = low, 0x7f
		all = append(all, p)
	}
	for bit := range 255 {
		var p [32]byte
		p[bit/8] = 1 << (bit % 8)
		all = append(all, p)
	}
	return all
}()

// TestFieldIsTheLibrarys computes with random numbers and with edges.
func TestFieldIsTheLibrarys(t *testing.T) {
	numbers := slices.Clone(edges)
	for range 200 {
		var p [32]byte
		_, _ = rand.Read(p[:])
		p[31] &= 0x7f
		numbers = append(numbers, p)
	}
	last := numbers[len(numbers)-1]
	for _, p := range numbers {
		for _, q := range [][32]byte{p, last, edges[4], {1}} {
			compute(t, p, q)
		}
		last = p
	}
}

// compute has sums and differences of four multiplied, as points have them.
func compute(t *testing.T, p, q [32]byte) {
	t.Helper()
	var a, b, sum, product, power element
	a.fromBytes(p[:])
	b.fromBytes(q[:])
	x, y := theirs(p), theirs(q)
	check := func(what string, got element, want *field.Element) {
		t.Helper()
		if g := got.bytes(); !bytes.Equal(g[:], want.Bytes()) {
			t.Errorf("%s of %x and %x is %x, want %x", what, p, q, g, want.Bytes())
		}
	}
	sum.add(&a, &a)
	sum.add(&sum, &a)
	sum.sub(&sum, &b)
	want := new(field.Element).Add(x, x)
	want.Add(want, x)
	want.Subtract(want, y)
	product.mul(&sum, &sum)
	power.square(&sum)
	want.Square(want)
	check("the product", product, want)
	check("the square", power, want)
	product.mul(&a, &b)
	check("a·b", product, new(field.Element).Multiply(x, y))
	product.invert(&a)
	check("1/a", product, new(field.Element).Invert(x))
}

func theirs(p [32]byte) *field.Element {
	x, err := new(field.Element).SetBytes(p[:])
	if err != nil {
		panic(err)
	}
	return x
}
