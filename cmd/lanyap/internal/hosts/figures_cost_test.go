//go:build linux

package hosts

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// measureCost starts 32 nodes at once and divides the processor time that all of
// them have used when everyone sees everyone by the number of links. What the
// start of a process takes is in it: of 31 half links each.
func measureCost(t *testing.T, c contender) (string, int) {
	const size, links = 32, 32 * 31 / 2
	l := lab.New(t)
	hosts := l.Switch().Hosts(size, lab.HostConfig{})
	var samples []time.Duration
	times := min(*rounds, 5)
	for range times {
		var nodes []*lab.Process
		for _, h := range hosts {
			nodes = append(nodes, c.start(h))
		}
		formed := l.Until(time.Minute, func() bool { return meshed(nodes) })
		stop(nodes...)
		if !formed {
			return "> 60 s", times
		}
		var spent time.Duration
		for _, p := range nodes {
			spent += p.Spent()
		}
		samples = append(samples, spent/links)
	}
	return digits(quantile(samples, 0.5), time.Millisecond) + " ms", times
}
