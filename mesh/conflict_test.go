package mesh_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// tale is what one origin says, each message with the digest of the one before.
type tale struct {
	id   *peer.Identity
	next wire.Message
}

func newTale(id *peer.Identity, self wire.Member) *tale {
	return &tale{id, wire.Message{Kind: wire.Broadcast, Topic: "main", Origin: self, Seq: 1, Clock: 1}}
}

func (l *liar) tale() *tale { return newTale(l.id, l.self) }

// says returns the frame of the next message.
func (t *tale) says(text string) []byte {
	m := t.next
	m.Body = []byte(text)
	frame := wire.AppendMessage(nil, wire.NewRoomKey("lan"), m, t.id.Sign)
	t.next.Seq++
	t.next.Clock++
	t.next.Previous = wire.Digest(frame[wire.FrameHeader:])
	return frame
}

// conflicts returns the Conflict events that a program has read, as lines.
func (a *actor) conflicts() string {
	var all []string
	for _, ev := range a.events() {
		if c, ok := ev.(mesh.Conflict); ok {
			all = append(all, fmt.Sprint(c.From.Name, " ", c.Seq))
		}
	}
	return strings.Join(all, ", ")
}

// TestTwoPasts has an origin tell two members two pasts: its next message shows
// it to whom that does not fit, once, and nothing is kept from anybody.
func TestTwoPasts(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		l := r.lie(ana)
		other := r.lieTo(l, bo)
		one, two := l.tale(), l.tale()
		l.WriteMessage(append(hello(), one.says("hi")...))
		other.WriteMessage(append(hello(), two.says("ho")...))
		pass(100 * time.Millisecond)
		for _, text := range []string{"so", "on"} {
			next := one.says(text)
			l.WriteMessage(next)
			other.WriteMessage(next)
		}
		r.heard(ana, "joined bo", "joined liar", "liar 1: hi", "liar 2: so", "liar 3: on")
		r.heard(bo, "joined ana", "joined liar", "liar 1: ho", "conflict liar 1", "liar 2: so", "liar 3: on")
		r.unpunished(l, other)
	})
}

// TestTwoPastsWithoutAnEnd has an origin that tells two pasts go on with both:
// two members that compare see it.
func TestTwoPastsWithoutAnEnd(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		l := r.lie(ana)
		other := r.lieTo(l, bo)
		one, two := l.tale(), l.tale()
		l.WriteMessage(hello())
		other.WriteMessage(hello())
		for _, text := range []string{"hi", "so", "on"} {
			l.WriteMessage(one.says(text))
			other.WriteMessage(two.says(text + "!"))
		}
		pass(time.Hour) // each minute one link is compared, by chance
		for _, a := range []*actor{ana, bo} {
			if got := a.conflicts(); got != "liar 2" {
				t.Errorf("%s has noticed %q", a.Self().Name, got)
			}
		}
		r.unpunished(l, other)
	})
}

// TestTwoPastsInHistory has a third, who comes when the origin is gone, get the
// history from both.
func TestTwoPastsInHistory(t *testing.T) {
	for _, more := range []int{0, 1, 5} {
		inRoom(t, func(r *room) {
			r.lan.Cut(r.lan.Host("ana"), r.lan.Host("bo"))
			ana, bo := r.join("ana", nil), r.join("bo", nil)
			l := r.lie(ana)
			other := r.lieTo(l, bo)
			one, two := l.tale(), l.tale()
			l.WriteMessage(append(append(hello(), one.says("hi")...), one.says("so")...))
			other.WriteMessage(append(append(hello(), two.says("hi")...), two.says("and so")...))
			for range more {
				other.WriteMessage(two.says("on"))
			}
			pass(time.Second)
			l.Close(nil)
			other.Close(nil)
			pass(20 * time.Second)
			cy := r.join("cy", nil)
			pass(time.Hour) // who has more is asked by who has less, now and then
			if got := cy.conflicts(); !strings.HasSuffix(got, " 2") || strings.Contains(got, ",") {
				t.Errorf("with %d more: cy has noticed %q", more, got)
			}
			if got := names(cy.Members()); got != "ana bo" && got != "bo ana" {
				t.Errorf("cy sees %q", got)
			}
		})
	}
}

