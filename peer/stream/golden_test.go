package stream

import (
	"encoding/hex"
	"testing"
)

// TestGolden pins the bytes: nodes of different builds have to understand each
// other.
func TestGolden(t *testing.T) {
	p := newPair()
	near, err := p.a.Open()
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, near, 2)
	expect(t, p.a, p.b, "0100000001", "030000000100000000"+"00040000", "02000000010000")
	far := <-p.accept
	far.Write([]byte("hi"))
	expect(t, p.b, p.a, "02800000016869")
	near.CloseWrite()
	expect(t, p.a, p.b, "0400000001")
	far.Reset("bye")
	expect(t, p.b, p.a, "0580000001627965")
}

// expect moves what is due to the other side, and holds what it is.
func expect(t *testing.T, from, to *Mux, want ...string) {
	t.Helper()
	for _, w := range want {
		f := from.Append(nil, MaxFrame)
		if got := hex.EncodeToString(f); got != w {
			t.Errorf("a frame is %s, want %s", got, w)
		}
		if err := to.Take(f); err != nil {
			t.Fatal(err)
		}
	}
	if f := from.Append(nil, MaxFrame); len(f) > 0 {
		t.Errorf("and %x is more", f)
	}
}
