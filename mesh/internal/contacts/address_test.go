package contacts

import (
	"net/netip"
	"testing"
)

func TestParseAddress(t *testing.T) {
	tests := []struct {
		text, host string
		port       uint16 // 0: all
	}{
		{"10.0.0.7", "10.0.0.7", 0},
		{"10.0.0.7:80", "10.0.0.7", 80},
		{"ana", "ana", 0},
		{"ana.example.org:7480", "ana.example.org", 7480},
		{"bücher.example", "bücher.example", 0},
		{"::1", "::1", 0},
		{"[::1]", "::1", 0},
		{"[::1]:7475", "::1", 7475},
		{"fe80::1%eth0", "fe80::1%eth0", 0},
		{"[fe80::1%eth0]", "fe80::1%eth0", 0},
		{"[fe80::1%eth0]:7475", "fe80::1%eth0", 7475},
	}
	for _, tt := range tests {
		p, err := ParseAddress(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		ports := 1
		if tt.port == 0 {
			ports = lastPort - firstPort + 1
		}
		if p.Host != tt.host || len(p.Ports) != ports || tt.port != 0 && p.Ports[0] != tt.port {
			t.Errorf("%s: host %q, ports %v", tt.text, p.Host, p.Ports)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"ana", "10.0.0.7:80", "[fe80::1%eth0]:7475", "::1", "[", ":", "a:b:c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseAddress(text)
		if err != nil {
			return
		}
		if len(p.Ports) == 0 || p.Host == "" {
			t.Fatalf("%q became host %q and ports %v", text, p.Host, p.Ports)
		}
		if ip, err := netip.ParseAddr(p.Host); err == nil {
			again, err := ParseAddress(netip.AddrPortFrom(ip, p.Ports[0]).String())
			if err != nil || netip.MustParseAddr(again.Host) != ip || again.Ports[0] != p.Ports[0] {
				t.Fatalf("%q: %v does not read back: %v", text, ip, err)
			}
		}
	})
}
