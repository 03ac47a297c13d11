//go:build linux

package hosts

import (
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestSquatters has strangers do what they can in the name of a member whose
// cable is out. After 4 s nobody has noticed anything; after 8 s it has left, and
// is back when the cable is.
func TestSquatters(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"nobody", "offers", "answers"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(5, lab.HostConfig{})
			nodes := chatAll(t, hosts[:3])
			awaitMesh(t, l, nodes)
			victim, rest := nodes[0], nodes[1:]
			switch kind {
			case "offers":
				for _, h := range hosts[3:] {
					squatter := startFoe(t, h)
					for _, p := range rest {
						squatter.order(squat(p, victim.Self().Instance), squat(victim, p.Self().Instance))
					}
					squatter.awaits(l, "201", 4)
				}
			case "answers":
				for _, h := range hosts[3:] {
					double := startFoe(t, h, hostile.Order{Do: "double", At: netip.AddrPortFrom(h.Addr, 7475), As: victim.Self().Instance, Rate: 10})
					double.awaits(l, "announced", 1)
				}
			}
			victim.Host.Unplug()
			l.Stays(4*time.Second, "somebody is said to have left", func() bool { return anyLeft(nodes) })
			victim.Host.Plug()
			l.Stays(5*time.Second, "somebody is said to have left later", func() bool { return anyLeft(nodes) })
			talk(t, l, nodes)

			victim.Host.Unplug()
			pause(l, 8*time.Second)
			victim.Host.Plug()
			began := time.Now()
			talkSoon(t, l, nodes)
			t.Logf("%s: back after %v", kind, time.Since(began).Round(time.Millisecond))
			verify(t, l, nodes...)
			quit(t, nodes...)
		})
	}
}

// squat offers links to a node in another's name, without a gap, and holds what is
// answered.
func squat(to *lab.Process, as string) hostile.Order {
	return hostile.Order{Do: "offers", At: netip.AddrPortFrom(to.Host.Addr, 7475), Instance: to.Self().Instance,
		As: as, Hold: 10 * time.Second, Rate: 20}
}
