//go:build linux

package hosts

import (
	"bufio"
	"encoding/json"
	"net"
	"testing"

	"github.com/hashicorp/mdns"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// playUnicaster advertises a service to those who ask, by unicast alone, until
// its input ends. The first line of that is its address.
func playUnicaster(in *bufio.Scanner, out *json.Encoder) error {
	in.Scan()
	eth, err := net.InterfaceByName("eth0")
	if err != nil {
		return err
	}
	zone, err := mdns.NewMDNSService("printer", "_unicast._tcp", "", "printer.local.", 9, []net.IP{net.ParseIP(in.Text())}, []string{"v=1"})
	if err != nil {
		return err
	}
	server, err := mdns.NewServer(&mdns.Config{Zone: zone, Iface: eth})
	if err != nil {
		return err
	}
	defer server.Shutdown()
	if err := out.Encode(report{Type: "ready", ID: "unicaster"}); err != nil {
		return err
	}
	for in.Scan() {
	}
	return in.Err()
}

// TestAvahiHearsUnicast has avahi look for somebody who answers by unicast
// alone, on a host that runs a node: the answers are avahi's, not the node's.
func TestAvahiHearsUnicast(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{NoIPv6: true})
	a := startAvahi(t, l, hosts[0])
	nodes := chatAll(t, hosts[:2])
	awaitMesh(t, l, nodes)
	unicaster := startRole(t, hosts[2], "unicaster")
	unicaster.Say(hosts[2].Addr.String())
	l.Await(patience, "the other service is there", unicaster.Ready)
	watch := hosts[0].Start(lab.Program{Path: "avahi-browse", Args: []string{"-p", "_unicast._tcp"}, Env: []string{a.bus}})
	l.Await(patience, "avahi sees it", func() bool { return shows(watch, "+", "printer") })
	verify(t, l, nodes...)
}
