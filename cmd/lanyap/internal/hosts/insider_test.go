//go:build linux

package hosts

import (
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
)

// What follows fills the processors, which are those of all hosts: one at a time, and
// beside no other test.

// TestFrameFloods has members send each kind of frame without an end, all of them to
// one node at once. Who writes what a node may write keeps its link and is read as
// slowly as it takes; who breaks the protocol loses it, each time.
func TestFrameFloods(t *testing.T) {
	s := besiege(t, 2)
	right, wrong := hostile.Floods(false), hostile.Floods(true)
	flooders, liars := startFoe(t, s.foes[0]), startFoe(t, s.foes[1])
	for _, do := range right {
		flooders.order(at(s.nodes[0], hostile.Order{Do: do, Rate: 50}))
	}
	for _, do := range wrong {
		liars.order(at(s.nodes[0], hostile.Order{Do: do, Rate: 50}))
	}
	for _, do := range right {
		flooders.awaits(s.Lab, do, 20)
	}
	for _, do := range wrong {
		liars.awaits(s.Lab, do+" wrong", 1)
	}
	s.holds()
	t.Log(flooders.counts(), liars.counts())
	for _, do := range right {
		if n := flooders.count(do + " wrong"); n > 0 {
			t.Errorf("%s: it is said %d times to break the protocol", do, n)
		}
	}
	flooders.Kill()
	liars.Kill()
	s.ends()
}

// TestMembersThatDoNotRead has members read nothing, or a message a second, while others
// say more than a link holds. Who reads nothing is taken for one that hangs.
func TestMembersThatDoNotRead(t *testing.T) {
	s := besiege(t, 1)
	f := startFoe(t, s.foes[0])
	for _, p := range s.nodes {
		f.order(at(p, hostile.Order{Do: "deaf"}), at(p, hostile.Order{Do: "drowsy"}))
	}
	f.awaits(s.Lab, "in", 2*len(s.nodes))
	for range 20 {
		for _, p := range s.nodes {
			p.Say(strings.Repeat("x", 60_000))
		}
	}
	s.holds()
	f.awaits(s.Lab, "deaf out", 1)
	t.Log(f.counts())
	f.Kill()
	s.ends()
}

// TestReflection has a node get back what it sends: a member says again on its link
// whatever it hears there, and a stranger returns offers, datagrams and multicast DNS.
// Neither makes the node take itself for somebody else.
func TestReflection(t *testing.T) {
	for name, c := range map[string]struct {
		do      string
		private bool
		await   []string
	}{
		"by a member":                     {"echoes", false, []string{"echoed"}},
		"by a stranger":                   {"reflects", false, []string{"announcements", "offered", "reflected"}},
		"by a stranger to a private room": {"reflects", true, []string{"announcements", "offered", "reflected"}},
	} {
		t.Run(name, func(t *testing.T) {
			var room []string
			if c.private {
				room = inPrivate(t)
			}
			s := besiege(t, 1, room...)
			f := startFoe(t, s.foes[0], at(s.nodes[0], hostile.Order{Do: c.do, Rate: 20}))
			s.holds(room...)
			for _, what := range c.await {
				f.awaits(s.Lab, what, 1)
			}
			t.Log(f.counts())
			f.Kill()
			s.ends()
		})
	}
}
