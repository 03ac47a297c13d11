package mesh_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// pastOf counts the messages of history that a program has read, by sender.
func (a *actor) pastOf() map[string]int {
	count := make(map[string]int)
	for _, ev := range a.events() {
		if m, ok := ev.(mesh.Message); ok && m.History {
			count[m.From.Name]++
		}
	}
	return count
}

// TestTalkativeMemberLeavesOthersTheirHistory has one member say far more than
// a history holds, in number or in bytes: what others said, a little or more,
// stays.
func TestTalkativeMemberLeavesOthersTheirHistory(t *testing.T) {
	long(t)
	for _, tt := range []struct {
		name  string
		text  string
		count int
		least int // of the talkative one, that are left
	}{
		{"many", "", 3000, 800},
		{"long", strings.Repeat("x", 60<<10), 300, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana, bo, tail := r.join("ana", nil), r.join("bo", nil), r.join("tail", nil)
				r.say(ana, "is the printer yours?")
				for i := range 100 {
					r.say(bo, fmt.Sprint(i))
				}
				pass(20 * time.Minute) // beyond what is kept for healing
				for range tt.count {
					r.say(tail, tt.text)
					pass(10 * time.Millisecond)
				}
				pass(20 * time.Minute)
				cy := r.join("cy", nil)
				pass(5 * time.Second)
				got := cy.pastOf()
				if got["ana"] != 1 || got["bo"] != 100 || got["tail"] < tt.least || got["tail"] > 899 {
					t.Errorf("cy has read of history %v", got)
				}
			})
		})
	}
}

// TestManyNamesOfOneLinkLeaveOthersTheirHistory has one neighbour make up a
// crowd, each of which has said something.
func TestManyNamesOfOneLinkLeaveOthersTheirHistory(t *testing.T) {
	long(t)
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		r.say(ana, "mine")
		for i := range 100 {
			r.say(bo, fmt.Sprint(i))
		}
		pass(20 * time.Minute)
		l := r.lie(ana)
		var crowd [][]byte
		for range 1500 {
			crowd = append(crowd, newAbsent().said(func(m *wire.Message) { m.Body = []byte("x") }))
		}
		l.answers(crowd...)
		l.WriteMessage(helloWithPast())
		pass(time.Minute)
		l.answers()
		pass(20 * time.Minute)
		if n := strings.Count(ana.texts(), "x"); n < 1000 {
			t.Errorf("ana has read %d of the crowd, want most: this test tests nothing", n)
		}
		r.lan.Host("liar").Kill()
		bo.host.Kill()
		pass(time.Minute)
		cy := r.join("cy", nil)
		pass(5 * time.Second)
		if got := cy.pastOf(); got["ana"] != 1 || got["bo"] != 100 {
			t.Errorf("cy has read of history %d of ana and %d of bo", got["ana"], got["bo"])
		}
	})
}
