//go:build linux

package hosts

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestOfferFlood has a stranger offer links as fast as it can, each from the
// start given up, from one address and from many: few of them are answered, and
// meanwhile newcomers come in and a member is back after an outage.
func TestOfferFlood(t *testing.T) {
	t.Parallel()
	for _, addresses := range []int{1, 64} {
		t.Run(fmt.Sprint(addresses), func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(4, lab.HostConfig{})
			nodes := chatAll(t, hosts[:2])
			awaitMesh(t, l, nodes)
			target := nodes[0]
			idle := target.CPU()
			flood := startFoe(t, hosts[3], hostile.Order{
				Do: "offers", At: netip.AddrPortFrom(hosts[0].Addr6, 7475), Instance: target.Self().Instance, Sources: addresses})
			started := time.Now()
			flood.awaits(l, "offers", 100)

			nodes = append(nodes, chat(t, hosts[2]))
			l.Await(2*patience, "a newcomer is in", func() bool { return nodes[2].Sees(target) && target.Sees(nodes[2]) })
			hosts[1].Unplug()
			l.Await(patience, "a member is out", func() bool { return target.Left(nodes[1]) })
			hosts[1].Plug()
			l.Await(2*patience, "it is back", func() bool { return nodes[1].Sees(target) && target.Sees(nodes[1]) })
			talk(t, l, nodes)

			made, answered, took := flood.count("offers"), flood.count("201"), time.Since(started)
			cpu := target.CPU() - idle
			t.Logf("%d offers in %v (%.0f/s), %d answered, %.0f %% of a core", made, took.Round(time.Second),
				float64(made)/took.Seconds(), answered, 100*cpu.Seconds()/took.Seconds())
			// Far above what one, or all, are let through; far below what they ask.
			if most := 512 + int(150*took.Seconds()); answered > most {
				t.Errorf("%d offers were answered in %v, want at most %d", answered, took, most)
			}
			verify(t, l, nodes...)
		})
	}
}
