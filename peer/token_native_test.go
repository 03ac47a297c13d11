//go:build !js

package peer

import (
	"strings"
	"testing"
)

func noLink(Instance) bool { return false }

// holders are the two ends of a link, who share a token.
func holders() (a, b *tokens) {
	a, b = &tokens{self: anyInstance()}, &tokens{self: anyInstance()}
	shared := sharedToken(token{1}, token{2})
	a.set(b.self, shared, noLink)
	b.set(a.self, shared, noLink)
	return a, b
}

func TestTokens(t *testing.T) {
	a, b := holders()
	said := a.prove(b.self, purposeOffer, "sdp")
	count, mac, _ := strings.Cut(said, " ")
	for name, taken := range map[string]bool{
		"another purpose":  b.check(a.self, purposeWatch, "sdp", said),
		"another body":     b.check(a.self, purposeOffer, "other", said),
		"another instance": b.check(anyInstance(), purposeOffer, "sdp", said),
		"another count":    b.check(a.self, purposeOffer, "sdp", count+"0 "+mac),
		"count otherwise":  b.check(a.self, purposeOffer, "sdp", "0"+said),
		"no count":         b.check(a.self, purposeOffer, "sdp", mac),
		"no MAC":           b.check(a.self, purposeOffer, "sdp", count+" "),
		"more than it":     b.check(a.self, purposeOffer, "sdp", said+" "),
		"no proof":         b.check(a.self, purposeOffer, "sdp", ""),
		"our own, back":    a.check(b.self, purposeOffer, "sdp", said),
		"without a token":  (&tokens{}).check(a.self, purposeOffer, "sdp", said),
	} {
		if taken {
			t.Errorf("%s was taken", name)
		}
	}
	if !b.check(a.self, purposeOffer, "sdp", said) {
		t.Error("the proof was refused")
	}
	if b.check(a.self, purposeOffer, "sdp", said) {
		t.Error("the proof was taken twice")
	}
	older, newer := a.prove(b.self, purposeWatch, ""), a.prove(b.self, purposeWatch, "")
	if !b.check(a.self, purposeWatch, "", newer) || b.check(a.self, purposeWatch, "", older) {
		t.Error("an older proof counts after a newer one")
	}
	if got := (&tokens{}).prove(b.self, purposeOffer, "sdp"); got != "" {
		t.Errorf("a proof without a token: %q", got)
	}
	for range 2 * maxTokens {
		a.set(anyInstance(), token{}, noLink)
	}
	if len(a.byIn) > maxTokens {
		t.Errorf("%d tokens are remembered", len(a.byIn))
	}
}

// TestProofsNeverRunOut: a link may live for months, over a cable that is bad.
func TestProofsNeverRunOut(t *testing.T) {
	a, b := holders()
	for i := range 10_000 {
		if !b.check(a.self, purposeWatch, "", a.prove(b.self, purposeWatch, "")) {
			t.Fatalf("proof %d is refused", i)
		}
	}
}

// FuzzProof says what noLink signed.
func FuzzProof(f *testing.F) {
	f.Add("1 " + strings.Repeat("0", 64))
	f.Add("18446744073709551615 ")
	f.Add("-1 x")
	f.Add("")
	a, b := holders()
	f.Add(a.prove(b.self, purposeOffer, "other"))
	f.Fuzz(func(t *testing.T, said string) {
		if b.check(a.self, purposeOffer, "sdp", said) {
			t.Fatalf("%q was taken", said)
		}
	})
}
