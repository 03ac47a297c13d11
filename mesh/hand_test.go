package mesh

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

func TestParseHandPeer(t *testing.T) {
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
		p, err := parseHandPeer(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		ports := 1
		if tt.port == 0 {
			ports = lastPort - firstPort + 1
		}
		if p.host != tt.host || len(p.ports) != ports || tt.port != 0 && p.ports[0] != tt.port {
			t.Errorf("%s: host %q, ports %v", tt.text, p.host, p.ports)
		}
	}
}

func FuzzParseHandPeer(f *testing.F) {
	for _, s := range []string{"ana", "10.0.0.7:80", "[fe80::1%eth0]:7475", "::1", "[", ":", "a:b:c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseHandPeer(text)
		if err != nil {
			return
		}
		if len(p.ports) == 0 || p.host == "" {
			t.Fatalf("%q became host %q and ports %v", text, p.host, p.ports)
		}
		if ip, err := netip.ParseAddr(p.host); err == nil {
			again, err := parseHandPeer(netip.AddrPortFrom(ip, p.ports[0]).String())
			if err != nil || netip.MustParseAddr(again.host) != ip || again.ports[0] != p.ports[0] {
				t.Fatalf("%q: %v does not read back: %v", text, ip, err)
			}
		}
	})
}

func TestHandIsDialedForEver(t *testing.T) {
	p, err := parseHandPeer("ana")
	if err != nil {
		t.Fatal(err)
	}
	h := hand{p}
	unlinked := func(peer.Instance) bool { return false }
	now := noon
	for i := range 20 {
		if h.due(now, idle, unlinked) != p || h.due(now, idle, unlinked) != nil {
			t.Fatalf("try %d: want it due, once", i)
		}
		p.dialed(now, peer.Instance{}, peer.ErrRefused)
		if wait := h.wake(idle, unlinked).Sub(now); wait > lastRetry {
			t.Fatalf("try %d: the next is after %v, want %v at most", i, wait, lastRetry)
		}
		now = h.wake(idle, unlinked)
	}
	h.due(now, idle, unlinked)
	p.dialed(now, upper, nil)
	linked := func(in peer.Instance) bool { return in == upper }
	if h.due(now.Add(time.Hour), idle, linked) != nil || !h.wake(idle, linked).IsZero() || len(h.list(linked)) != 0 {
		t.Error("it is dialed while there is a link to it")
	}
	if h.due(now.Add(time.Hour), idle, unlinked) != p {
		t.Error("it is not dialed when the link has ended")
	}
	p.dialed(now, peer.Instance{}, peer.ErrSelf)
	if wait := h.wake(idle, unlinked).Sub(now); wait != handRecheck {
		t.Errorf("our own address is tried again after %v, want %v", wait, handRecheck)
	}
	h.hurry(now)
	if wait := h.wake(idle, unlinked).Sub(now); wait > firstRetry {
		t.Errorf("after a link has ended it is tried after %v, want %v", wait, firstRetry)
	}
}
