//go:build linux

package hosts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// sixteen starts 16 nodes on hosts of their own and waits for the mesh.
func sixteen(t *testing.T, c contender) (*lab.Lab, []*lab.Process) {
	l := lab.New(t)
	var nodes []*lab.Process
	for _, h := range l.Switch().Hosts(16, lab.HostConfig{}) {
		nodes = append(nodes, c.start(h))
	}
	if !l.Until(patience, func() bool { return meshed(nodes) }) {
		t.Log("not everyone sees everyone; measured all the same")
	}
	quiet(l)
	return l, nodes
}

// measureBroadcast has one of 16 say 256 bytes ten times a second and takes
// the time from the write to its standard input until the last other showed it.
func measureBroadcast(t *testing.T, c contender) (string, int) {
	const total = 300
	l, nodes := sixteen(t, c)
	speaker, rest := nodes[0], nodes[1:]
	sent := make([]time.Time, total)
	texts := make([]string, total)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range total {
		<-tick.C
		text := fmt.Sprintf("message %d ", i)
		texts[i] = text + strings.Repeat("x", 256-len(text))
		sent[i] = time.Now()
		speaker.Say(texts[i])
	}
	l.Until(patience, func() bool {
		for _, p := range rest {
			if !p.Heard(texts[total-1]) {
				return false
			}
		}
		return true
	})
	var samples []time.Duration
	lost := 0
	for i, text := range texts {
		var latest time.Time
		for _, p := range rest {
			at := when(p, text)
			if at.IsZero() {
				lost++
				continue
			}
			if at.After(latest) {
				latest = at
			}
		}
		samples = append(samples, latest.Sub(sent[i]))
	}
	value := millis(samples, 0.5, 0.99)
	if lost > 0 {
		value += fmt.Sprintf(", %d not received", lost)
	}
	return value, total
}

// measureKill kills one of 16 and takes the time until the last of the others
// that saw it showed that it left.
func measureKill(t *testing.T, c contender) (string, int) {
	l, nodes := sixteen(t, c)
	var samples []time.Duration
	for range min(*rounds, 30) {
		victim := nodes[0]
		rest := slices.DeleteFunc(slices.Clone(nodes[1:]), func(p *lab.Process) bool { return !p.Sees(victim) })
		start := time.Now()
		victim.Kill()
		if len(rest) > 0 {
			samples = append(samples, awaitLeft(t, l, rest, victim).Sub(start))
		}
		victim.Wait(patience)
		nodes[0] = c.start(victim.Host)
		l.Until(tolerance, func() bool { return meshed(nodes) })
		quiet(l)
	}
	return millis(samples, 0.5, 1), len(samples)
}

// awaitLeft waits until each of these showed that the other left, and returns
// when the last did.
func awaitLeft(t *testing.T, l *lab.Lab, nodes []*lab.Process, other *lab.Process) time.Time {
	t.Helper()
	l.Await(time.Minute, "all others see it leave", func() bool {
		for _, p := range nodes {
			if !p.Left(other) {
				return false
			}
		}
		return true
	})
	gone := other.Self()
	var latest time.Time
	for _, p := range nodes {
		ev, _ := p.Find(func(ev lab.Event) bool {
			return ev.Type == "left" && ev.Peer.ID == gone.ID && ev.Peer.Instance == gone.Instance
		})
		if ev.At.After(latest) {
			latest = ev.At
		}
	}
	return latest
}

// measureCable pulls the cable of one of 16 after the other.
func measureCable(t *testing.T, c contender) (string, int) {
	l, nodes := sixteen(t, c)
	var samples []time.Duration
	for range 3 {
		victim := nodes[0]
		nodes = nodes[1:]
		start := time.Now()
		victim.Host.Unplug()
		samples = append(samples, awaitLeft(t, l, nodes, victim).Sub(start))
	}
	return fmt.Sprintf("%.1f s", quantile(samples, 1).Seconds()), len(samples)
}
