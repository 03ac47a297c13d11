package suite

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"testing"
)

// TestX25519Vectors is RFC 7748 §5.2.
func TestX25519Vectors(t *testing.T) {
	for _, v := range []struct{ scalar, u, want string }{
		{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d", "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493", "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
	} {
		got := x25519([32]byte(unhex(v.scalar)), [32]byte(unhex(v.u)))
		if hex.EncodeToString(got[:]) != v.want {
			t.Errorf("%s times %s is %x, want %s", v.scalar, v.u, got, v.want)
		}
	}
	k, u := [32]byte{9}, [32]byte{9}
	for i := range 1000 {
		k, u = x25519(k, u), k
		if i == 0 && hex.EncodeToString(k[:]) != "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079" {
			t.Errorf("once makes %x", k)
		}
	}
	if hex.EncodeToString(k[:]) != "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51" {
		t.Errorf("a thousand times makes %x", k)
	}
}

// TestX25519IsTheLibrarys compares with package crypto/ecdh, also for points that
// are not on the curve or not reduced.
func TestX25519IsTheLibrarys(t *testing.T) {
	for i := range 200 {
		var scalar, u [32]byte
		_, _ = rand.Read(scalar[:])
		_, _ = rand.Read(u[:])
		if i%4 == 0 {
			for j := range u[1:] {
				u[j+1] = 0xff
			}
		}
		private, err := ecdh.X25519().NewPrivateKey(scalar[:])
		if err != nil {
			t.Fatal(err)
		}
		public, err := ecdh.X25519().NewPublicKey(u[:])
		if err != nil {
			t.Fatal(err)
		}
		want, err := private.ECDH(public)
		if err != nil {
			continue // nothing but zeros
		}
		if got := x25519(scalar, u); [32]byte(want) != got {
			t.Errorf("%x times %x is %x, want %x", scalar, u, got, want)
		}
	}
}
