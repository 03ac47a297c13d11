//go:build linux

package hosts

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// chatMovable is chat with a program whose clock the host can move.
func chatMovable(t testing.TB, h *lab.Host, args ...string) *lab.Process {
	t.Helper()
	return h.Start(lab.Program{
		Path: lab.BuildMovable(t, program),
		Args: append([]string{"chat", "--json", "--name", h.Name}, args...),
	})
}

// cutOff pulls a host's cable until all have noticed, puts it back and waits
// until everyone sees everyone again: links are made anew.
func cutOff(t *testing.T, l *lab.Lab, h *lab.Host, nodes []*lab.Process) {
	t.Helper()
	h.Unplug()
	l.Await(patience+lossPatience, h.Name+" is gone for all", func() bool {
		for _, p := range nodes {
			if p.Host == h && p.Present() > 0 || p.Host != h && p.Present() != len(nodes)-2 {
				return false
			}
		}
		return true
	})
	h.Plug()
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
}

// lossPatience is how long it takes to notice that a cable is out.
const lossPatience = 20 * time.Second

// What ages in a program that runs, such as a certificate, is no reason to stay
// alone after the next cut.
func TestYearOfUptime(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	var nodes []*lab.Process
	for _, h := range hosts {
		nodes = append(nodes, chatMovable(t, h))
	}
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	for i, uptime := range []time.Duration{31 * day, year} {
		for _, h := range hosts {
			h.MoveClock(uptime)
		}
		talk(t, l, nodes)
		cutOff(t, l, hosts[i], nodes)
	}
	verify(t, l, nodes...)
}

// A board without a battery for its clock starts in 1970, until it has asked
// for the time.
func TestClockFrom1970(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	board := hosts[0]
	board.SetClock(time.Unix(0, 0))
	nodes := []*lab.Process{chatMovable(t, board), chatMovable(t, hosts[1])}
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)

	board.MoveClock(0)
	talk(t, l, nodes)
	late := chatMovable(t, hosts[2])
	nodes = append(nodes, late)
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	cutOff(t, l, board, nodes)
	verify(t, l, nodes...)
}
