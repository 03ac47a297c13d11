//go:build linux

package hosts

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// measureStopped has eight say 200 messages a second together, first with a
// ninth that reads them and then with it stopped, and compares the times from
// the write to the last of the others. Memory is the most that one of the
// eight gained meanwhile.
func measureStopped(t *testing.T, c contender) (string, int) {
	l := lab.New(t)
	ears := c.listenAll(l.Switch().Hosts(9, lab.HostConfig{}))
	awaitEars(t, l, ears)
	sleeper, speakers := ears[8], ears[:8]
	total := 200 * min(*rounds, 30)

	// Once to warm up: what comes first pays for buffers.
	load(l, speakers, "warm up", total/4)
	with := load(l, speakers, "with it", total)
	sleeper.Signal(syscall.SIGSTOP)
	without := load(l, speakers, "without it", total)
	sleeper.Signal(syscall.SIGCONT)

	value := fmt.Sprintf("%s with, %s stopped: %.2f×; memory +%.1f and +%.1f MiB",
		millis(with.samples, 0.5, 0.99), millis(without.samples, 0.5, 0.99),
		float64(quantile(without.samples, 0.99))/float64(max(quantile(with.samples, 0.99), 1)),
		with.grown, without.grown)
	if lost := with.lost + without.lost; lost > 0 {
		value += fmt.Sprintf(", %d not received", lost)
	}
	return value, len(without.samples)
}

type loaded struct {
	samples []time.Duration
	lost    int
	grown   float64 // MiB
}

// load has these say messages of 256 bytes in turn, 200 a second together.
func load(l *lab.Lab, speakers []*ear, words string, total int) loaded {
	before := make([]int, len(speakers))
	for i, e := range speakers {
		before[i] = e.RSS()
	}
	tick := time.NewTicker(time.Second / 200)
	defer tick.Stop()
	var said []utterance
	for i := range total {
		<-tick.C
		said = append(said, utter(speakers[i%len(speakers)], fmt.Sprintf("%s %d", words, i), 256))
	}
	var result loaded
	for i, e := range speakers {
		result.grown = max(result.grown, float64(e.RSS()-before[i])/(1<<20))
	}
	l.Until(tolerance, func() bool { return heardByAll(said[total-min(total, 20):], speakers) })
	result.samples, result.lost = latencies(said, speakers)
	return result
}

// measureFlood has one say 256 bytes to eight as fast as it takes them, and
// counts what the slowest of the eight showed in a second.
func measureFlood(t *testing.T, c contender) (string, int) {
	const warmUp, window = 2 * time.Second, 10 * time.Second
	l := lab.New(t)
	nodes := make([]*lab.Process, 9)
	for i, h := range l.Switch().Hosts(len(nodes), lab.HostConfig{}) {
		nodes[i] = h.Start(lab.Program{Path: c.path, Args: c.args(h), Tally: true})
	}
	if !l.Until(patience, func() bool { return meshed(nodes) }) {
		t.Log("not everyone sees everyone; measured all the same")
	}
	quiet(l)
	speaker, listeners := nodes[0], nodes[1:]

	lines := make([]string, 200)
	var talking sync.WaitGroup
	defer talking.Wait()
	quit := make(chan struct{})
	defer close(quit)
	talking.Go(func() {
		for i := 0; ; {
			for j := range lines {
				words := fmt.Sprint("message ", i)
				lines[j] = words + strings.Repeat("x", 256-len(words))
				i++
			}
			select {
			case <-quit:
				return
			default:
			}
			if speaker.TrySay(lines...) != nil {
				return
			}
		}
	})
	count := func() []int {
		counts := make([]int, len(listeners))
		for i, p := range listeners {
			counts[i] = p.Counted()
		}
		return counts
	}
	pause(l, warmUp)
	before, start := count(), time.Now()
	pause(l, window)
	after, elapsed := count(), time.Since(start)
	speaker.Kill() // who is blocked in a write is so no longer
	slowest := after[0] - before[0]
	for i := range after {
		slowest = min(slowest, after[i]-before[i])
	}
	return fmt.Sprintf("%.0f/s", float64(slowest)/elapsed.Seconds()), slowest
}
