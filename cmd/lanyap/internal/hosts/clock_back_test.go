//go:build linux

package hosts

import (
	"fmt"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// sayAll has a node say these texts one after the other, and waits until those
// show all of them.
func sayAll(t *testing.T, l *lab.Lab, from *lab.Process, to []*lab.Process, texts ...string) {
	t.Helper()
	from.Say(texts...)
	for _, p := range to {
		for _, text := range texts {
			l.Await(patience, fmt.Sprintf("%s heard %q", p.Host.Name, text), func() bool { return p.Heard(text) })
		}
	}
}

// around are texts to say before and after a clock is set.
func around() (before, after []string) {
	for i := range 10 {
		before = append(before, fmt.Sprint("before ", i))
		after = append(after, fmt.Sprint("after ", i))
	}
	return before, after
}

// The order of what somebody says is that of its numbers. A clock that goes
// backwards meanwhile takes nothing from who comes late.
func TestNewcomerHearsAllOfWhoseClockWasSetBack(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	speaker, listener := chatMovable(t, hosts[0]), chatMovable(t, hosts[1])
	nodes := []*lab.Process{speaker, listener}
	awaitMesh(t, l, nodes)
	before, after := around()
	sayAll(t, l, speaker, nodes[1:], before...)
	hosts[0].MoveClock(-7 * time.Second)
	sayAll(t, l, speaker, nodes[1:], after...)

	late := chatMovable(t, hosts[2], "--history", "1000")
	heardAll(t, l, late, append(before, after...)...)
	nodes = append(nodes, late)
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, nodes...)
}

// The same for who was away when somebody set its clock back and died.
func TestLastWordsOfWhoseClockWasSetBack(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	var nodes []*lab.Process
	for _, h := range hosts {
		nodes = append(nodes, chatMovable(t, h))
	}
	awaitMesh(t, l, nodes)
	speaker, listener, away := nodes[0], nodes[1], nodes[2]
	hosts[2].Unplug()
	before, after := around()
	sayAll(t, l, speaker, nodes[1:2], before...)
	hosts[0].MoveClock(-7 * time.Second)
	sayAll(t, l, speaker, nodes[1:2], after...)
	speaker.Kill()
	l.Await(patience, "the listener sees the speaker leave", func() bool { return listener.Left(speaker) })
	hosts[2].Plug()
	heardAll(t, l, away, append(before, after...)...)
	nodes = nodes[1:]
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
	verify(t, l, speaker, listener, away)
}
