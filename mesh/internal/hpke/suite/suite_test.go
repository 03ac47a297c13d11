package suite

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"encoding/hex"
	"fmt"
	"testing"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func keyOf(private string) *Key {
	k := &Key{private: [32]byte(unhex(private))}
	k.public = x25519(k.private, [32]byte{9})
	return k
}

// TestVectors is RFC 9180 §A.1.1.
func TestVectors(t *testing.T) {
	info := unhex("4f6465206f6e2061204772656369616e2055726e")
	ephemeral := keyOf("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736")
	key := keyOf("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
	if got, want := key.Public(), [32]byte(unhex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d")); got != want {
		t.Errorf("the public key is %x, want %x", got, want)
	}
	enc, s, err := newSender(ephemeral, key.Public(), info)
	if err != nil {
		t.Fatal(err)
	}
	if want := unhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"); !bytes.Equal(enc, want) {
		t.Errorf("enc is %x, want %x", enc, want)
	}
	r, err := NewRecipient(enc, key, info)
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]string{
		0:   "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
		1:   "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84",
		256: "957f9800542b0b8891badb026d79cc54597cb2d225b54c00c5238c25d05c30e3fbeda97d2e0e1aba483a2df9f2",
	}
	plain := []byte("Beauty is truth, truth beauty")
	for i := range 257 {
		aad := fmt.Appendf(nil, "Count-%d", i)
		sealed, err := s.Seal(aad, plain)
		if err != nil {
			t.Fatal(err)
		}
		if want[i] != "" && hex.EncodeToString(sealed) != want[i] {
			t.Errorf("%d is sealed as %x, want %s", i, sealed, want[i])
		}
		if opened, err := r.Open(aad, sealed); err != nil || !bytes.Equal(opened, plain) {
			t.Errorf("%d opens as %q, %v", i, opened, err)
		}
	}
}

// TestTogetherWithTheLibrarys has this package and the standard library's seal and
// open for each other.
func TestTogetherWithTheLibrarys(t *testing.T) {
	kem, kdf, aead := hpke.DHKEM(ecdh.X25519()), hpke.HKDFSHA256(), hpke.AES128GCM()
	for i := range 20 {
		info := bytes.Repeat([]byte{byte(i)}, i*7)
		theirs, err := kem.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		ours := NewKey()

		enc, sender, err := NewSender([32]byte(theirs.PublicKey().Bytes()), info)
		if err != nil {
			t.Fatal(err)
		}
		recipient, err := hpke.NewRecipient(enc, theirs, kdf, aead, info)
		if err != nil {
			t.Fatal(err)
		}
		converse(t, "sealed here", sender, recipient)

		public := ours.Public()
		to, err := kem.NewPublicKey(public[:])
		if err != nil {
			t.Fatal(err)
		}
		enc, library, err := hpke.NewSender(to, kdf, aead, info)
		if err != nil {
			t.Fatal(err)
		}
		opener, err := NewRecipient(enc, ours, info)
		if err != nil {
			t.Fatal(err)
		}
		converse(t, "opened here", library, opener)
	}
}

func converse(t *testing.T, what string, s interface {
	Seal(aad, plaintext []byte) ([]byte, error)
}, r interface {
	Open(aad, sealed []byte) ([]byte, error)
}) {
	t.Helper()
	for n := range 300 {
		aad, plain := bytes.Repeat([]byte("a"), n%5), bytes.Repeat([]byte("p"), n)
		sealed, err := s.Seal(aad, plain)
		if err != nil {
			t.Fatal(what, err)
		}
		if opened, err := r.Open(aad, sealed); err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("%s: record %d opens as %q, %v", what, n, opened, err)
		}
	}
}

// TestWhatDoesNotOpen is refused, and what was sealed opens afterwards.
func TestWhatDoesNotOpen(t *testing.T) {
	key, info := NewKey(), []byte("info")
	enc, s, err := NewSender(key.Public(), info)
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRecipient(enc, key, info)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := s.Seal(nil, []byte("first"))
	second, _ := s.Seal(nil, []byte("second"))
	altered := bytes.Clone(first)
	altered[3]++
	for what, sealed := range map[string][]byte{"altered": altered, "out of order": second, "short": first[:3], "nothing": nil} {
		if p, err := r.Open(nil, sealed); err == nil {
			t.Errorf("%s: it opens as %q", what, p)
		}
	}
	if p, err := r.Open([]byte("other"), first); err == nil {
		t.Errorf("under another aad it opens as %q", p)
	}
	if p, err := r.Open(nil, first); err != nil || string(p) != "first" {
		t.Errorf("what is right opens as %q, %v", p, err)
	}
	if p, err := r.Open(nil, first); err == nil {
		t.Errorf("it opens a second time, as %q", p)
	}
	for what, change := range map[string]func() (*Recipient, error){
		"other info": func() (*Recipient, error) { return NewRecipient(enc, key, []byte("other")) },
		"other key":  func() (*Recipient, error) { return NewRecipient(enc, NewKey(), info) },
	} {
		r, err := change()
		if err != nil {
			t.Fatal(err)
		}
		if p, err := r.Open(nil, first); err == nil {
			t.Errorf("%s: it opens as %q", what, p)
		}
	}
}

// TestPublicKeysThatAreNone would make the secret known to everybody.
func TestPublicKeysThatAreNone(t *testing.T) {
	for _, public := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		if _, _, err := NewSender([32]byte(unhex(public)), nil); err == nil {
			t.Errorf("%s: somebody seals for it", public)
		}
		if _, err := NewRecipient(unhex(public), NewKey(), nil); err == nil {
			t.Errorf("%s: somebody opens by it", public)
		}
	}
	for _, size := range []int{0, 31, 33} {
		if _, err := NewRecipient(make([]byte, size), NewKey(), nil); err == nil {
			t.Errorf("an enc of %d bytes is taken", size)
		}
	}
}

// TestNothingIsSealedTwice ends before a nonce is used again.
func TestNothingIsSealedTwice(t *testing.T) {
	key := NewKey()
	enc, s, _ := NewSender(key.Public(), nil)
	r, _ := NewRecipient(enc, key, nil)
	s.next, r.next = maxNext-1, maxNext-1
	last, err := s.Seal(nil, []byte("last"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Open(nil, last); err != nil {
		t.Error(err)
	}
	if _, err := s.Seal(nil, nil); err == nil {
		t.Error("one more was sealed")
	}
	if _, err := r.Open(nil, last); err == nil {
		t.Error("one more was opened")
	}
}
