package mesh_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// TestNewcomerReadsHistory holds what a newcomer gets: what all others have
// said, by their clocks, also of those who are gone, before anything live.
func TestNewcomerReadsHistory(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		r.say(ana, "one")
		pass(10 * time.Millisecond)
		r.say(bo, "two")
		pass(10 * time.Millisecond)
		r.say(ana, "three")
		pass(10 * time.Millisecond)
		if err := ana.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		cy := r.join("cy", nil)
		r.say(bo, "four")
		pass(50 * time.Millisecond)
		r.heard(cy, "joined bo", "ana 1 earlier: one", "bo 1 earlier: two", "ana 2 earlier: three", "bo 2: four")
		pass(5 * time.Minute) // nothing comes twice, however often it is compared
		r.heard(cy, "joined bo", "ana 1 earlier: one", "bo 1 earlier: two", "ana 2 earlier: three", "bo 2: four")
		r.heard(bo, "joined ana", "ana 1: one", "ana 2: three", "left ana", "joined cy")
	})
}

func TestNoHistory(t *testing.T) {
	for _, tt := range []struct {
		name       string
		serve, ask int
		want       int
	}{
		{"default", 0, 0, 20},
		{"asks for none", 0, -1, 0},
		{"serves none", -1, 0, 0},
		{"asks for five", 0, 5, 5},
		{"serves five", 5, 0, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana := r.join("ana", func(cfg *mesh.Config) { cfg.KeepHistory = tt.serve })
				for i := range 20 {
					r.say(ana, fmt.Sprint("line ", i))
				}
				bo := r.join("bo", func(cfg *mesh.Config) { cfg.History = tt.ask })
				pass(5 * time.Second)
				r.say(ana, "live")
				pass(50 * time.Millisecond)
				story := bo.story()
				if got := len(story) - 2; got != tt.want {
					t.Errorf("%d messages of history, want %d:\n%s", got, tt.want, strings.Join(story, "\n"))
				}
				if story[len(story)-1] != "ana 21: live" {
					t.Errorf("the live message is not the last: %q", story)
				}
			})
		})
	}
}

// TestHistoryIsBounded holds the bounds of what a newcomer gets: the last 1,000
// messages, 8 MiB, 24 hours.
func TestHistoryIsBounded(t *testing.T) {
	long(t)
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		for i := range 1100 {
			r.say(ana, fmt.Sprint("line ", i+1))
		}
		bo := r.join("bo", nil)
		pass(5 * time.Second)
		story := bo.story()
		if len(story) != 1001 || story[1] != "ana 101 earlier: line 101" {
			t.Errorf("%d events, from %q on", len(story), story[1])
		}
		body := strings.Repeat("x", mesh.MaxBody)
		for range 200 {
			r.say(ana, body)
			pass(10 * time.Millisecond)
		}
		cy := r.join("cy", nil)
		pass(5 * time.Second)
		if n := len(cy.story()); n < 100 || n > 130 {
			t.Errorf("%d events of 64 KiB each, want what fits 8 MiB\n%s", n, r.logs)
		}
		pass(25 * time.Hour)
		di := r.join("di", nil)
		pass(5 * time.Second)
		r.heard(di, "joined ana", "joined bo", "joined cy")
	})
}

// TestHalvesMerge holds that two rooms that become one tell each other what
// those have said who are gone, and that nobody reads anything twice.
func TestHalvesMerge(t *testing.T) {
	inRoom(t, func(r *room) {
		left, right := []string{"ana", "bo"}, []string{"cy", "di"}
		r.partition(left, right, true)
		ana, bo, cy, di := r.join("ana", nil), r.join("bo", nil), r.join("cy", nil), r.join("di", nil)
		r.say(ana, "from ana")
		r.say(cy, "from cy")
		pass(5 * time.Second) // until it is no longer live for whom cy has sighted
		if err := ana.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		r.partition(left, right, false)
		pass(time.Minute)
		r.say(di, "together")
		pass(50 * time.Millisecond)
		r.heardAll(bo, "ana 1: from ana", "cy 1 earlier: from cy", "di 1: together")
		r.heardAll(cy, "ana 1 earlier: from ana", "di 1: together")
		r.heardAll(di, "ana 1 earlier: from ana", "cy 1: from cy")
	})
}

// partition cuts or heals every path between two groups of hosts.
func (r *room) partition(left, right []string, cut bool) {
	for _, a := range left {
		for _, b := range right {
			if cut {
				r.lan.Cut(r.lan.Host(a), r.lan.Host(b))
			} else {
				r.lan.Heal(r.lan.Host(a), r.lan.Host(b))
			}
		}
	}
}

