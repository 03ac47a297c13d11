//go:build !js

package peer

import "testing"

// TestStreamProofsInAnyOrder has a member open several streams at once, whose proofs
// come as they like: each is taken once, and none that is older than 64 others.
func TestStreamProofsInAnyOrder(t *testing.T) {
	a, b := holders()
	var said []string
	for range 100 {
		said = append(said, a.prove(b.self, purposeStream, ""))
	}
	check := func(i int) bool { return b.check(a.self, purposeStream, "", said[i-1]) }
	for _, tt := range []struct {
		count int
		want  bool
	}{
		{3, true}, {3, false}, {1, true}, {2, true}, {1, false}, {2, false},
		{70, true}, {6, false}, {7, true}, {7, false}, {69, true}, {70, false},
		{100, true}, {36, false}, {37, true}, {99, true}, {69, false},
	} {
		if got := check(tt.count); got != tt.want {
			t.Errorf("proof %d: taken %v, want %v", tt.count, got, tt.want)
		}
	}
	if !b.check(a.self, purposeWatch, "", a.prove(b.self, purposeWatch, "")) {
		t.Error("a proof for something else is refused")
	}
}

// FuzzWhoseStream has whoever calls say who it is in the server name of a handshake.
func FuzzWhoseStream(f *testing.F) {
	a, b := holders()
	tr := &Transport{}
	tr.tokens.self = b.self
	tr.tokens.byIn = b.byIn
	f.Add("1.00." + a.self.String())
	f.Add("." + a.self.String())
	f.Add("example.org")
	f.Add(serverName(a.self, a.prove(b.self, purposeWatch, "")))
	f.Add(serverName(anyInstance(), a.prove(b.self, purposeStream, "")))
	f.Fuzz(func(t *testing.T, name string) {
		if in, _, ok := tr.whoseStream(name); ok {
			t.Errorf("%q is taken for %s", name, in)
		}
	})
}
