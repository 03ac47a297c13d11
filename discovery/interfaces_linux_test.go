package discovery

import (
	"net/netip"
	"strings"
	"testing"
)

func TestUnsettled(t *testing.T) {
	const table = `00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000000000fffe000001 02 40 20 40     eth0
fe80000000000000000000fffe000002 02 40 20 c0     eth0
fe80000000000000000000fffe000003 02 40 20 44     eth0
fe80000000000000000000fffe000004 02 40 20 88     eth0
fe80000000000000000000fffe000005 02 40 20 80     eth0
not a line
zz80000000000000000000fffe000005 02 40 20 40     eth0
`
	got := parseUnsettled(strings.NewReader(table))
	for addr, want := range map[string]bool{
		"::1%lo":               false,
		"fe80::ff:fe00:1%eth0": true,  // tentative
		"fe80::ff:fe00:2%eth0": true,  // tentative and permanent
		"fe80::ff:fe00:3%eth0": false, // optimistic
		"fe80::ff:fe00:4%eth0": true,  // somebody else has it
		"fe80::ff:fe00:5%eth0": false,
	} {
		if got[netip.MustParseAddr(addr)] != want {
			t.Errorf("%s: unsettled %v, want %v", addr, !want, want)
		}
	}
}
