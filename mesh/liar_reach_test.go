package mesh_test

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// invented are ways to so many members that do not exist.
func invented(salt byte, n int, lost bool) []wire.Route {
	list := make([]wire.Route, n)
	for i := range list {
		list[i] = wire.Route{To: [8]byte{0xee, salt}, Lost: lost}
		binary.BigEndian.PutUint32(list[i].To[4:], uint32(i))
	}
	return list
}

// TestReachOfNobody holds that ways to nobody, to the receiver, through it and
// in circles lead to few opens, to no dial and to no member.
func TestReachOfNobody(t *testing.T) {
	long(t)
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		l := r.lie(ana)
		self, me := wire.Route{To: l.to.Instance}, l.self.Instance
		l.WriteMessage(append(hello(), reach(
			self,
			wire.Route{To: me},
			wire.Route{To: peer.Instance{1}, Via: [][8]byte{l.to.Instance}},
			wire.Route{To: peer.Instance{2}, Via: [][8]byte{{2}, {2}, {2}}},
			wire.Route{To: bo.Self().Instance, Via: [][8]byte{me}},
		)...))
		for salt := range 8 {
			l.WriteMessage(reach(invented(byte(salt), wire.MaxRoutes, false)...))
		}
		pass(time.Minute)
		// Each of 256 is tried after 1, 2, 4, 8 s and so on, by ana and through
		// her by bo.
		if n := l.count(wire.TypeRelay); n > 2*wire.MaxRoutes*11 {
			t.Errorf("%d records in a minute", n)
		}
		if n := len(ana.Sightings()) + len(bo.Sightings()); n > 1 {
			t.Errorf("%d sightings came of it", n)
		}
		r.unpunished(l)
		r.present(ana, "bo liar")
		r.present(bo, "ana")
		r.delivered(r.say(bo, "still here"))
	})
}

// TestInventedMembersHideNobody holds that ways to nobody do not keep a node
// from those that are there.
func TestInventedMembersHideNobody(t *testing.T) {
	long(t)
	tests := []struct {
		name string
		to   func(ana, bo *actor) *actor // to whom the liars have links
	}{
		{"told to one of them", func(ana, _ *actor) *actor { return ana }},
		{"told to the relay", func(_, bo *actor) *actor { return bo }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				r.lan.Cut(r.lan.Host("ana"), r.lan.Host("cy"))
				ana, bo := r.join("ana", nil), r.join("bo", nil)
				for salt := range 2 {
					l := r.lieFrom("liars", tt.to(ana, bo))
					l.WriteMessage(append(hello(), reach(invented(byte(salt), wire.MaxRoutes, false)...)...))
				}
				pass(30 * time.Second)
				cy := r.join("cy", nil)
				pass(30 * time.Second)
				r.via(ana, "cy", "bo")
				r.via(cy, "ana", "bo")
			})
		})
	}
}

// TestFlappingReach holds that ways that come and go 10,000 times cost the
// others little: few frames, no opens, no memory.
func TestFlappingReach(t *testing.T) {
	long(t)
	turns := 5000
	if raceEnabled {
		turns = 500
	}
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lieFrom("liar", ana)
		ear := r.lieFrom("ear", ana)
		deaf := r.lieFrom("deaf", ana)
		for _, one := range []*liar{l, ear, deaf} {
			one.WriteMessage(append(hello(), one.alone()...))
		}
		pass(time.Second)
		r.lan.Host("deaf").Hold()
		before, heard := heap(), ear.count(wire.TypeReach)
		const half = wire.MaxRoutes / 2 // what is lost is told at once, and what is new with it
		there := reach(append(invented(0, half, false), invented(1, half, true)...)...)
		back := reach(append(invented(1, half, false), invented(0, half, true)...)...)
		for range turns {
			l.WriteMessage(there)
			synctest.Wait()
			l.WriteMessage(back)
			pass(10 * time.Second / time.Duration(turns))
		}
		if n := ear.count(wire.TypeReach) - heard; n > 100 || n < 5 {
			t.Errorf("%d reach frames in 10 s", n)
		}
		if n := l.count(wire.TypeRelay); n > 0 {
			t.Errorf("%d records for those that came and went", n)
		}
		pass(3 * time.Minute) // what is read slowly is read by then
		if grown := heap() - before; grown > 4<<20 {
			t.Errorf("%d bytes are kept of it", grown)
		}
		r.unpunished(l, ear)
		r.present(ana, "liar liar liar")
		r.lan.Host("deaf").Release()
	})
}
