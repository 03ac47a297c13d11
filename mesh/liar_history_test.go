package mesh_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// helloWithPast is a first have that makes who reads it ask.
func helloWithPast() []byte {
	return wire.AppendHave(nil, wire.Have{Next: 1, PrivateNext: 1, Held: 5})
}

// absent is somebody who said something and is not here.
type absent struct {
	id   *peer.Identity
	salt peer.Salt
	self wire.Member
}

func newAbsent() *absent {
	id, salt := peer.NewIdentity(), peer.NewSalt()
	return &absent{id, salt, wire.Member{ID: id.ID(), Instance: id.ID().Instance(salt)}}
}

// said is a message of its in a past frame; edit may be nil.
func (a *absent) said(edit func(*wire.Message)) []byte { return a.past(lanKey, 0, edit) }

func (a *absent) past(room wire.RoomKey, age time.Duration, edit func(*wire.Message)) []byte {
	m := wire.Message{Kind: wire.Broadcast, Topic: "main", Origin: a.self, Seq: 1, Clock: 1, Body: []byte("hi")}
	if edit != nil {
		edit(&m)
	}
	frame := wire.AppendMessage(nil, room, m, a.id.Sign)
	return wire.AppendPast(nil, age, frame[wire.FrameHeader:])
}

// answers has the liar answer every ask with these frames.
func (l *liar) answers(frames ...[]byte) {
	l.on(wire.TypeAsk, func([]byte) []byte {
		for _, f := range frames {
			l.WriteMessage(f)
		}
		return wire.AppendAsked(nil)
	})
}

// texts returns the bodies of the messages that a program has read.
func (a *actor) texts() string {
	var all []string
	for _, ev := range a.events() {
		if m, ok := ev.(mesh.Message); ok {
			all = append(all, string(m.Data))
		}
	}
	return strings.Join(all, " ")
}

// TestHonestHistoryIsTaken is what the lies below differ from.
func TestHonestHistoryIsTaken(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.answers(newAbsent().said(nil))
		l.WriteMessage(helloWithPast())
		pass(time.Second)
		bo := r.join("bo", nil)
		pass(5 * time.Second)
		if ana.texts() != "hi" || bo.texts() != "hi" {
			t.Errorf("ana has read %q, bo %q; want hi", ana.texts(), bo.texts())
		}
	})
}

// TestLyingHistory holds that nobody is told what its origin has not said, that
// it is not passed on, and that a link ends for what its other side must have
// seen itself.
func TestLyingHistory(t *testing.T) {
	cy := newAbsent()
	last := bytes.Repeat([]byte{255}, 8)
	tests := []struct {
		name string
		lie  func(l *liar, bo wire.Member) []byte
		want string // in the reason why the link was closed; "": it was not
	}{
		{"forged origin", func(l *liar, bo wire.Member) []byte {
			return cy.said(func(m *wire.Message) { m.Origin = bo })
		}, ""},
		{"our own origin", func(l *liar, _ wire.Member) []byte {
			return cy.said(func(m *wire.Message) { m.Origin = l.to })
		}, ""},
		{"no signature", func(*liar, wire.Member) []byte {
			p := cy.said(nil)
			clear(p[len(p)-64:])
			return p
		}, ""},
		{"signature of another message", func(*liar, wire.Member) []byte {
			p, other := cy.said(nil), cy.said(func(m *wire.Message) { m.Seq = 2 })
			copy(p[len(p)-64:], other[len(other)-64:])
			return p
		}, ""},
		{"altered body", func(*liar, wire.Member) []byte {
			return bytes.Replace(cy.said(nil), []byte("hi"), []byte("ho"), 1)
		}, ""},
		{"message of another room", func(*liar, wire.Member) []byte { return cy.past(wire.NewRoomKey("attic"), 0, nil) }, ""},
		{"another instance of the origin", func(*liar, wire.Member) []byte {
			return bytes.Replace(cy.said(nil), cy.self.Instance[:], make([]byte, 8), 1)
		}, ""},
		{"a member's instance under an own key", func(_ *liar, bo wire.Member) []byte {
			return cy.said(func(m *wire.Message) { m.Origin.Instance = bo.Instance })
		}, ""},
		{"our instance under an own key", func(l *liar, _ wire.Member) []byte {
			return cy.said(func(m *wire.Message) { m.Origin.Instance = l.to.Instance })
		}, ""},
		{"its own future", func(l *liar, _ wire.Member) []byte {
			own := &absent{id: l.id, self: l.self}
			return own.said(func(m *wire.Message) { m.Seq = 7 })
		}, ""},
		{"last sequence", func(*liar, wire.Member) []byte {
			return cy.said(func(m *wire.Message) { m.Seq = wire.MaxSeq })
		}, "out of range"},
		{"sequence out of range", func(*liar, wire.Member) []byte {
			p := cy.said(nil)
			copy(p[wire.FrameHeader+8+41:], last)
			return p
		}, "out of range"},
		{"private message", func(l *liar, _ wire.Member) []byte {
			return cy.said(func(m *wire.Message) { m.Kind, m.To = wire.Private, l.to })
		}, "not a broadcast"},
		{"cut short", func(*liar, wire.Member) []byte { return []byte{wire.TypePast, 0, 0, 1, 0} }, "cut short"},
		{"record cut short", func(*liar, wire.Member) []byte { return []byte{wire.TypeRecord, 0, 0, 1, 0} }, "cut short"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				bo := r.join("bo", nil)
				ana := r.join("ana", nil)
				l := r.lie(ana)
				l.answers(tt.lie(l, wireMember(bo)))
				l.WriteMessage(helloWithPast())
				pass(3 * time.Second)
				r.join("di", nil) // asks everybody
				pass(3 * time.Second)
				if tt.want != "" {
					r.refused(l, tt.want)
				} else if err := l.Err(); err != nil {
					t.Errorf("the link was closed: %v", err)
				}
				r.present(bo, "ana di")
				r.delivered(r.say(bo, "still"))
				for _, a := range r.actors {
					if got := a.texts(); got != "still" && a != bo || got != "" && a == bo {
						t.Errorf("%s has read %q", a.Self().Name, got)
					}
				}
			})
		})
	}
}

