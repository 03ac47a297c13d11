//go:build linux

package hosts

import (
	"flag"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

var pageStorm = flag.Duration("page-storm", 40*time.Second, "how long the fault storm with pages lasts")

// pageHealLimit is how long after the end of a fault pages may see others than
// nodes do. A page notices later than a node that a link is dead, and makes a new
// one with two ends that have to find each other again by way of a third.
const pageHealLimit = 15 * time.Second

// TestPageStorm is [TestFaultStorm] with two of six hosts in browsers, each served
// by the first host. What hits them is all but a killed or a stopped program.
func TestPageStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("a fault storm is not short")
	}
	t.Parallel()
	lab.Need(t)
	turn(t)
	mustLast(t, *pageStorm+stormAround)
	s := newStorm(t, 6)
	s.limit = pageHealLimit
	const programs = 4
	for i := range programs {
		s.nodes = append(s.nodes, s.start(i))
	}
	awaitMesh(t, s.l, s.nodes)
	for i := programs; i < len(s.hosts); i++ {
		s.nodes = append(s.nodes, s.startPage(i))
	}
	s.rage(*pageStorm)
}

// startPage opens the page of the first host in a browser on another, and has it
// talk.
func (s *storm) startPage(host int) *talker {
	s.t.Helper()
	p := s.talker(host)
	b := browser.Start(s.t, browser.Config{On: s.hosts[host]})
	tab := newTab(s.l, b.Window(), p.trace.Name)
	tab.watch = p.watch
	tab.Go(named("http://"+s.hosts[0].Addr.String()+":7475/", p.trace.Name))
	p.speaker = tab.document(0)
	go p.talk()
	return p
}
