//go:build !js

package peer

import (
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
)

func TestWhoIsAnswered(t *testing.T) {
	onLink := func(ip netip.Addr) bool {
		return netip.MustParsePrefix("203.0.113.0/24").Contains(ip) || netip.MustParsePrefix("2001:db8:1::/64").Contains(ip)
	}
	const eth, vpn, lo = "203.0.113.5", "10.8.0.1", "127.0.0.1"
	plain := func(tr *Transport) {}
	open := func(tr *Transport) { tr.callers.remote = true }
	only := func(tr *Transport) { tr.addrsOnly = true }
	tests := []struct {
		name        string
		set         func(*Transport)
		local, from string
		want        bool
	}{
		{"the internet", plain, eth, "198.51.100.7", false},
		{"the internet by IPv6", plain, "2001:db8:1::5", "2001:db8:2::7", false},
		{"a neighbour with a public address", plain, eth, "203.0.113.9", true},
		{"the same by IPv6", plain, "2001:db8:1::5", "2001:db8:1::9", true},
		{"a private network", plain, eth, "192.168.7.7", true},
		{"a private network by IPv6", plain, eth, "fd00::7", true},
		{"a shared address", plain, eth, "100.100.1.2", true},
		{"just above the shared ones", plain, eth, "100.128.0.1", false},
		{"link-local", plain, eth, "169.254.3.4", true},
		{"link-local by IPv6", plain, "fe80::5%eth0", "fe80::7%eth0", true},
		{"this machine", plain, lo, "127.0.0.1", true},
		{"an address given by hand", plain, eth, "198.51.100.99", true},
		{"an address given by hand, in IPv6's clothes", plain, eth, "198.51.100.98", true},
		{"everybody, on demand", open, eth, "198.51.100.7", true},
		{"another interface", plain, vpn, "10.8.0.2", true},
		{"another interface than those named", only, vpn, "10.8.0.2", false},
		{"another interface than those named, open to everybody", func(tr *Transport) { only(tr); open(tr) }, vpn, "198.51.100.7", false},
		{"another interface than those named, from a given address", only, vpn, "198.51.100.99", true},
		{"one of those named", only, eth, "10.0.0.1", true},
		{"this machine, when interfaces were named", only, lo, "127.0.0.1", true},
	}
	for _, tt := range tests {
		tr := &Transport{
			callers: callers{onLink: onLink},
			sockets: &sockets{served: map[netip.Addr]*socket{netip.MustParseAddr(eth): {}}},
		}
		tr.callers.invite([]netip.AddrPort{
			netip.MustParseAddrPort("198.51.100.99:7475"), netip.MustParseAddrPort("[::ffff:198.51.100.98]:7475"),
		})
		tt.set(tr)
		if got := tr.answers(netip.MustParseAddr(tt.local), netip.MustParseAddr(tt.from)); got != tt.want {
			t.Errorf("%s: answered %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestAddressesByHandAreBounded(t *testing.T) {
	var c callers
	addr := netip.MustParseAddr("198.51.100.0")
	for range 2 * maxByHand {
		addr = addr.Next()
		c.invite([]netip.AddrPort{netip.AddrPortFrom(addr, 7475)})
	}
	if len(c.byHand) != maxByHand || !c.invited(addr) {
		t.Errorf("%d addresses are remembered, the last: %v", len(c.byHand), c.invited(addr))
	}
}

// TestStrangerLearnsNothing has a stranger call and ask: the connection ends
// without a byte, and the next caller is answered.
func TestStrangerLearnsNothing(t *testing.T) {
	calls := make(chan net.Conn, 2)
	stranger := call(calls, "198.51.100.7:4000")
	neighbour := call(calls, "10.0.0.7:4000")
	g := gate{queue(calls), &Transport{sockets: &sockets{}, limits: newLimits(), log: slog.New(slog.DiscardHandler)}}
	conn, err := g.Accept()
	if err != nil || conn.RemoteAddr().String() != "10.0.0.7:4000" {
		t.Fatalf("accepted %v, %v, want the neighbour", conn, err)
	}
	if answer, err := io.ReadAll(stranger); len(answer) > 0 || err != nil {
		t.Errorf("a stranger got %q, %v, want the end", answer, err)
	}
	go conn.Close()
	if _, err := io.ReadAll(neighbour); err != nil {
		t.Error(err)
	}
}

// queue is a listener with calls from anywhere.
type queue chan net.Conn

func (q queue) Accept() (net.Conn, error) { return <-q, nil }
func (q queue) Close() error              { return nil }
func (q queue) Addr() net.Addr            { return &net.TCPAddr{} }

type callFrom struct {
	net.Conn
	from net.Addr
}

func (c callFrom) RemoteAddr() net.Addr { return c.from }

// call puts a call into the queue and returns the caller's end.
func call(into chan<- net.Conn, from string) net.Conn {
	near, far := net.Pipe()
	into <- callFrom{far, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}
	return near
}