// heardAll fails the test unless these are the messages that a program has
// read, in any order.
func (r *room) heardAll(a *actor, want ...string) {
	r.Helper()
	got := make(map[string]int)
	for _, ev := range a.events() {
		if _, ok := ev.(mesh.Message); ok {
			got[line(ev)]++
		}
	}
	for _, w := range want {
		if got[w] != 1 {
			r.Errorf("%s has read %q %d times", a.Self().Name, w, got[w])
		}
	}
	if len(got) != len(want) {
		r.Errorf("%s has read %v", a.Self().Name, got)
	}
}

// TestDyingWordsReachEverybody kills a host when only some have what it said
// last: the others get it from them before they see it leave.
func TestDyingWordsReachEverybody(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo, cy := r.join("ana", nil), r.join("bo", nil), r.join("cy", nil)
		pass(time.Second)
		r.lan.Delay(ana.host, cy.host, time.Second)
		r.say(ana, "my last")
		pass(100 * time.Millisecond)
		r.heard(bo, "joined ana", "joined cy", "ana 1: my last")
		r.heard(cy, "joined ana", "joined bo")
		ana.host.Kill()
		pass(2 * time.Second)
		r.heard(cy, "joined ana", "joined bo", "ana 1: my last", "lost ana")
		r.heard(bo, "joined ana", "joined cy", "ana 1: my last", "lost ana")
	})
}

// TestDyingWordsAreOffered kills a host that had been silent, when one member
// of many has what it said last. Nobody asks everybody about who was silent;
// the one that heard it tells.
func TestDyingWordsAreOffered(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		others := []*actor{bo}
		for i := range 8 {
			a := r.join(fmt.Sprint("host", i), nil)
			r.lan.Delay(ana.host, a.host, time.Second)
			for _, b := range others {
				r.lan.Delay(b.host, a.host, 10*time.Millisecond)
			}
			others = append(others, a)
		}
		pass(20 * time.Second)
		r.say(ana, "my last")
		pass(100 * time.Millisecond)
		ana.host.Kill()
		pass(2 * time.Second)
		for _, a := range others {
			if got := a.lines(ana); got != "my last" {
				t.Errorf("%s has read %q", a.Self().Name, got)
			}
			log := a.events()
			if _, ok := log[len(log)-1].(mesh.Left); !ok {
				t.Errorf("%s: the last event is %+v", a.Self().Name, log[len(log)-1])
			}
		}
	})
}

// TestHistoryFollowsWhatWaits has a member come, speak and die while a newcomer
// still waits for the history: what another has of it beyond that comes after.
func TestHistoryFollowsWhatWaits(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		r.say(ana, "old")
		r.lan.Delay(ana.host, r.lan.Host("cy"), 500*time.Millisecond)
		cy := r.join("cy", nil)
		for len(cy.Members()) == 0 {
			pass(10 * time.Millisecond)
		}
		bo := r.join("bo", nil)
		r.say(bo, "heard by both")
		pass(10 * time.Millisecond)
		r.lan.Delay(bo.host, cy.host, time.Second)
		r.say(bo, "heard by ana")
		pass(10 * time.Millisecond)
		bo.host.Kill()
		pass(5 * time.Second)
		r.heard(cy, "joined ana", "joined bo", "ana 1 earlier: old", "bo 1: heard by both", "bo 2: heard by ana", "lost bo")
	})
}

func TestHistoryFileThatKeepsNothing(t *testing.T) {
	inRoom(t, func(r *room) {
		path := filepath.Join(t.TempDir(), "history.db")
		_, err := mesh.Join(r.Context(), mesh.Config{Network: r.lan.Host("ana"), KeepHistory: -1, HistoryFile: path})
		if !errors.Is(err, mesh.ErrHistory) {
			t.Errorf("joined with %v, want %v", err, mesh.ErrHistory)
		}
	})
}

// TestDyingWordsOfSeveralReachEverybody kills hosts at one moment when only one
// member has what they said last.
func TestDyingWordsOfSeveralReachEverybody(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, di := r.join("ana", nil), r.join("di", nil)
		dying := []*actor{r.join("bo", nil), r.join("cy", nil), r.join("ed", nil)}
		pass(time.Second)
		r.lan.Delay(ana.host, di.host, 20*time.Millisecond)
		for _, a := range dying {
			r.lan.Delay(a.host, ana.host, time.Second)
			for _, b := range dying {
				if a != b {
					r.lan.Delay(a.host, b.host, time.Second)
				}
			}
		}
		pass(time.Second)
		for _, a := range dying {
			r.say(a, "last of "+a.Self().Name)
		}
		pass(100 * time.Millisecond)
		for _, a := range dying {
			a.host.Kill()
		}
		pass(5 * time.Second)
		for _, a := range dying {
			if got, want := ana.lines(a), "last of "+a.Self().Name; got != want {
				t.Errorf("ana has read %q of %s, want %q", got, a.Self().Name, want)
			}
		}
		for _, ev := range ana.events() {
			if m, ok := ev.(mesh.Message); ok && m.History {
				t.Errorf("ana has read %q as history, want it before %s has left", m.Data, m.From.Name)
			}
		}
	})
}
