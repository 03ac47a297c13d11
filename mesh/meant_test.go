package mesh

import (
	"net/netip"
	"testing"
)

// What an address means that a member tells depends on the link it is told over.
func TestMeaningOfToldAddresses(t *testing.T) {
	tests := []struct{ told, over, want string }{
		{"10.0.0.7:1", "10.0.0.1", "10.0.0.7:1"},
		{"[fe80::7]:1", "fe80::1%eth0", "[fe80::7%eth0]:1"},
		{"[fe80::7]:1", "10.0.0.1", ""},
		{"127.0.0.1:1", "10.0.0.1", ""},
		{"[::1]:1", "fe80::1%eth0", ""},
		{"127.0.0.1:1", "127.0.0.1", "127.0.0.1:1"},
		{"[::1]:1", "127.0.0.1", "[::1]:1"},
		{"0.0.0.0:1", "10.0.0.1", ""},
		{"224.0.0.1:1", "10.0.0.1", ""},
		{"10.0.0.7:0", "10.0.0.1", ""},
	}
	for _, tt := range tests {
		got := meant(netip.MustParseAddrPort(tt.told), netip.MustParseAddr(tt.over))
		if got.IsValid() != (tt.want != "") || got.IsValid() && got.String() != tt.want {
			t.Errorf("%s told over %s is %v, want %q", tt.told, tt.over, got, tt.want)
		}
	}
}
