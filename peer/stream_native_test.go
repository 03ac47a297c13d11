//go:build !js

package peer_test

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/lanyap/lanyap/peer"
)

// streams returns both ends of a stream between two nodes that are linked.
func streams(t testing.TB, a, b *peer.Transport) (near, far *peer.Stream) {
	t.Helper()
	near, err := a.DialStream(t.Context(), b.Self().Instance, b.Addrs())
	if err != nil {
		t.Fatal(err)
	}
	far, err = b.AcceptStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

// TestStream sends bytes both ways, ends one direction after the other, and knows
// who is there.
func TestStream(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	pair(t, a, b)
	near, far := streams(t, a, b)
	if near.ID != b.Self().ID || near.Instance != b.Self().Instance || far.ID != a.Self().ID || far.Instance != a.Self().Instance {
		t.Errorf("the ends are %v %v and %v %v", near.ID, near.Instance, far.ID, far.Instance)
	}
	want := bytes.Repeat([]byte("0123456789"), 200_000)
	for _, ends := range [][2]*peer.Stream{{near, far}, {far, near}} {
		go func() {
			ends[0].Write(want)
			ends[0].CloseWrite()
		}()
		if got, err := io.ReadAll(ends[1]); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes came as %d, %v", len(want), len(got), err)
		}
	}
}

func netipAddr(l net.Listener) netip.AddrPort { return l.Addr().(*net.TCPAddr).AddrPort() }
