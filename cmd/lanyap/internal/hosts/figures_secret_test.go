//go:build linux

package hosts

import (
	"fmt"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// measureSecret takes turns with an open and a private room. The stretching of the
// secret is done before a node is ready.
func measureSecret(t *testing.T, c contender) (string, int) {
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	private := c
	private.env = knowing(secretOfOurs)
	first, joined := make(map[bool][]time.Duration), make(map[bool][]time.Duration)
	for i := range *rounds {
		for _, secret := range []bool{false, true} {
			of := c
			if secret {
				of = private
			}
			text := fmt.Sprint("first words ", i)
			listener := of.start(hosts[0])
			l.Await(patience, "the listener is ready", listener.Ready)
			speaker := of.start(hosts[1])
			speaker.Say(text)
			l.Await(patience, "the first words", func() bool { return listener.Heard(text) && speaker.Present() == 1 })
			first[secret] = append(first[secret], when(listener, text).Sub(speaker.Started))
			joined[secret] = append(joined[secret], since(speaker, "ready", "joined"))
			stop(listener, speaker)
		}
	}
	half := func(samples []time.Duration) string {
		return fmt.Sprintf("%.1f", float64(quantile(samples, 0.5).Microseconds())/1000)
	}
	return fmt.Sprintf("%s / %s ms; %s / %s ms", half(first[false]), half(first[true]), half(joined[false]), half(joined[true])), 2 * *rounds
}

// since returns the time between the first events of two types, as the program tells it.
func since(p *lab.Process, from, to string) time.Duration {
	start, _ := p.Find(func(ev lab.Event) bool { return ev.Type == from })
	end, _ := p.Find(func(ev lab.Event) bool { return ev.Type == to })
	return end.Time.Sub(start.Time)
}
