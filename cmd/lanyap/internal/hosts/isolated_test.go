//go:build linux

package hosts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestIsolatedClients has an access point that keeps its clients apart: each
// hears one host alone, at the cable. All say 60 KB at once, three times. All of
// it goes through that host, and nobody is lost.
// It runs beside no other test: what all fourteen say goes through one, on processors
// that are everybody's.
func TestIsolatedClients(t *testing.T) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(15, lab.HostConfig{})
	clients := hosts[1:]
	for _, h := range clients {
		var rest []*lab.Host
		for _, other := range clients {
			if other != h {
				rest = append(rest, other)
			}
		}
		h.Block(rest...)
	}
	nodes := chatAll(t, hosts)
	awaitMesh(t, l, nodes)
	long := strings.Repeat("x", 60_000)
	for i := range 3 {
		for _, p := range nodes {
			p.Say(fmt.Sprintf("%s says %d %s", p.Host.Name, i, long))
		}
	}
	for _, p := range nodes {
		for _, from := range others(nodes, p) {
			text := fmt.Sprintf("%s says 2 %s", from.Host.Name, long)
			l.Await(2*patience, fmt.Sprintf("%s heard %s", p.Host.Name, from.Host.Name), func() bool { return p.Heard(text) })
		}
	}
	if anyLeft(nodes) {
		t.Error("somebody is said to have left")
	}
	verify(t, l, nodes...)
	quit(t, nodes...)
}
