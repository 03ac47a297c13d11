//go:build linux

package hosts

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// room starts n nodes on hosts of one switch and waits until they are a mesh.
func room(t *testing.T, n int, args ...string) (*lab.Lab, []*lab.Process) {
	t.Helper()
	l := lab.New(t)
	nodes := chatAll(t, l.Switch().Hosts(n, lab.HostConfig{}), args...)
	awaitMesh(t, l, nodes)
	return l, nodes
}

// anyLeft reports whether one of the nodes said of another that it left.
func anyLeft(nodes []*lab.Process) bool {
	for _, p := range nodes {
		if p.Has(func(ev lab.Event) bool { return ev.Type == "left" }) {
			return true
		}
	}
	return false
}

// TestCableOutShortly pulls a cable for 5 s while everyone talks. Nobody is
// said to have left and nothing is lost.
func TestCableOutShortly(t *testing.T) {
	t.Parallel()
	l, nodes := room(t, 3)
	nodes[0].Host.Unplug()
	for i, p := range nodes {
		p.Say(fmt.Sprintf("%d speaks while the cable is out", i))
	}
	l.Stays(5*time.Second, "somebody is said to have left", func() bool { return anyLeft(nodes) })
	nodes[0].Host.Plug()
	l.Await(patience, "what was said meanwhile arrives", func() bool {
		for i, p := range nodes {
			for _, other := range others(nodes, p) {
				if !other.Heard(fmt.Sprintf("%d speaks while the cable is out", i)) {
					return false
				}
			}
		}
		return true
	})
	l.Stays(5*time.Second, "somebody is said to have left later", func() bool { return anyLeft(nodes) })
	talk(t, l, nodes)
	verify(t, l, nodes...)
	quit(t, nodes...)
}

// TestCableOutLong pulls a cable for 60 s: the host has left, and joins again
// when the cable is back.
func TestCableOutLong(t *testing.T) {
	t.Parallel()
	l, nodes := room(t, 3)
	gone, rest := nodes[0], nodes[1:]
	start := time.Now()
	gone.Host.Unplug()
	l.Await(patience, "the others see it leave", func() bool { return rest[0].Left(gone) && rest[1].Left(gone) })
	l.Await(patience, "it sees the others leave", func() bool { return gone.Left(rest[0]) && gone.Left(rest[1]) })
	talk(t, l, rest)
	l.Stays(time.Until(start.Add(60*time.Second)), "somebody ended", func() bool {
		return nodes[0].Ended() || nodes[1].Ended() || nodes[2].Ended()
	})
	gone.Host.Plug()
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	left, _ := rest[0].Find(func(ev lab.Event) bool { return ev.Type == "left" })
	if left.Reason == "" {
		t.Error("a pulled cable is shown as a goodbye")
	}
	verify(t, l, nodes...)
	quit(t, nodes...)
}

// TestAddressChanges gives a host another address, as DHCP may.
func TestAddressChanges(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]lab.HostConfig{
		"beside IPv6": {},
		"IPv4 alone":  {NoIPv6: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			s := l.Switch()
			nodes := chatAll(t, s.Hosts(3, cfg))
			awaitMesh(t, l, nodes)
			talk(t, l, nodes)
			nodes[0].Host.Readdress()
			talkSoon(t, l, nodes)
			// Somebody new finds it where it is now.
			nodes = append(nodes, chat(t, s.Host(cfg)))
			awaitMesh(t, l, nodes)
			talk(t, l, nodes)
			verify(t, l, nodes...)
			quit(t, nodes...)
		})
	}
}

// talkSoon talks once the mesh is whole, which it may cease to be for a moment
// just now. A message into that moment may be undelivered; then it is said
// again.
func talkSoon(t *testing.T, l *lab.Lab, nodes []*lab.Process) {
	t.Helper()
	for try := range 10 {
		awaitMesh(t, l, nodes)
		text := fmt.Sprintf("are you there? %d", try)
		for _, p := range nodes {
			p.Say(p.Host.Name + ": " + text)
		}
		if l.Until(5*time.Second, func() bool { return allHeard(nodes, text) }) {
			return
		}
	}
	t.Error("some do not hear each other any more")
}

func allHeard(nodes []*lab.Process, text string) bool {
	for _, p := range nodes {
		for _, other := range others(nodes, p) {
			if !other.Heard(p.Host.Name + ": " + text) {
				return false
			}
		}
	}
	return true
}

// TestKilled ends a node as a crash does and starts it again.
func TestKilled(t *testing.T) {
	t.Parallel()
	l, nodes := room(t, 4)
	victim, rest := nodes[0], nodes[1:]
	talk(t, l, nodes)
	victim.Kill()
	l.Await(patience, "the others see it leave", func() bool {
		return rest[0].Left(victim) && rest[1].Left(victim) && rest[2].Left(victim)
	})
	left, _ := rest[0].Find(func(ev lab.Event) bool { return ev.Type == "left" })
	if left.Reason == "" {
		t.Error("a crash is shown as a goodbye")
	}
	talk(t, l, rest)
	again := chat(t, victim.Host)
	now := append([]*lab.Process{again}, rest...)
	awaitMesh(t, l, now)
	talk(t, l, now)
	if again.Self().ID != victim.Self().ID || again.Self().Instance == victim.Self().Instance {
		t.Errorf("it was %v and is %v; want the same ID and another instance", victim.Self(), again.Self())
	}
	verify(t, l, append(now, victim)...)
	quit(t, now...)
}

