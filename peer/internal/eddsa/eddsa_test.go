package eddsa

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"
)

// TestVectors is RFC 8032 §7.1.
func TestVectors(t *testing.T) {
	for _, v := range []struct{ seed, public, message, sig string }{
		{
			"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
			"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
		},
		{
			"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
			"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
		},
	} {
		message, _ := hex.DecodeString(v.message)
		seed, _ := hex.DecodeString(v.seed)
		k := NewKey([SeedSize]byte(seed))
		public, sig := k.Public(), k.Sign(message)
		if hex.EncodeToString(public[:]) != v.public || hex.EncodeToString(sig) != v.sig || !Verify(public, message, sig) {
			t.Errorf("%s: %x signs %x, verified: %v", v.seed, public, sig, Verify(public, message, sig))
		}
	}
}

// TestIsTheLibrarys signs as package crypto/ed25519 does, and verifies what that
// verifies, with any byte of it wrong.
func TestIsTheLibrarys(t *testing.T) {
	for i := range 40 {
		var seed [SeedSize]byte
		_, _ = rand.Read(seed[:])
		message := bytes.Repeat([]byte{byte(i)}, i*5)
		k, theirs := NewKey(seed), ed25519.NewKeyFromSeed(seed[:])
		public := k.Public()
		if !bytes.Equal(public[:], theirs[32:]) {
			t.Errorf("the public half is %x, want %x", public, theirs[32:])
		}
		sig := k.Sign(message)
		if want := ed25519.Sign(theirs, message); !bytes.Equal(sig, want) {
			t.Errorf("%q is signed as %x, want %x", message, sig, want)
		}
		same(t, public, message, sig)
		same(t, public, append(message, 1), sig)
		for at := range sig {
			wrong := slices.Clone(sig)
			wrong[at] ^= 1 << (i % 8)
			same(t, public, message, wrong)
		}
		for at := range public {
			wrong := public
			wrong[at] ^= 1 << (i % 8)
			same(t, wrong, message, sig)
		}
	}
	for n := range 70 {
		if n != SignatureSize && Verify([PublicSize]byte{}, nil, make([]byte, n)) {
			t.Errorf("a signature of %d bytes is taken", n)
		}
	}
}

// same compares with the library, and reports what both say.
func same(t *testing.T, public [PublicSize]byte, message, sig []byte) bool {
	t.Helper()
	got, want := Verify(public, message, sig), ed25519.Verify(public[:], message, sig)
	if got != want {
		t.Errorf("%x of %x under %x: %v, want %v", sig, message, public, got, want)
	}
	return got
}

// odd are encodings of points that verifiers treat in different ways: of small
// order, and not reduced (Chalkias, Garillot, Nikolaenko, "Taming the many EdDSAs").
var odd = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
}

// TestOddOnes are taken where the library takes them, and nowhere else.
func TestOddOnes(t *testing.T) {
	taken := 0
	for _, a := range odd {
		for _, r := range odd {
			public, _ := hex.DecodeString(a)
			sig, _ := hex.DecodeString(r)
			for n := range 16 {
				if same(t, [PublicSize]byte(public), []byte{byte(n)}, append(slices.Clip(sig), make([]byte, 32)...)) {
					taken++
				}
			}
		}
	}
	if taken == 0 {
		t.Error("none is taken, so nothing was compared")
	}

	// The same signature with the order of the base point added to its scalar.
	k := NewKey([SeedSize]byte{1})
	sig := k.Sign(nil)
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(sig[32:])
	slices.Reverse(s)
	s = new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(s)
	if same(t, k.Public(), nil, slices.Concat(sig[:32], s)) {
		t.Error("a signature has two forms")
	}
}

func FuzzVerify(f *testing.F) {
	k := NewKey([SeedSize]byte{2})
	public := k.Public()
	f.Add(slices.Concat(public[:], k.Sign([]byte("message")), []byte("message")))
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) >= PublicSize+SignatureSize {
			same(t, [PublicSize]byte(p), p[PublicSize+SignatureSize:], p[PublicSize:][:SignatureSize])
		}
	})
}
