package peer

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func addrs(list ...string) []netip.AddrPort {
	var out []netip.AddrPort
	for _, s := range list {
		out = append(out, netip.MustParseAddrPort(s))
	}
	return out
}

func TestCarriedTargets(t *testing.T) {
	const (
		mdns  = "a=candidate:1 1 udp 2113937151 3f5b9b0e-0b1c-4a52-8f0c-1d6f1c9d8e11.local 50000 typ host generation 0\r\n"
		other = "a=candidate:2 1 UDP 2113937150 9e1c.local 50001 typ host\r\n"
	)
	for _, test := range []struct {
		name, from, you, sdp string
		want                 []string
	}{
		{"a name is where the carrier sees its author", "10.0.0.7", "10.0.0.9", mdns, []string{"10.0.0.7:50000"}},
		{"each name's port", "10.0.0.7", "10.0.0.9", mdns + other, []string{"10.0.0.7:50000", "10.0.0.7:50001"}},
		{"a name that nobody has placed", "", "10.0.0.9", mdns, nil},
		{"no candidate", "10.0.0.7", "10.0.0.9", "a=mid:0\r\n", nil},
		{"a private address", "", "10.0.0.9", "a=candidate:1 1 udp 1 192.168.3.4 7475 typ host\r\n", []string{"192.168.3.4:7475"}},
		{"both", "10.0.0.7", "10.0.0.9", "a=candidate:1 1 udp 1 192.168.3.4 7475 typ host\r\n", []string{"10.0.0.7:7475", "192.168.3.4:7475"}},
		{"the same twice", "10.0.0.7", "10.0.0.9", strings.Repeat("a=candidate:1 1 udp 1 10.0.0.7 7475 typ host\r\n", 2), []string{"10.0.0.7:7475"}},
		{"a unique local address", "", "10.0.0.9", "a=candidate:1 1 udp 1 fd00::7 7475 typ host\r\n", []string{"[fd00::7]:7475"}},
		{"a shared address", "", "10.0.0.9", "a=candidate:1 1 udp 1 100.100.0.7 7475 typ host\r\n", []string{"100.100.0.7:7475"}},
		{"a mapped address", "::ffff:10.0.0.7", "10.0.0.9", mdns, []string{"10.0.0.7:50000"}},
		{"a third party", "", "10.0.0.9", "a=candidate:1 1 udp 1 192.0.2.7 53 typ host\r\n", nil},
		{"a third party that the carrier names", "192.0.2.7", "10.0.0.9", mdns, nil},
		{"a public address on our network", "192.0.2.7", "192.0.2.200", mdns, []string{"192.0.2.7:50000"}},
		{"a public address beside it", "192.0.3.7", "192.0.2.200", mdns, nil},
		{"a global IPv6 address on our network", "2001:db8::7", "2001:db8::9", mdns, []string{"[2001:db8::7]:50000"}},
		{"a global IPv6 address beside it", "2001:db8:0:1::7", "2001:db8::9", mdns, nil},
		{"the loopback from elsewhere", "127.0.0.1", "10.0.0.9", mdns, nil},
		{"the loopback on our host", "127.0.0.1", "127.0.0.1", mdns, []string{"127.0.0.1:50000"}},
		{"a multicast address", "224.0.0.251", "10.0.0.9", mdns, nil},
		{"no address of ours", "192.0.2.7", "", mdns, nil},
		{"TCP", "10.0.0.7", "10.0.0.9", "a=candidate:1 1 tcp 1 10.0.0.7 9 typ host tcptype active\r\n", nil},
		{"a reflexive candidate", "10.0.0.7", "10.0.0.9", "a=candidate:1 1 udp 1 10.0.0.7 4000 typ srflx raddr 0.0.0.0 rport 0\r\n", nil},
		{"no port", "10.0.0.7", "10.0.0.9", "a=candidate:1 1 udp 1 a.local 0 typ host\r\n", nil},
		{"too high a port", "10.0.0.7", "10.0.0.9", "a=candidate:1 1 udp 1 a.local 70000 typ host\r\n", nil},
		{"half a line", "10.0.0.7", "10.0.0.9", "a=candidate:1 1 udp\r\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Carried{SDP: test.sdp}
			c.From, _ = netip.ParseAddr(test.from)
			you, _ := netip.ParseAddr(test.you)
			if got := c.targets(you); !slices.Equal(got, addrs(test.want...)) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestCarriedTargetsAreFew has a description name as many candidates as it can.
func TestCarriedTargetsAreFew(t *testing.T) {
	var sdp strings.Builder
	for i := range 2 * maxCandidates {
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 4000)
		sdp.WriteString("a=" + hostCandidate(addr) + "\r\n")
	}
	c := Carried{SDP: sdp.String(), From: netip.MustParseAddr("10.0.1.1")}
	if got := c.targets(netip.MustParseAddr("10.0.0.9")); len(got) != maxCandidates {
		t.Errorf("%d targets, want %d", len(got), maxCandidates)
	}
}

func TestAnswersAt(t *testing.T) {
	for _, test := range []struct {
		name, found string
		told        []string
		want        string
	}{
		{"as told", "10.0.0.7:7475", []string{"10.0.0.7:7475"}, "10.0.0.7:7475"},
		{"behind a translator", "10.0.0.7:40000", []string{"10.1.0.7:7475", "10.0.0.7:7476"}, "10.0.0.7:7476"},
		{"at an address that it does not tell", "10.0.0.7:40000", []string{"10.1.0.7:7475"}, "10.0.0.7:7475"},
		{"nothing told", "10.0.0.7:7475", nil, "10.0.0.7:7475"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := answersAt(netip.MustParseAddrPort(test.found), addrs(test.told...))
			if got.String() != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestDescriptionWithCandidates(t *testing.T) {
	d := description{sdp: "v=0\r\n"}
	got := d.with(hostCandidates(addrs("10.0.0.7:7475", "[fd00::7]:7475")))
	want := "v=0\r\na=candidate:1 1 udp 2130706431 10.0.0.7 7475 typ host\r\n" +
		"a=candidate:1 1 udp 2130706431 fd00::7 7475 typ host\r\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
