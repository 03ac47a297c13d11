//go:build linux

package hosts

import (
	"fmt"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// measureMDNS counts what 16 idle nodes send to or from port 5353 in a minute.
func measureMDNS(t *testing.T, c contender) (string, int) {
	const settle, window = 30 * time.Second, time.Minute
	l, nodes := sixteen(t, c)
	pause(l, settle)
	count := func() (total int) {
		for _, p := range nodes {
			total += p.Host.MDNSPackets()
		}
		return total
	}
	before, start := count(), time.Now()
	pause(l, window)
	return fmt.Sprintf("%.2f", float64(count()-before)/time.Since(start).Seconds()), len(nodes)
}

// pause lets time pass in which something is measured.
func pause(l *lab.Lab, d time.Duration) { l.Until(d, func() bool { return false }) }

// measureIdle looks at one of 64 nodes that have nothing to say, over half a
// minute after they have settled.
func measureIdle(t *testing.T, c contender) (string, int) {
	const size, window = 64, 30 * time.Second
	l := lab.New(t)
	hosts := l.Switch().Hosts(size, lab.HostConfig{})
	nodes := []*lab.Process{c.start(hosts[0])}
	for _, h := range hosts[1:] {
		// One after the other: how a mass start goes is another figure.
		nodes = append(nodes, c.start(h))
		if !l.Until(patience, func() bool { return nodes[0].Present() == len(nodes)-1 }) {
			return fmt.Sprintf("no more than %d links", nodes[0].Present()), len(nodes)
		}
	}
	pause(l, 15*time.Second)
	before, start := nodes[0].CPU(), time.Now()
	pause(l, window)
	share := float64(nodes[0].CPU()-before) / float64(time.Since(start))
	return fmt.Sprintf("%.1f %%, %d MB", 100*share, nodes[0].RSS()>>20), size
}
