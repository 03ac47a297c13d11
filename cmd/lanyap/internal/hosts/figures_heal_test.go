//go:build linux

package hosts

import (
	"fmt"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// measureHeal cuts 12 hosts into two halves for 10 s in which each says
// something every second, and takes the time from the end of the cut until
// everybody showed everything.
func measureHeal(t *testing.T, c contender) (string, int) {
	const cut = 10
	l := lab.New(t)
	s := l.Switch()
	hosts := s.Hosts(12, lab.HostConfig{})
	ears := c.listenAll(hosts)
	awaitEars(t, l, ears)
	var runs series
	for round := range min(*rounds, 20) {
		s.Partition(hosts[:6], hosts[6:])
		var said []utterance
		for second := range cut {
			for i, e := range ears {
				said = append(said, utter(e, fmt.Sprintf("round %d second %d by %d", round, second, i), 64))
			}
			pause(l, time.Second)
		}
		s.Whole()
		healed := time.Now()
		if !l.Until(tolerance, func() bool { return heardByAll(said, ears) }) {
			runs.failed++
		} else {
			latest := healed
			for _, u := range said {
				if at := u.last(ears); at.After(latest) {
					latest = at
				}
			}
			runs.add(latest.Sub(healed))
		}
		l.Until(patience, func() bool { return earsMeshed(ears) })
		quiet(l)
	}
	return runs.String(0.99), len(runs.samples)
}

// measureBlocked takes the time of a message from one host to another over
// their link, and with the two blocked from each other and a third beside them.
func measureBlocked(t *testing.T, c contender) (string, int) {
	direct, _, ok := oneWay(t, c, false)
	if !ok {
		return "not heard at all", 0
	}
	relayed, n, ok := oneWay(t, c, true)
	if !ok {
		return fmt.Sprintf("direct %s ms, blocked not heard", digits(direct, time.Millisecond)), 0
	}
	return fmt.Sprintf("%+.2f ms (direct %s, through a third %s)", float64(relayed-direct)/float64(time.Millisecond),
		digits(direct, time.Millisecond), digits(relayed, time.Millisecond)), n
}

// oneWay returns the median time from the write to one program's input until
// another showed it.
func oneWay(t *testing.T, c contender, blocked bool) (median time.Duration, n int, ok bool) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	if blocked {
		lab.BlockPair(hosts[0], hosts[1])
	}
	ears := c.listenAll(hosts)
	speaker, listener := ears[0], ears[1:2]
	l.Await(patience, "the third sees both", func() bool { return ears[2].Present() == 2 })
	if !l.Until(tolerance, func() bool { return speaker.Sees(listener[0].Process) }) {
		t.Log("they do not see each other")
	}
	hello := utter(speaker, "hello", 64)
	if !l.Until(tolerance, func() bool { return !hello.last(listener).IsZero() }) {
		return 0, 0, false
	}
	quiet(l)
	var said []utterance
	for i := range 10 * *rounds {
		said = append(said, utter(speaker, fmt.Sprint("message ", i), 256))
		pause(l, 20*time.Millisecond)
	}
	l.Until(tolerance, func() bool { return heardByAll(said, listener) })
	samples, lost := latencies(said, listener)
	if lost > 0 {
		t.Logf("%d of %d not received", lost, len(said))
	}
	return quantile(samples, 0.5), len(samples), len(samples) > 0
}

// measureHistory has three say 1,000 messages of 256 bytes before another
// comes, and takes the time from its first joined until it showed the last of
// them, which it must mark as history.
func measureHistory(t *testing.T, c contender) (string, int) {
	const messages = 1000
	l := lab.New(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	ears := c.listenAll(hosts[1:])
	awaitEars(t, l, ears)
	var said []utterance
	for i := range messages {
		said = append(said, utter(ears[i%len(ears)], fmt.Sprint("message ", i), 256))
	}
	l.Await(time.Minute, "all have what was said", func() bool { return heardByAll(said, ears) })
	var runs series
	for range *rounds {
		late := c.listen(hosts[0])
		complete := l.Until(tolerance, func() bool { _, at := late.past(messages); return !at.IsZero() })
		if joined, shown := late.past(messages); complete {
			runs.add(shown.Sub(joined))
		} else if runs.failed++; runs.failed > 5 {
			break
		}
		stop(late.Process)
		l.Until(tolerance, func() bool { return ears[0].Present() == len(ears)-1 })
	}
	return runs.String(0.99), len(runs.samples)
}
