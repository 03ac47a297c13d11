//go:build linux

package hosts

import (
	"bufio"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// playHolder holds the port of multicast DNS for itself until its input ends.
func playHolder(in *bufio.Scanner, out *json.Encoder) error {
	for network, addr := range map[string]net.IP{"udp4": net.IPv4zero, "udp6": net.IPv6zero} {
		conn, err := net.ListenUDP(network, &net.UDPAddr{IP: addr, Port: 5353})
		if err != nil {
			return err
		}
		defer conn.Close()
	}
	if err := out.Encode(report{Type: "ready", ID: "holder"}); err != nil {
		return err
	}
	for in.Scan() {
	}
	return in.Err()
}

// TestPortHeld has another program hold UDP port 5353 for itself: every command
// says so, and when that program ends, all is well.
func TestPortHeld(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	other := chat(t, hosts[0])
	l.Await(patience, "the other is ready", other.Ready)
	holder := startRole(t, hosts[1], "holder")
	l.Await(patience, "the port is held", holder.Ready)
	p := chat(t, hosts[1])
	warned := func(ev lab.Event) bool { return ev.Type == "warning" && strings.Contains(ev.Raw, "5353") }
	l.Await(patience, "the chat says so", func() bool { return p.Has(warned) })

	peers := run(t, hosts[1], "peers")
	exits(t, peers, patience, 3)
	hinted(t, peers)
	if !strings.Contains(peers.Stderr(), "5353") {
		t.Errorf("peers does not say so: %s", peers.Stderr())
	}
	doctor := run(t, hosts[1], "doctor")
	exits(t, doctor, patience, 1)
	for line := range strings.Lines(output(doctor)) {
		if strings.Contains(line, "multicast") && (!strings.Contains(line, "find that program") || strings.Contains(line, "firewall")) {
			t.Errorf("the doctor says %s", line)
		}
	}
	holder.EndInput()
	exits(t, holder, patience, 0)
	l.Await(2*patience, "they see each other", func() bool { return p.Sees(other) && other.Sees(p) })
}
