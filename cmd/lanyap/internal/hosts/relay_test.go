//go:build linux

package hosts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// apart keeps those pairs of hosts from hearing each other for which it is so.
func apart(hosts []*lab.Host, are func(i, j int) bool) {
	for i, h := range hosts {
		var others []*lab.Host
		for j, other := range hosts {
			if i != j && are(min(i, j), max(i, j)) {
				others = append(others, other)
			}
		}
		if len(others) > 0 {
			h.Block(others...)
		}
	}
}

// TestRelayedRooms has everybody hear everybody where many pairs hear nothing of
// each other, and say nothing of it once that is so: neither who reaches whom
// nor anything else changes then.
func TestRelayedRooms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		n     int
		apart func(i, j int) bool // i < j
	}{
		{"one pair", 4, func(i, j int) bool { return i == 0 && j == 1 }},
		{"chain", 5, func(i, j int) bool { return j > i+1 }},
		{"hub of clients that are kept apart", 6, func(i, j int) bool { return i > 0 }},
		{"two between halves", 10, func(i, j int) bool { return i > 1 && i%2 != j%2 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := lab.New(t)
			hosts := l.Switch().Hosts(c.n, lab.HostConfig{})
			apart(hosts, c.apart)
			var nodes []*lab.Process
			for _, h := range hosts {
				nodes = append(nodes, h.Start(lab.Program{
					Path: lab.Build(t, program),
					Args: []string{"chat", "--json", "--history", "1000", "--name", h.Name},
					Env:  []string{"LANYAP_LOG=debug"},
				}))
			}
			awaitMesh(t, l, nodes)
			talk(t, l, nodes)
			fallsSilent(t, l, nodes)
			talk(t, l, nodes)
			verify(t, l, nodes...)
			quit(t, nodes...)
		})
	}
}

// fallsSilent waits until nobody has told anybody for ten seconds whom it
// reaches.
func fallsSilent(t *testing.T, l *lab.Lab, nodes []*lab.Process) {
	t.Helper()
	const silence = 10 * time.Second
	told := func() []int {
		var counts []int
		for _, p := range nodes {
			counts = append(counts, strings.Count(p.Stderr(), "msg=reach"))
		}
		return counts
	}
	before, since := told(), time.Now()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(silence + 2*patience); time.Now().Before(end); <-tick.C {
		if now := told(); !slices.Equal(now, before) {
			before, since = now, time.Now()
		}
		if time.Since(since) >= silence {
			if slices.Contains(before, 0) {
				t.Errorf("told %v times, want some of each", before)
			}
			t.Logf("told %v times", before)
			return
		}
	}
	t.Errorf("told %v times, and it goes on", told())
}
