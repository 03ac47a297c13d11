package mesh_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// away takes a member out of the network for longer than is kept for it, while
// say goes on; then it comes back.
func (r *room) away(a *actor, say func()) {
	a.host.Cut()
	pass(time.Minute)
	say()
	pass(20 * time.Minute)
	a.host.Heal()
	pass(20 * time.Second)
}

// TestReturnAfterLongReadsWhatANewcomerReads has one come back after more than
// 15 minutes: it misses nothing that a newcomer would get, and the gap counts
// only what nobody has any more.
func TestReturnAfterLongReadsWhatANewcomerReads(t *testing.T) {
	for _, tt := range []struct {
		name       string
		said, lost int
	}{
		{"all is there", 300, 0},
		{"some is lost", 1500, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana, bo := r.join("ana", nil), r.join("bo", nil)
				pass(time.Second)
				want := []string{"joined ana", "ana 1: before", "lost ana", "joined ana"}
				r.say(ana, "before")
				pass(time.Second)
				r.away(bo, func() {
					for i := range tt.said {
						r.say(ana, fmt.Sprint(i))
					}
				})
				if tt.lost > 0 {
					want = append(want, fmt.Sprint("gap ana ", tt.lost))
				}
				for i := tt.lost; i < tt.said; i++ {
					want = append(want, fmt.Sprintf("ana %d: %d", i+2, i))
				}
				r.say(ana, "after")
				pass(time.Second)
				r.heard(bo, append(want, fmt.Sprintf("ana %d: after", tt.said+2))...)
			})
		})
	}
}

// TestReturnAfterLongReadsOfWhoIsGone is the same for what those said who have
// gone meanwhile, which others still have in part.
func TestReturnAfterLongReadsOfWhoIsGone(t *testing.T) {
	for _, tt := range []struct {
		name       string
		said, lost int
	}{
		{"all is there", 300, 0},
		{"some is lost", 1500, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana, bo := r.join("ana", nil), r.join("bo", nil)
				r.join("cy", nil)
				pass(time.Second)
				r.say(ana, "before")
				pass(time.Second)
				r.away(bo, func() {
					for i := range tt.said {
						r.say(ana, fmt.Sprint(i))
					}
					pass(time.Second)
					if err := ana.Leave(r.Context()); err != nil {
						t.Error(err)
					}
				})
				pass(2 * time.Minute)
				var lost uint64
				past, next := 0, tt.lost+2
				for _, ev := range bo.events() {
					switch ev := ev.(type) {
					case mesh.Gap:
						lost += ev.Count
					case mesh.Message:
						if ev.History && int(ev.Seq) != next {
							t.Fatalf("read %d of ana's history, want %d", ev.Seq, next)
						}
						if ev.History {
							past, next = past+1, next+1
						}
					}
				}
				if int(lost) != tt.lost || past != tt.said-tt.lost {
					t.Errorf("bo has read %d messages and a gap of %d, want %d and %d", past, lost, tt.said-tt.lost, tt.lost)
				}
			})
		})
	}
}
