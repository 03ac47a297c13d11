package mesh_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// skew is a wall clock that can be set.
type skew struct{ off atomic.Int64 }

func (s *skew) now() time.Time { return time.Now().Round(0).Add(time.Duration(s.off.Load())) }

func (s *skew) set(d time.Duration) { s.off.Store(int64(d)) }

// config has a node read this clock.
func (s *skew) config(cfg *mesh.Config) { mesh.SetWall(cfg, s.now) }

// jumps are ways in which a clock is set.
var jumps = []time.Duration{
	7 * time.Second, -7 * time.Second, 3 * time.Hour, -3 * time.Hour,
	25 * time.Hour, -25 * time.Hour, 30 * 365 * 24 * time.Hour, -40 * 365 * 24 * time.Hour,
}

// run is count lines of a member's history.
func run(who string, count int) []string {
	var lines []string
	for i := range count {
		lines = append(lines, fmt.Sprintf("%s %d earlier: %d", who, i+1, i+1))
	}
	return lines
}

// TestClockSetWhileSpeaking sets the speaker's clock between two messages: who
// comes later reads all of them, in the order in which they were said.
func TestClockSetWhileSpeaking(t *testing.T) {
	for _, jump := range jumps {
		t.Run(jump.String(), func(t *testing.T) {
			inRoom(t, func(r *room) {
				var clock skew
				ana := r.join("ana", clock.config)
				for i := range 10 {
					if i == 5 {
						clock.set(jump)
					}
					r.say(ana, fmt.Sprint(i+1))
					pass(100 * time.Millisecond)
				}
				bo := r.join("bo", nil)
				pass(3 * time.Second)
				r.heard(bo, append([]string{"joined ana"}, run("ana", 10)...)...)
			})
		})
	}
}

// TestClockSetByOneWhoDies is the same for one that is away for a moment, and
// has it from others because the speaker dies.
func TestClockSetByOneWhoDies(t *testing.T) {
	for _, jump := range jumps {
		t.Run(jump.String(), func(t *testing.T) {
			inRoom(t, func(r *room) {
				var clock skew
				ana, bo, cy := r.join("ana", clock.config), r.join("bo", nil), r.join("cy", nil)
				pass(time.Second)
				cy.host.Cut()
				for i := range 10 {
					if i == 5 {
						clock.set(jump)
					}
					r.say(ana, fmt.Sprint(i+1))
					pass(100 * time.Millisecond)
				}
				ana.host.Kill()
				pass(20 * time.Second)
				cy.host.Heal()
				pass(20 * time.Second)
				if got, want := cy.texts(), "1 2 3 4 5 6 7 8 9 10"; got != want {
					t.Errorf("cy has read %q, want %q", got, want)
				}
				if got, want := bo.texts(), "1 2 3 4 5 6 7 8 9 10"; got != want {
					t.Errorf("bo has read %q, want %q", got, want)
				}
			})
		})
	}
}

// TestClockSetByAListener sets the clock of who keeps the history: neither
// what it tells a newcomer nor what it keeps depends on it.
func TestClockSetByAListener(t *testing.T) {
	for _, jump := range jumps {
		t.Run(jump.String(), func(t *testing.T) {
			inRoom(t, func(r *room) {
				var clock skew
				ana, bo := r.join("ana", nil), r.join("bo", clock.config)
				pass(time.Second)
				for i := range 10 {
					if i == 5 {
						clock.set(jump)
					}
					r.say(ana, fmt.Sprint(i+1))
					pass(100 * time.Millisecond)
				}
				if err := ana.Leave(r.Context()); err != nil {
					t.Error(err)
				}
				pass(23 * time.Hour)
				cy := r.join("cy", nil)
				pass(3 * time.Second)
				r.heard(cy, append([]string{"joined bo"}, run("ana", 10)...)...)
				if err := bo.Leave(r.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
