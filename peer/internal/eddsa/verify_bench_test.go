package eddsa

import "testing"

func BenchmarkVerify(b *testing.B) {
	k := NewKey([SeedSize]byte{2})
	public := k.Public()
	message := make([]byte, 300)
	sig := k.Sign(message)
	for b.Loop() {
		if !Verify(public, message, sig) {
			b.Fatal("it does not verify")
		}
	}
}
