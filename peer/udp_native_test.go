//go:build !js

package peer

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// local is the address a socket is bound to.
func (u *udpConn) local() netip.AddrPort {
	return netip.MustParseAddrPort(u.LocalAddr().String())
}

// TestBatching sends datagrams of many sizes to two sockets and reads them
// back one by one: batching must change neither their bounds nor their order.
func TestBatching(t *testing.T) {
	from := openTestSocket(t)
	to := []*udpConn{openTestSocket(t), openTestSocket(t)}
	for _, u := range to {
		u.ledger.open(from.local(), "ufrag", func() {}).limit = 1 << 40
	}
	const rounds = 50 // fits the receive buffer an ordinary user gets
	size := func(i int) int { return 4 + []int{1200, 1200, 1200, 80, 1200, 0, 300}[i%7] }
	for i := range rounds {
		p := make([]byte, size(i))
		binary.BigEndian.PutUint32(p, uint32(i))
		for _, u := range to[:1+i%2] {
			if _, err := from.WriteToAddrPort(p, u.local()); err != nil {
				t.Fatal(err)
			}
		}
	}
	buf := make([]byte, 2048)
	for n, u := range to {
		_ = u.SetReadDeadline(time.Now().Add(10 * time.Second))
		for i := n; i < rounds; i += 1 + n {
			got, _, err := u.ReadFromAddrPort(buf)
			if err != nil {
				t.Fatal(err)
			}
			if seq := int(binary.BigEndian.Uint32(buf)); seq != i || got != size(i) {
				t.Fatalf("socket %d got datagram %d of %d bytes, want %d of %d", n, seq, got, i, size(i))
			}
		}
	}
}

func TestSendOnLink(t *testing.T) {
	u := &udpConn{zone: "Wi-Fi 2"}
	for to, want := range map[string]string{
		"[fe80::1]:7475":      "[fe80::1%Wi-Fi 2]:7475",
		"[fe80::1%eth0]:7475": "[fe80::1%eth0]:7475",
		"[2001:db8::1]:7475":  "[2001:db8::1]:7475",
		"169.254.0.1:7475":    "169.254.0.1:7475",
	} {
		if got := u.onLinkLocked(netip.MustParseAddrPort(to)); got.String() != want {
			t.Errorf("%s is sent to %s, want %s", to, got, want)
		}
	}
}

// TestLastingError has a socket fail for a minute: it is tried again all the
// time, but not as fast as the machine can, and works when the error is over.
func TestLastingError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := netip.MustParseAddrPort("10.0.0.7:7475")
		over, tries := time.Now().Add(time.Minute), 0
		u := &udpConn{ledger: newLedger(), idle: make(chan struct{})}
		u.receive = func(p []byte) (int, netip.AddrPort, error) {
			if tries++; time.Now().Before(over) {
				return 0, netip.AddrPort{}, &net.OpError{Op: "read", Err: errors.New("network is down")}
			}
			return len(p), from, nil
		}
		u.ledger.open(from, "ufrag", func() {})
		if _, got, err := u.ReadFromAddrPort(make([]byte, 8)); got != from || err != nil {
			t.Errorf("got a datagram of %v, %v", got, err)
		}
		if d := time.Since(over); d > time.Second {
			t.Errorf("it took %v to see that the error is over", d)
		}
		if tries > 100 {
			t.Errorf("%d tries in a minute", tries)
		}
	})
}

func openTestSocket(t *testing.T) *udpConn {
	t.Helper()
	u, err := listenUDP(netip.AddrPortFrom(loopback, 0), newLedger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u
}
