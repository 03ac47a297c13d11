//go:build linux

package hosts

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestMassStart starts 32 nodes at once, all on the cores of this machine. They
// become a mesh, however long that takes here, and nobody is said to have left
// meanwhile: who is short of time is not gone.
func TestMassStart(t *testing.T) {
	l := lab.New(t)
	nodes := chatAll(t, l.Switch().Hosts(32, lab.HostConfig{}))
	l.Await(2*time.Minute, "all see each other", func() bool { return meshed(nodes) })
	var used time.Duration
	for _, p := range nodes {
		used += p.CPU()
		for _, ev := range p.Log().Events {
			if ev.Type == "left" {
				t.Errorf("%s says that %s left: %q", p.Host.Name, ev.Peer.Name, ev.Reason)
			}
		}
	}
	start := nodes[0].Started
	t.Logf("a mesh after %v, with %v of processor time", lastJoined(nodes, start).Sub(start), used)
	talk(t, l, nodes)
	verify(t, l, nodes...)
}
