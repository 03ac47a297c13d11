package peer

import (
	"encoding/hex"
	"testing"
)

// TestIdentityOfASeed has the first keys of RFC 8032 §7.1.
func TestIdentityOfASeed(t *testing.T) {
	seed, _ := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	id, err := IdentityOf(seed)
	if err != nil {
		t.Fatal(err)
	}
	public := id.ID()
	if got, want := hex.EncodeToString(public[:]), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"; got != want {
		t.Errorf("public half %s, want %s", got, want)
	}
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := IdentityOf(make([]byte, n)); err == nil {
			t.Errorf("a seed of %d bytes is taken", n)
		}
	}
}
