//go:build !js

package peer

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

// TestHungUpThenRight dials somebody whose first address belongs to one that
// hangs up: as behind a port that is forwarded nowhere, or a node that takes no
// calls there.
func TestHungUpThenRight(t *testing.T) {
	a, b := listenHere(t), listenHere(t)
	deaf := hangUpHere(t)
	if _, err := a.Dial(t.Context(), Target{Instance: b.self.Instance, Addrs: append([]netip.AddrPort{deaf}, b.Addrs()...)}); err != nil {
		t.Error(err)
	}
}

// TestHungUpThenNobody: that somebody is there, and does not want to talk, is
// what is told.
func TestHungUpThenNobody(t *testing.T) {
	a := listenHere(t)
	for _, addrs := range [][]netip.AddrPort{
		{hangUpHere(t)},
		{hangUpHere(t), netip.MustParseAddrPort("127.0.0.1:1")},
	} {
		if _, err := a.Dial(t.Context(), Target{Addrs: addrs}); !errors.Is(err, ErrHungUp) {
			t.Errorf("got %v, want %v", err, ErrHungUp)
		}
	}
}

// hangUpHere returns where calls are taken and reset unanswered.
func hangUpHere(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1)) // a reset before that may end the connecting already
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
	}()
	return plain(l.Addr())
}
