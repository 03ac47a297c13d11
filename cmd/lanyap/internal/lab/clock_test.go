//go:build linux

package lab

import (
	"testing"
	"time"
)

// showsTime has a program of testdata/clock say what its clock shows, and fails
// unless that is the host's time.
func showsTime(t *testing.T, h *Host, p *Process) Event {
	t.Helper()
	asked, before := h.Clock(), len(p.Log().Events)
	p.Say("what time is it?")
	h.lab.Await(time.Minute, "the clock was told", func() bool { return len(p.Log().Events) > before })
	ev := last(p.Log().Events, 1)[0]
	if ev.Time.Before(asked) || ev.Time.After(h.Clock()) {
		t.Errorf("the program's clock shows %v at %v", ev.Time, asked)
	}
	return ev
}

func TestClockIsMoved(t *testing.T) {
	t.Parallel()
	l := New(t)
	hosts := l.Switch().Hosts(2, HostConfig{NoCable: true})
	bin := BuildMovable(t, "./testdata/clock")
	h, other := hosts[0], hosts[1]
	p, unmoved := h.Start(Program{Path: bin}), other.Start(Program{Path: bin})
	l.Await(time.Minute, "both are ready", func() bool { return p.Ready() && unmoved.Ready() })
	showsTime(t, h, p)
	for _, by := range []time.Duration{365 * 24 * time.Hour, -7 * time.Second, 100 * 365 * 24 * time.Hour, 999_999_999, -1, 0} {
		h.MoveClock(by)
		showsTime(t, h, p)
	}
	h.SetClock(time.Unix(0, 0))
	ev := showsTime(t, h, p)
	showsTime(t, other, unmoved)
	ran, err := time.ParseDuration(ev.Text)
	if limit := time.Since(p.Started); err != nil || ran < 0 || ran > limit {
		t.Errorf("the program says that it ran for %s, the test for %v: durations were moved, too", ev.Text, limit)
	}
}

func TestClockIsMovedFromTheStart(t *testing.T) {
	t.Parallel()
	l := New(t)
	h := l.Switch().Host(HostConfig{NoCable: true})
	h.SetClock(time.Unix(0, 0))
	p := h.Start(Program{Path: BuildMovable(t, "./testdata/clock")})
	l.Await(time.Minute, "it is ready", p.Ready)
	if ev := showsTime(t, h, p); ev.Sent.Year() != 1970 {
		t.Errorf("when it started, its clock showed %v", ev.Sent)
	}
}
