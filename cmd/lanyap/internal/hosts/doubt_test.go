//go:build linux

package hosts

import (
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestRejectingFirewall has a host that refuses all calls, and another program on
// it that offers links in its node's name, from its node's port: the others ask whether it lives, and its port says
// no. Its links live all the same, also while it is stopped for 4 s. When it
// dies in earnest it is missed.
func TestRejectingFirewall(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	walled, rest := hosts[0], hosts[1:3]
	walled.Reject()
	nodes := append(chatAll(t, rest), chat(t, walled))
	victim := nodes[2]
	awaitMesh(t, l, nodes)
	awaitDirect(l, nodes) // where no link is yet, anybody may offer one
	thief := startFoe(t, walled)
	for _, p := range nodes[:2] {
		o := squat(p, victim.Self().Instance)
		o.Rate = 2
		thief.order(o)
	}
	thief.awaits(l, "409", 2*4)
	victim.Signal(syscall.SIGSTOP)
	l.Stays(4*time.Second, "it is said to have left", func() bool { return anyLeft(nodes) })
	victim.Signal(syscall.SIGCONT)
	l.Stays(7*time.Second, "it is said to have left later", func() bool { return anyLeft(nodes) })
	if n := thief.count("201"); n > 0 {
		t.Errorf("%d of the links were taken", n)
	}
	talk(t, l, nodes)
	victim.Kill()
	l.Await(patience, "it is missed", func() bool { return nodes[0].Left(victim) && nodes[1].Left(victim) })
	verify(t, l, nodes...)
	quit(t, nodes[:2]...)
}

// awaitDirect waits until each of these hears each other over a link of their own.
func awaitDirect(l *lab.Lab, nodes []*lab.Process) {
	l.Await(patience, "all are linked to all", func() bool {
		for _, p := range nodes {
			direct := make(map[string]bool)
			for _, ev := range p.Log().Events {
				if ev.Type == "joined" || ev.Type == "rerouted" {
					direct[ev.Peer.Instance] = ev.Via == nil
				}
			}
			for _, other := range others(nodes, p) {
				if !direct[other.Self().Instance] {
					return false
				}
			}
		}
		return true
	})
}
