//go:build linux

package hosts

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// forgeRate is how many instances a forger announces in a second.
const forgeRate = 50

// TestForgedAnnouncementsSpareABystander floods a room with announcements that
// name somebody who has nothing to do with it: that host is dialed no more than
// a node there would be, and whoever comes meanwhile is found all the same.
func TestForgedAnnouncementsSpareABystander(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wall    bool
		perDial int // SYNs, with those that the kernel repeats
		first   int // the same of a node's first dial
	}{
		"refuses": {false, 1, 1},
		"drops":   {true, 6, 35},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(6, lab.HostConfig{})
			bystander := hosts[5]
			if c.wall {
				bystander.Firewall()
			}
			nodes := chatAll(t, hosts[:3])
			awaitMesh(t, l, nodes)
			forger := startFoe(t, hosts[4], hostile.Order{Do: "instances", At: netip.AddrPortFrom(bystander.Addr, 0), Rate: forgeRate})
			start := time.Now()
			forged := func(n int) {
				l.Until(time.Duration(n)*time.Second/forgeRate, func() bool { return forger.count("announced") >= n })
				forger.awaits(l, "announced", n)
			}
			forged(300)
			nodes = append(nodes, chat(t, hosts[3]))
			awaitMesh(t, l, nodes)
			forged(600)
			check := func(when string, from int, since time.Time) int {
				took := time.Since(since)
				knocks := bystander.Knocks() - from
				t.Logf("%s: %.1f SYN/s at the bystander from %d nodes, %d in all", when, float64(knocks)/took.Seconds(), len(nodes), knocks)
				if most := len(nodes) * (c.first + c.perDial*(7+int(took/(5*time.Second)))); knocks > most {
					t.Errorf("%s: %d SYNs in %v, want %d at most", when, knocks, took, most)
				}
				return from + knocks
			}
			sofar := check("during the flood", 0, start)
			forger.Kill()
			since := time.Now()
			pause(l, 15*time.Second)
			check("after it", sofar, since)
			talk(t, l, nodes)
			verify(t, l, nodes...)
		})
	}
}
