//go:build linux

package hosts

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

func measureStart(t *testing.T, c contender) (string, int) {
	return measureStartOn(t, c, lab.HostConfig{})
}

func measureStartDocker(t *testing.T, c contender) (string, int) {
	return measureStartOn(t, c, lab.HostConfig{Docker: true})
}

// measureStartOn takes the time from just before the fork of a node with
// something to say to the moment at which a node that was there shows it.
func measureStartOn(t *testing.T, c contender, cfg lab.HostConfig) (string, int) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, cfg)
	var runs series
	for i := range *rounds {
		text := fmt.Sprint("first words ", i)
		listener := c.start(hosts[0])
		l.Await(patience, "the listener is ready", listener.Ready)
		speaker := c.start(hosts[1])
		if !c.keepsLines {
			l.Until(tolerance, func() bool { return speaker.Present() > 0 })
		}
		speaker.Say(text)
		if l.Until(tolerance, func() bool { return listener.Heard(text) }) {
			runs.add(when(listener, text).Sub(speaker.Started))
		} else {
			runs.failed++
		}
		stop(listener, speaker)
	}
	return runs.String(0.99), len(runs.samples)
}

// when returns the time at which a program showed a text.
func when(p *lab.Process, text string) time.Time {
	ev, _ := p.Find(func(ev lab.Event) bool { return ev.Type == "message" && ev.Text == text })
	return ev.At
}

// stop kills programs and waits for their ends, so that the next round starts
// on a quiet machine.
func stop(nodes ...*lab.Process) {
	for _, p := range nodes {
		p.Kill()
	}
	for _, p := range nodes {
		p.Wait(patience)
	}
}

// measureLate takes the time from just before the fork of a node to the last
// of: it sees one of the 16 others, one of them sees it.
func measureLate(t *testing.T, c contender) (string, int) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(17, lab.HostConfig{})
	var nodes []*lab.Process
	for _, h := range hosts[1:] {
		// One after the other: a mass start is another figure.
		nodes = append(nodes, c.start(h))
		l.Until(tolerance, func() bool { return meshed(nodes) })
	}
	quiet(l)
	var runs series
	for range *rounds {
		late := c.start(hosts[0])
		all := append([]*lab.Process{late}, nodes...)
		meet := func() bool {
			for _, p := range nodes {
				if !p.Sees(late) || !late.Sees(p) {
					return false
				}
			}
			return true
		}
		if l.Until(tolerance, meet) {
			runs.add(lastJoined(all, late.Started).Sub(late.Started))
		} else {
			logUnseen(t, late, nodes)
			if runs.failed++; runs.failed > 5 {
				break
			}
		}
		stop(late)
		l.Until(tolerance, func() bool { return !anySees(nodes, late) })
	}
	return runs.String(0.99), len(runs.samples)
}

// logUnseen says who does not see whom.
func logUnseen(t *testing.T, late *lab.Process, nodes []*lab.Process) {
	for _, p := range nodes {
		if !p.Sees(late) || !late.Sees(p) {
			t.Logf("%s, instance %s, seen by %s, instance %s: %v, sees it: %v", late.Host.Name, late.Self().Instance,
				p.Host.Name, p.Self().Instance, p.Sees(late), late.Sees(p))
		}
	}
}

func anySees(nodes []*lab.Process, other *lab.Process) bool {
	return slices.ContainsFunc(nodes, func(p *lab.Process) bool { return p.Sees(other) })
}

// quiet lets what comes with a mass start pass: a second without an event.
func quiet(l *lab.Lab) { l.Until(time.Second, func() bool { return false }) }

// lastJoined returns when the last joined since start was shown anywhere.
func lastJoined(nodes []*lab.Process, start time.Time) time.Time {
	latest := start
	for _, p := range nodes {
		for _, ev := range p.Log().Events {
			if ev.Type == "joined" && ev.At.After(latest) {
				latest = ev.At
			}
		}
	}
	return latest
}

// measureMesh starts 8 to 64 nodes one right after the other and takes the
// time from the first fork until everyone sees everyone.
func measureMesh(t *testing.T, c contender) (string, int) {
	value, total := "", 0
	for _, size := range []int{8, 16, 32, 64} {
		l := lab.New(t)
		hosts := l.Switch().Hosts(size, lab.HostConfig{})
		times := max(3, *rounds/size)
		var samples []time.Duration
		for range times {
			var nodes []*lab.Process
			for _, h := range hosts {
				nodes = append(nodes, c.start(h))
			}
			formed := l.Until(time.Minute, func() bool { return meshed(nodes) })
			stop(nodes...)
			if !formed {
				break
			}
			start := nodes[0].Started
			samples = append(samples, lastJoined(nodes, start).Sub(start))
		}
		if size > 8 {
			value += " / "
		}
		if len(samples) < times {
			value += "> 60"
			continue
		}
		total += times
		value += fmt.Sprintf("%.2f", quantile(samples, 0.5).Seconds())
	}
	return value + " s", total
}
