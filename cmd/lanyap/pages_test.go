package main

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPageAddresses(t *testing.T) {
	tests := []struct {
		name      string
		addrs     string
		preferred string
		want      string
	}{
		{"one", "10.0.0.7:7475", "", "10.0.0.7:7475"},
		{"none", "", "", ""},
		{"no link-local address of IPv6", "10.0.0.7:7475 [fe80::1%eth0]:7475", "", "10.0.0.7:7475"},
		{"link-local alone", "[fe80::1%eth0]:7475", "", ""},
		{"link-local of IPv4", "169.254.3.4:7475", "", "169.254.3.4:7475"},
		{"loopback where there is nothing else", "127.0.0.1:7475", "", "127.0.0.1:7475"},
		{"no loopback beside others", "127.0.0.1:7475 10.0.0.7:7475 [::1]:7475", "", "10.0.0.7:7475"},
		{"private before public", "8.8.8.8:1 [2001:db8::1]:1 [fd00::1]:1 10.0.0.7:1 100.64.0.1:1", "", "10.0.0.7:1 100.64.0.1:1 [fd00::1]:1 8.8.8.8:1 [2001:db8::1]:1"},
		{"that of the route", "10.0.0.7:1 172.17.0.1:1 192.168.1.2:1", "192.168.1.2", "192.168.1.2:1 10.0.0.7:1 172.17.0.1:1"},
		{"private before that of the route", "10.0.0.7:1 8.8.8.8:1", "8.8.8.8", "10.0.0.7:1 8.8.8.8:1"},
		{"IPv6 alone", "[2001:db8::1]:7475 [fe80::1%eth0]:7475", "", "[2001:db8::1]:7475"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var addrs []netip.AddrPort
			for _, s := range strings.Fields(tt.addrs) {
				addrs = append(addrs, netip.MustParseAddrPort(s))
			}
			var preferred netip.Addr
			if tt.preferred != "" {
				preferred = netip.MustParseAddr(tt.preferred)
			}
			var got []string
			for _, a := range pageAddrs(addrs, preferred) {
				got = append(got, a.String())
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
}
