package mesh

import (
	"net/netip"
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// between returns a link between two addresses, seen from the first.
func between(t *testing.T, local, remote string) *link {
	t.Helper()
	parse := func(s string) netip.AddrPort {
		if s == "" {
			return netip.AddrPort{}
		}
		return netip.AddrPortFrom(netip.MustParseAddr(s), 0)
	}
	conn, _ := peer.PipeAt(peer.Hello{}, peer.Hello{}, parse(local), parse(remote))
	t.Cleanup(func() { conn.Close(nil) })
	return newLink(conn, false, noon)
}

// TestFirstCarrierSaysWhereTheAuthorIs holds what whoever carries an offer or an
// answer writes into it: where it sees the author, and of who is on its own machine
// where it is itself, on the link that it goes out over.
func TestFirstCarrierSaysWhereTheAuthorIs(t *testing.T) {
	tests := []struct {
		name          string
		here, author  string // the link to the author
		out, next     string // the link that it goes out over
		want          string
		otherwiseTold string // what the author has said itself
	}{
		{"a page on the LAN", "10.0.0.1", "10.0.0.7", "10.0.0.1", "10.0.0.9", "10.0.0.7", "192.0.2.1"},
		{"a page on the LAN that says nothing", "10.0.0.1", "10.0.0.7", "10.0.0.1", "10.0.0.9", "10.0.0.7", ""},
		{"by IPv6", "fd00::1", "fd00::7", "10.0.0.1", "10.0.0.9", "fd00::7", ""},
		{"on this machine, by the loopback", "127.0.0.1", "127.0.0.1", "10.0.0.1", "10.0.0.9", "10.0.0.1", "10.0.0.9"},
		{"by its address", "10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.9", "10.0.0.1", ""},
		{"to another network", "10.0.0.1", "10.0.0.1", "192.168.7.1", "192.168.7.9", "192.168.7.1", ""},
		{"by another of its addresses", "127.0.0.1", "10.0.0.1", "192.168.7.1", "192.168.7.9", "192.168.7.1", ""},
		{"by an address that nobody is told of", "172.17.0.1", "172.17.0.1", "10.0.0.1", "10.0.0.9", "10.0.0.1", ""},
		{"to another page on this machine", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", ""},
		{"where that is not known", "", "", "10.0.0.1", "10.0.0.9", "", "192.0.2.1"},
		{"on this machine, where the next link is not known", "127.0.0.1", "127.0.0.1", "", "", "", "192.0.2.1"},
	}
	for _, tt := range tests {
		n := &Node{addrs: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:7475")}}
		l, next := between(t, tt.here, tt.author), between(t, tt.out, tt.next)
		said := wire.Carried{ID: [8]byte{1}, SDP: []byte("v=0")}
		if tt.otherwiseTold != "" {
			said.Seen = netip.MustParseAddr(tt.otherwiseTold)
		}
		for _, kind := range []byte{wire.CarriedOffer, wire.CarriedAnswer} {
			record := wire.AppendCarried(nil, kind, said)
			stamped := n.stampLocked(l, next, l.conn.Remote().Instance, record)
			got, err := wire.ParseCarried(kind, stamped[1:])
			if err != nil || string(got.SDP) != "v=0" || got.ID != said.ID {
				t.Fatalf("%s: %v, %v", tt.name, got, err)
			}
			if got.Seen.IsValid() != (tt.want != "") || got.Seen.IsValid() && got.Seen.String() != tt.want {
				t.Errorf("%s: says %v, want %q", tt.name, got.Seen, tt.want)
			}
			if later := n.stampLocked(l, next, upper, record); string(later) != string(record) {
				t.Errorf("%s: who carries it later changes it", tt.name)
			}
		}
	}
}

// TestWhereAnAuthorIsSeen holds what the address means that comes with an offer.
func TestWhereAnAuthorIsSeen(t *testing.T) {
	tests := []struct{ said, over, want string }{
		{"10.0.0.7", "10.0.0.9", "10.0.0.7"},
		{"fe80::7", "fe80::9%eth0", "fe80::7%eth0"},
		{"fe80::7", "10.0.0.9", ""},
		{"127.0.0.1", "10.0.0.9", ""},
		{"127.0.0.1", "127.0.0.1", "127.0.0.1"},
		{"0.0.0.0", "10.0.0.9", ""},
		{"224.0.0.1", "10.0.0.9", ""},
		{"", "10.0.0.9", ""},
	}
	for _, tt := range tests {
		l := between(t, "10.0.0.1", tt.over)
		var said netip.Addr
		if tt.said != "" {
			said = netip.MustParseAddr(tt.said)
		}
		if got := l.seen(upper, said); got.IsValid() != (tt.want != "") || got.IsValid() && got.String() != tt.want {
			t.Errorf("%q over %s is %v, want %q", tt.said, tt.over, got, tt.want)
		}
		if got := l.seen(l.conn.Remote().Instance, said); got.String() != tt.over {
			t.Errorf("a neighbour at %s is at %v", tt.over, got)
		}
	}
}