func wireMember(a *actor) wire.Member {
	return wire.Member{ID: a.Self().ID, Instance: a.Self().Instance}
}

// TestLyingRecords holds that nobody is given a name by another, and that a
// member's own record has to be signed. That a name is none can be seen by who
// passes it on.
func TestLyingRecords(t *testing.T) {
	cy := newAbsent()
	named := func(id *peer.Identity, who *absent, name string) []byte {
		r := wire.AppendRecord(nil, lanKey, wire.Record{Member: who.self, Salt: who.salt, Name: name}, id.Sign)
		return wire.AppendRecordFrame(nil, r)
	}
	of := func(l *liar) *absent { return &absent{l.id, l.transport.Self().Salt, l.self} }
	tests := []struct {
		name string
		lie  func(l *liar) []byte
		want string // in the reason why the link was closed; "": it was not
	}{
		{"another's", func(l *liar) []byte { return named(newAbsent().id, cy, "root") }, ""},
		{"its own without a signature", func(l *liar) []byte { return named(newAbsent().id, of(l), "root") }, "signature"},
		{"its own with a name of two lines", func(l *liar) []byte { return named(l.id, of(l), "ana\nbo") }, "invalid name"},
		{"another's with a name of two lines", func(*liar) []byte { return named(cy.id, cy, "ana\nbo") }, "invalid name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana := r.join("ana", nil)
				l := r.lie(ana)
				l.answers(tt.lie(l), cy.said(nil))
				l.WriteMessage(helloWithPast())
				pass(3 * time.Second)
				if tt.want != "" {
					r.refused(l, tt.want)
					return
				}
				for _, ev := range ana.events() {
					if m, ok := ev.(mesh.Message); ok && m.From.Name != peer.ID(cy.self.ID).Short() {
						t.Errorf("cy is shown as %q", m.From.Name)
					}
				}
				if ana.texts() != "hi" {
					t.Errorf("ana has read %q", ana.texts())
				}
			})
		})
	}
}

// TestManyOrigins holds that a flood of invented origins does not make a node
// forget what it has shown of others: nothing is shown twice.
func TestManyOrigins(t *testing.T) {
	long(t)
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		cy := newAbsent()
		l.answers(cy.said(nil))
		l.WriteMessage(helloWithPast())
		pass(time.Second)
		flood := make([][]byte, 1000)
		for range 5 {
			for i := range flood {
				flood[i] = newAbsent().said(func(m *wire.Message) { m.Body = []byte("x") })
			}
			l.answers(flood...)
			pass(70 * time.Second)
		}
		l.answers(cy.said(nil))
		pass(70 * time.Second)
		if n := strings.Count(ana.texts(), "hi"); n != 1 {
			t.Errorf("cy's message was shown %d times", n)
		}
	})
}

// TestOldPastHidesNothing holds that one message that claims to be ancient does
// not keep newcomers from the history before it.
func TestOldPastHidesNothing(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		r.say(ana, "before")
		l := r.lie(ana)
		l.answers(newAbsent().past(lanKey, 1000*time.Hour, nil))
		l.WriteMessage(helloWithPast())
		pass(time.Second)
		bo := r.join("bo", nil)
		pass(3 * time.Second)
		if got := bo.texts(); !strings.Contains(got, "before") {
			t.Errorf("bo has read %q, want what was said before", got)
		}
	})
}

// TestTwoBodiesForOneSequence has a member tell two others different things:
// both notice, once, and go on.
func TestTwoBodiesForOneSequence(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		l := r.lie(ana)
		other := r.lieTo(l, bo)
		l.WriteMessage(append(hello(), l.says(nil)...))
		other.WriteMessage(append(hello(), other.says(func(m *wire.Message) { m.Body = []byte("ho") })...))
		pass(time.Hour) // each minute one link is compared, by chance
		r.heard(ana, "joined bo", "joined liar", "liar 1: hi", "conflict liar 1")
		r.heard(bo, "joined ana", "joined liar", "liar 1: ho", "conflict liar 1")
		r.present(ana, "bo liar")
	})
}

func TestClockFarAheadInHistoryIsNotFollowed(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		l := r.lie(ana)
		l.answers(newAbsent().said(func(m *wire.Message) { m.Clock = 1<<64 - 1 }))
		l.WriteMessage(helloWithPast())
		pass(time.Second)
		if ana.texts() != "hi" {
			t.Errorf("ana has read %q", ana.texts())
		}
		r.say(ana, "now")
		for _, ev := range bo.events() {
			if m, ok := ev.(mesh.Message); ok && string(m.Data) == "now" && time.Until(m.Sent) > 0 {
				t.Errorf("ana's clock went along to %v", m.Sent)
			}
		}
	})
}
