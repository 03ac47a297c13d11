//go:build linux

package hosts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// TestEchoReachesEverybodyHere has one host say a line and go, again and again:
// all who are here hear it, though they take no history.
func TestEchoReachesEverybodyHere(t *testing.T) {
	t.Parallel()
	for size, echoes := range map[int]int{4: 40, 16: 10} {
		t.Run(fmt.Sprint(size, " hosts"), func(t *testing.T) {
			l := lab.New(t)
			hosts := l.Switch().Hosts(size+1, lab.HostConfig{})
			here := chatAll(t, hosts[1:], "--listen", "--history", "0")
			awaitMesh(t, l, here)
			var texts []string
			for i := range echoes {
				texts = append(texts, fmt.Sprint("backup ", i))
				exits(t, echo(t, hosts[0], texts[i:], "chat", "--name", "echo"), patience, 0)
			}
			for _, p := range here {
				heardAll(t, l, p, texts...)
			}
			verify(t, l, here...)
		})
	}
}

// TestEchoesAtOneMoment has several hosts say a line at the same time, as cron
// would have it: each is heard by all, also by those that speak.
func TestEchoesAtOneMoment(t *testing.T) {
	t.Parallel()
	const size, rounds = 4, 10
	l := lab.New(t)
	hosts := l.Switch().Hosts(2*size, lab.HostConfig{})
	here := chatAll(t, hosts[:size], "--listen", "--history", "0")
	awaitMesh(t, l, here)
	for round := range rounds {
		var says []*lab.Process
		for _, h := range hosts[size:] {
			says = append(says, echo(t, h, []string{fmt.Sprint(h.Name, " ", round)}, "chat", "--history", "0", "--name", h.Name))
		}
		for _, p := range says {
			exits(t, p, patience, 0)
		}
	}
	for _, p := range here {
		hear(t, l, p, size*rounds)
	}
	verify(t, l, here...)
}

// TestEchoNamesWhoIsOutOfReach has a host be sighted that can be dialed by
// nobody and dial nobody: what is said is not said to it, and that is told.
func TestEchoNamesWhoIsOutOfReach(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	hosts[0].Firewall()
	hosts[2].Firewall()
	lab.BlockPair(hosts[1], hosts[2])
	says := run(t, hosts[0], "chat")
	says.Say("hi")
	listener(t, l, hosts[2], "--history", "0")
	l.Stays(3*time.Second, "it reaches the one out of reach", func() bool { return strings.Contains(says.Stderr(), "joined") })
	hears := listener(t, l, hosts[1], "--history", "0")
	heardAll(t, l, hears, "hi")
	says.EndInput()
	exits(t, says, patience, 4)
	hinted(t, says)
	// Who asks for one gets one.
	exits(t, echo(t, hosts[0], []string{"hi"}, "chat", "--wait", "1"), patience, 0)
}
