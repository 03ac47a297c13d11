package mesh_test

import (
	"flag"
	"fmt"
	"testing"
	"time"
)

var wholeYear = flag.Bool("year", false, "TestUptime simulates a year instead of two weeks, in a minute or two")

// TestUptime runs a room for as long as machines run. Each day something
// breaks, another thing each day: links, a cable for seconds or for half an
// hour, a path for a day, a clock that is set, a member that is replaced by
// its next start. Whatever it was, all are linked again afterwards, and hear
// each other.
func TestUptime(t *testing.T) {
	long(t)
	days := 14
	if raceEnabled {
		days = 7
	}
	if *wholeYear {
		days = 365
	}
	inRoom(t, func(r *room) {
		clocks := make([]skew, 4)
		hosts := []string{"ana", "bo", "cy", "di"}
		nodes := make([]*actor, len(hosts))
		for i, name := range hosts {
			nodes[i] = r.join(name, clocks[i].config)
		}
		faults := []struct {
			name string
			do   func(day int, a, b *actor)
		}{
			{"links dropped", func(_ int, a, b *actor) { r.lan.Drop(a.host, b.host) }},
			{"cable out for 4 s", func(_ int, a, _ *actor) { r.unplug(a, 4*time.Second) }},
			{"cable out for 40 s", func(_ int, a, _ *actor) { r.unplug(a, 40*time.Second) }},
			{"cable out for half an hour", func(_ int, a, _ *actor) { r.unplug(a, 30*time.Minute) }},
			{"path cut for hours", func(_ int, a, b *actor) {
				r.lan.Cut(a.host, b.host)
				pass(5 * time.Hour)
				r.lan.Heal(a.host, b.host)
			}},
			{"clock set", func(day int, a, _ *actor) { clocks[day%len(nodes)].set(jumps[day%len(jumps)]) }},
			{"restart", func(day int, a, _ *actor) {
				i := day % len(nodes)
				a.host.Kill()
				a.Close()
				<-a.read
				nodes[i] = r.join(hosts[i], clocks[i].config)
			}},
		}
		for day := range days {
			fault := faults[day%len(faults)]
			fault.do(day, nodes[day%len(nodes)], nodes[(day+1)%len(nodes)])
			pass(time.Minute)
			for i, a := range nodes {
				for j, name := range hosts {
					if i != j && via(a, name) != "" {
						t.Fatalf("day %d, %s: %s reaches %s through %q", day, fault.name, hosts[i], name, via(a, name))
					}
				}
			}
			for i, a := range nodes {
				receipt := r.say(a, fmt.Sprint(hosts[i], " on day ", day))
				pass(time.Second)
				if r.delivered(receipt); len(receipt.To()) != len(nodes)-1 {
					t.Fatalf("day %d, %s: %s speaks to %d", day, fault.name, hosts[i], len(receipt.To()))
				}
			}
			pass(24*time.Hour - time.Minute)
		}
	})
}

func (r *room) unplug(a *actor, d time.Duration) {
	a.host.Cut()
	pass(d)
	a.host.Heal()
}