// TestTwoPastsOverARelay has the origin reach one of the two through a third.
func TestTwoPastsOverARelay(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.Cut(r.lan.Host("ana"), r.lan.Host("two"))
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		direct := r.lieFrom("two", bo)
		relay := r.lie(ana)
		relay.WriteMessage(hello())
		im := relay.impostor(direct.id, direct.transport.Self().Salt)
		relay.on(wire.TypeRelay, im.answer)
		relay.WriteMessage(im.open())
		pass(time.Second)
		one, two := direct.tale(), direct.tale()
		direct.WriteMessage(append(hello(), one.says("hi")...))
		relay.WriteMessage(im.seal(wire.SealedMessage, two.says("ho")))
		pass(100 * time.Millisecond)
		next := one.says("so")
		direct.WriteMessage(next)
		relay.WriteMessage(im.seal(wire.SealedMessage, next))
		pass(100 * time.Millisecond)
		if got := ana.conflicts(); got != "root 1" {
			t.Errorf("ana has noticed %q", got)
		}
		if got := bo.conflicts(); got != "" {
			t.Errorf("bo has noticed %q", got)
		}
		if got := ana.texts(); got != "ho so" {
			t.Errorf("ana has read %q", got)
		}
		r.unpunished(relay, direct)
	})
}

// TestTwoPastsInPrivate has an origin go on in private after something else than
// it had said.
func TestTwoPastsInPrivate(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		one, two := l.tale(), l.tale()
		for _, x := range []*tale{one, two} {
			x.next.Kind, x.next.To = wire.Private, l.to
		}
		one.says("told to nobody")
		l.WriteMessage(append(hello(), two.says("hi")...))
		l.WriteMessage(one.says("so"))
		l.WriteMessage(one.says("on"))
		r.heard(ana, "joined liar", "liar 1 privately: hi", "conflict liar 1", "liar 2 privately: so", "liar 3 privately: on")
		i := slices.IndexFunc(ana.events(), func(ev mesh.Event) bool { _, ok := ev.(mesh.Conflict); return ok })
		if c := ana.events()[i].(mesh.Conflict); !c.Private {
			t.Errorf("the conflict is %v, want one in private", c)
		}
		r.unpunished(l)
	})
}

// TestForgottenPrivatePast holds that who has forgotten what it said in private
// goes on without a digest.
func TestForgottenPrivatePast(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		x := l.tale()
		x.next.Kind, x.next.To = wire.Private, l.to
		l.WriteMessage(append(hello(), x.says("hi")...))
		x.next.Previous = 0
		l.WriteMessage(x.says("so"))
		r.heard(ana, "joined liar", "liar 1 privately: hi", "liar 2 privately: so")
	})
}

// TestAnotherRepeat has an origin repeat what it said, in other words.
func TestAnotherRepeat(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		one, two := l.tale(), l.tale()
		first := one.says("hi")
		l.WriteMessage(append(append(hello(), first...), one.says("so")...))
		l.WriteMessage(first)
		r.heard(ana, "joined liar", "liar 1: hi", "liar 2: so")
		other := two.says("ho")
		l.WriteMessage(other)
		l.WriteMessage(other)
		r.heard(ana, "joined liar", "liar 1: hi", "liar 2: so", "conflict liar 1")
		r.unpunished(l)
	})
}

// TestRepeatOfNobody holds that a repeat is not believed without a signature.
func TestRepeatOfNobody(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(append(hello(), l.tale().says("hi")...))
		forged := l.tale().says("ho")
		clear(forged[len(forged)-64:])
		synctest.Wait()
		l.WriteMessage(forged)
		r.refused(l, "signature")
		if got := ana.conflicts(); got != "" {
			t.Errorf("ana has noticed %q", got)
		}
	})
}

// TestMadeUpConflicts has a member answer with many who were never here and
// contradict themselves: the program is told of some.
func TestMadeUpConflicts(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		var frames [][]byte
		for range 40 {
			cy := newAbsent()
			tale := newTale(cy.id, cy.self)
			first := tale.says("hi")
			tale.next.Previous++
			second := tale.says("ho")
			frames = append(frames, wire.AppendPast(nil, 0, first[wire.FrameHeader:]), wire.AppendPast(nil, 0, second[wire.FrameHeader:]))
		}
		l.answers(frames...)
		l.WriteMessage(helloWithPast())
		pass(3 * time.Second)
		if got := strings.Count(ana.conflicts(), ", ") + 1; got != 16 {
			t.Errorf("ana was told of %d conflicts, want 16", got)
		}
		if got := len(strings.Fields(ana.texts())); got != 80 {
			t.Errorf("ana has read %d messages, want 80", got)
		}
		l.WriteMessage(l.tale().says("so"))
		l.WriteMessage(l.says(nil))
		pass(time.Second)
		if !strings.HasSuffix(ana.conflicts(), "liar 1") {
			t.Errorf("a member's own is not told after them: %s", ana.conflicts())
		}
		r.unpunished(l)
	})
}
