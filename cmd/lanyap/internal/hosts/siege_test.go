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

// mostMemory is what a node's resident memory may come to, whoever does what to it.
const mostMemory = 256 << 20

// siege is a room in which three members chat while others do it harm.
type siege struct {
	*lab.Lab
	t     *testing.T
	hosts []*lab.Host // of members; the last is the newcomer's
	foes  []*lab.Host
	nodes []*lab.Process
}

// besiege makes the room, and hosts for so many who are hostile.
func besiege(t *testing.T, foes int, args ...string) *siege {
	t.Helper()
	l := lab.New(t)
	all := l.Switch().Hosts(4+foes, lab.HostConfig{})
	s := &siege{Lab: l, t: t, hosts: all[:4], foes: all[4:]}
	s.nodes = chatAll(t, s.hosts[:3], args...)
	awaitMesh(t, l, s.nodes)
	return s
}

// holds has the members chat while the foes are at work, and somebody new come in
// with these arguments; nothing is lost, nobody is missed, and no node is large.
func (s *siege) holds(args ...string) {
	s.t.Helper()
	s.chat(2 * time.Second)
	came := time.Now()
	s.nodes = append(s.nodes, chat(s.t, s.hosts[3], args...))
	awaitMesh(s.t, s.Lab, s.nodes)
	s.t.Logf("who comes meanwhile is linked to all after %v", time.Since(came).Round(time.Millisecond))
	s.chat(2 * time.Second)
	s.small()
}

// chat has each member say something ten times a second, for so long.
func (s *siege) chat(d time.Duration) {
	s.t.Helper()
	for range int(d / (100 * time.Millisecond)) {
		for _, p := range s.nodes {
			p.Say(fmt.Sprintf("%s says %d", p.Host.Name, said.Add(1)))
		}
		pause(s.Lab, 100*time.Millisecond)
	}
}

// small checks what each node takes of memory.
func (s *siege) small() {
	s.t.Helper()
	for _, p := range s.nodes {
		peak := p.Peak()
		s.t.Logf("%s: %d MiB at most", p.Host.Name, peak>>20)
		if peak > mostMemory {
			s.t.Errorf("%s took %d MiB, want %d at most", p.Host.Name, peak>>20, mostMemory>>20)
		}
	}
}

// ends checks that nothing was lost and nobody missed.
func (s *siege) ends() {
	s.t.Helper()
	if anyLeft(s.nodes) {
		s.t.Error("somebody is said to have left")
	}
	talk(s.t, s.Lab, s.nodes)
	verify(s.t, s.Lab, s.nodes...)
	quit(s.t, s.nodes...)
}

// at returns the order to do something to a member.
func at(to *lab.Process, o hostile.Order) hostile.Order {
	o.At, o.Instance = netip.AddrPortFrom(to.Host.Addr, 7475), to.Self().Instance
	if o.Sources > 1 {
		o.At = netip.AddrPortFrom(to.Host.Addr6, 7475)
	}
	return o
}

// TestSieges has hostile programs do what they can to a room of three who chat.
func TestSieges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order hostile.Order
		await string // what it counts
		times int
	}{
		"slow HTTP":              {hostile.Order{Do: "slow", Hold: time.Minute, Rate: 200}, "opened", 500},
		"slow HTTP of many":      {hostile.Order{Do: "slow", Hold: time.Minute, Rate: 400, Sources: 32}, "opened", 1000},
		"size bombs":             {hostile.Order{Do: "bombs", Rate: 100}, "bombs", 50},
		"odd packets":            {hostile.Order{Do: "packets", Rate: 1000, Sources: 32}, "packets", 1000},
		"connects":               {hostile.Order{Do: "connects"}, "connects", 1000},
		"fake instances":         {hostile.Order{Do: "instances", Rate: 1000}, "announced", 1000},
		"fake instances of many": {hostile.Order{Do: "instances", Rate: 1000, Sources: 64}, "announced", 1000},
		"offers":                 {hostile.Order{Do: "offers", Rate: 1000, Sources: 64}, "offers", 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, 1)
			f := startFoe(t, s.foes[0])
			for _, p := range s.nodes {
				o := at(p, c.order)
				if c.order.Do == "instances" {
					o.At, o.Instance = netip.AddrPortFrom(s.foes[0].Addr, 0), ""
				}
				f.order(o)
			}
			f.awaits(s.Lab, c.await, c.times)
			s.holds()
			t.Log(f.counts())
			f.Kill()
			s.ends()
		})
	}
}

// TestTrap has a foe announce itself, and answer who asks with more than anybody wants.
func TestTrap(t *testing.T) {
	t.Parallel()
	s := besiege(t, 1)
	f := startFoe(t, s.foes[0], hostile.Order{Do: "trap", At: netip.AddrPortFrom(s.foes[0].Addr, 7475), Rate: 20})
	f.awaits(s.Lab, "sprung", 9)
	s.holds()
	t.Log(f.counts())
	f.Kill()
	s.ends()
}