// TestKilledAndStartedAtOnce leaves the others no time to notice the end.
func TestKilledAndStartedAtOnce(t *testing.T) {
	t.Parallel()
	l, nodes := room(t, 4)
	victim, rest := nodes[0], nodes[1:]
	victim.Kill()
	now := append([]*lab.Process{chat(t, victim.Host)}, rest...)
	awaitMesh(t, l, now)
	talk(t, l, now)
	verify(t, l, append(now, victim)...)
}

// TestRestarts kills a node and starts it again as soon as the others noticed,
// many times. What is left of the earlier link, which had the same addresses
// and ports, must not get in the way of the new one: that would cost seconds,
// and nothing here should take a tenth of one.
func TestRestarts(t *testing.T) {
	t.Parallel()
	l, nodes := room(t, 3)
	rest := nodes[1:]
	all := nodes
	for range 20 {
		nodes[0].Kill()
		l.Await(patience, "the others see it leave", func() bool { return rest[0].Left(nodes[0]) && rest[1].Left(nodes[0]) })
		nodes = append([]*lab.Process{chat(t, nodes[0].Host)}, rest...)
		all = append(all, nodes[0])
		awaitMesh(t, l, nodes)
		if took := lastJoined(nodes, nodes[0].Started).Sub(nodes[0].Started); took > 3*time.Second {
			t.Errorf("%v from start to mesh", took)
		}
	}
	talk(t, l, nodes)
	verify(t, l, all...)
}

// TestStopped stops a node for 4 s, as a laptop's short sleep or a debugger
// does. Nobody is said to have left and nothing is lost.
func TestStopped(t *testing.T) {
	t.Parallel()
	l, nodes := room(t, 3)
	nodes[0].Signal(syscall.SIGSTOP)
	nodes[1].Say("you sleep")
	l.Stays(4*time.Second, "somebody is said to have left", func() bool { return anyLeft(nodes) })
	nodes[0].Signal(syscall.SIGCONT)
	l.Await(patience, "it hears what was said", func() bool { return nodes[0].Heard("you sleep") })
	l.Stays(5*time.Second, "somebody is said to have left later", func() bool { return anyLeft(nodes) })
	talk(t, l, nodes)
	verify(t, l, nodes...)
	quit(t, nodes...)
}

// TestLoss loses one packet in ten at every host while everyone finds everyone
// and talks.
func TestLoss(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(5, lab.HostConfig{PlainNIC: true})
	for _, h := range hosts {
		h.Lose(10)
	}
	nodes := chatAll(t, hosts)
	awaitMesh(t, l, nodes)
	for range 3 {
		talk(t, l, nodes)
	}
	verify(t, l, nodes...)
}

// TestBlockedPair lets two hosts not hear each other. Both are in a room with
// the third all the same.
func TestBlockedPair(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	lab.BlockPair(hosts[0], hosts[1])
	nodes := chatAll(t, hosts)
	l.Await(patience, "the third sees both", func() bool { return nodes[2].Present() == 2 })
	tell(t, l, nodes[2], nodes[:2])
	hosts[0].Heal()
	hosts[1].Heal()
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
}

// TestGoodbye leaves politely: the others see it at once and without a reason.
func TestGoodbye(t *testing.T) {
	t.Parallel()
	l, nodes := room(t, 3)
	for i, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		leaver, rest := nodes[0], nodes[1:]
		leaver.Signal(sig)
		exits(t, leaver, patience, []int{143, 130}[i])
		for _, p := range rest {
			l.Await(patience, p.Host.Name+" sees it leave", func() bool { return p.Left(leaver) })
			left, _ := p.Find(func(ev lab.Event) bool {
				return ev.Type == "left" && ev.Peer.Instance == leaver.Self().Instance
			})
			if left.Reason != "" {
				t.Errorf("a goodbye is shown with the reason %q", left.Reason)
			}
		}
		nodes = rest
	}
}

// TestExitTime ends a node that cannot say goodbye any more, and one that has
// something under way: 2 s are promised.
func TestExitTime(t *testing.T) {
	t.Parallel()
	_, nodes := room(t, 2)
	nodes[0].Host.Unplug()
	nodes[0].Say("nobody hears this")
	nodes[1].Say("nor this")
	for _, p := range nodes {
		start := time.Now()
		p.Signal(syscall.SIGTERM)
		exits(t, p, patience, 143)
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("%s took %v to end", p.Host.Name, took)
		}
	}
}
