//go:build linux

package hosts

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestCardComesBack takes a host's network card out and puts it in again, where
// it has another index, and perhaps another name, and renames one: those who were there go on
// hearing each other, in both directions, and newcomers see and are seen.
func TestCardComesBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		card string
		away time.Duration // how long the card is out before it is back
		cfg  lab.HostConfig
	}{
		{"IPv6, same name", "eth0", 0, lab.HostConfig{NoIPv4: true}},
		{"IPv6, other name", "usb0", 0, lab.HostConfig{NoIPv4: true}},
		{"IPv6, same name, after everybody noticed", "eth0", patience, lab.HostConfig{NoIPv4: true}},
		{"both, same name", "eth0", 0, lab.HostConfig{}},
		{"both, other name", "usb0", 0, lab.HostConfig{}},
		{"IPv4, other name", "usb0", 0, lab.HostConfig{NoIPv6: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(3, c.cfg)
			nodes := chatAll(t, hosts[:2])
			awaitMesh(t, l, nodes)
			talk(t, l, nodes)
			for _, p := range nodes {
				p.Host.Remove()
				if c.away > 0 {
					l.Await(c.away, "all are alone", func() bool { return nodes[0].Present()+nodes[1].Present() == 0 })
				}
				p.Host.Insert(c.card)
				talk(t, l, nodes)
			}
			awaitMesh(t, l, nodes)
			nodes[0].Host.Rename("lan0")
			talk(t, l, nodes)
			nodes = append(nodes, chat(t, hosts[2]))
			awaitMesh(t, l, nodes)
			talk(t, l, nodes)
			verify(t, l, nodes...)
			quit(t, nodes...)
		})
	}
}
