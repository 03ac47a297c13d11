//go:build linux

package hosts

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestMassStart starts 32 and 64 nodes at once, all on the cores of this machine.
// They become a mesh, however long that takes here, and of 32 nobody is said to
// have left meanwhile: who is short of time is not gone. Of 64 it is counted: on
// two cores a node of them waits for seconds until it is its turn.
func TestMassStart(t *testing.T) {
	t.Run("32", func(t *testing.T) { massStart(t, 32, false) })
	t.Run("64", func(t *testing.T) { massStart(t, 64, true) })
}

func massStart(t *testing.T, size int, mayLeave bool) {
	l := lab.New(t)
	nodes := chatAll(t, l.Switch().Hosts(size, lab.HostConfig{}))
	l.Await(2*time.Minute, "all see each other", func() bool { return meshed(nodes) })
	var used time.Duration
	left := 0
	for _, p := range nodes {
		used += p.CPU()
		for _, ev := range p.Log().Events {
			if ev.Type != "left" {
				continue
			}
			left++
			if !mayLeave {
				t.Errorf("%s says that %s left: %q", p.Host.Name, ev.Peer.Name, ev.Reason)
			}
		}
	}
	start := nodes[0].Started
	t.Logf("a mesh after %v, with %v of processor time, %d left", lastJoined(nodes, start).Sub(start), used, left)
	talk(t, l, nodes)
	verify(t, l, nodes...)
}
