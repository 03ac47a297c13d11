//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"time"
)

// Address gives the host a further address. It reaches the networks in beyond
// from there, as a router would have it, though they are on the same switch:
// no interface has an address of theirs. It may send packets there.
func (h *Host) Address(addr netip.Prefix, beyond ...netip.Prefix) {
	h.lab.t.Helper()
	commands := []string{fmt.Sprintf("addr add %s dev eth0", addr)}
	for _, p := range beyond {
		route := fmt.Sprintf("route add %s dev eth0", p)
		if p.Addr().Is4() { // for IPv6 the kernel finds the source that fits
			route += fmt.Sprintf(" src %s", addr.Addr())
		}
		commands = append(commands, route)
		h.Allow(p)
	}
	if !addr.IsSingleIP() {
		h.Allow(addr.Masked())
	}
	h.lab.must(h.lab.thread.ip(h.ns, commands...))
}

// Connected waits until a TCP connection stands between the host and an address,
// which no program says, and ends the test if that takes longer than d.
func (h *Host) Connected(d time.Duration, to netip.Addr) {
	h.lab.t.Helper()
	deadline := time.Now().Add(d)
	for {
		out, err := h.lab.thread.run(h.ns, "", "ss", "-Htn", "state", "established", "dst", to.String())
		h.lab.must(err)
		if len(out) > 0 {
			return
		}
		if time.Now().After(deadline) {
			h.lab.t.Fatalf("after %v %s is not connected to %s", d, h.Name, to)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
