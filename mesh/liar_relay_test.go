package mesh_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// apart joins two nodes that do not reach each other.
func (r *room) apart() (ana, cy *actor) {
	r.Helper()
	r.lan.Cut(r.lan.Host("ana"), r.lan.Host("cy"))
	return r.join("ana", nil), r.join("cy", nil)
}

// honest holds that no link of a liar was closed.
func (r *room) unpunished(links ...*liar) {
	r.Helper()
	synctest.Wait()
	for _, l := range links {
		if err := l.Err(); err != nil {
			r.Errorf("the relay's link was closed: %v", err)
		}
	}
}

// lines are the messages of a member as a program has read them.
func (a *actor) lines(from *actor) string {
	var all []string
	for _, ev := range a.events() {
		if m, ok := ev.(mesh.Message); ok && m.From.Member == from.Self().Member {
			all = append(all, string(m.Data))
		}
	}
	return strings.Join(all, " ")
}

// TestRelayCannotRead holds that what is said through a relay is sealed.
func TestRelayCannotRead(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, cy := r.apart()
		c := r.crook(ana, cy, nil)
		pass(5 * time.Second)
		r.via(ana, "cy", "liar")
		const secret = "the cake is behind the boiler"
		if _, err := ana.Send(r.Context(), cy.Self().Member, []byte(secret)); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		if got := cy.lines(ana); got != secret {
			t.Errorf("cy has read %q", got)
		}
		if c.count(wire.TunnelSealed) == 0 {
			t.Error("nothing was carried")
		}
		for _, p := range c.carried {
			if bytes.Contains(p, []byte("cake")) {
				t.Errorf("the relay can read %q", p)
			}
		}
	})
}

// TestCrookedRelays holds that members get everything, once and in order, as
// soon as there is another way, whatever the first relay did; and that nobody
// closes a relay's link for what it carried, which may be another's fault.
func TestCrookedRelays(t *testing.T) {
	var kept []byte
	var all [][]byte
	sealed := 0
	tests := []struct {
		name  string
		treat func(kind byte, frame []byte) [][]byte
	}{
		{"swallows everything", func(byte, []byte) [][]byte { return nil }},
		{"swallows what is sealed", func(kind byte, frame []byte) [][]byte {
			if kind == wire.TunnelSealed {
				return nil
			}
			return [][]byte{frame}
		}},
		{"swallows keys", func(kind byte, frame []byte) [][]byte {
			if kind == wire.TunnelKeys {
				return nil
			}
			return [][]byte{frame}
		}},
		{"swallows every fifth", func(kind byte, frame []byte) [][]byte {
			if sealed++; sealed%5 == 0 {
				return nil
			}
			return [][]byte{frame}
		}},
		{"alters everything", func(_ byte, frame []byte) [][]byte {
			frame[len(frame)-1] ^= 1
			return [][]byte{frame}
		}},
		{"alters what is sealed", func(kind byte, frame []byte) [][]byte {
			if kind == wire.TunnelSealed {
				frame[len(frame)-1] ^= 1
			}
			return [][]byte{frame}
		}},
		{"alters opens", func(kind byte, frame []byte) [][]byte {
			if kind == wire.TunnelOpen {
				frame[len(frame)-100] ^= 1
			}
			return [][]byte{frame}
		}},
		{"swaps", func(kind byte, frame []byte) [][]byte {
			if kind != wire.TunnelSealed {
				return [][]byte{frame}
			}
			if kept == nil {
				kept = frame
				return nil
			}
			out := [][]byte{frame, kept}
			kept = nil
			return out
		}},
		{"doubles", func(_ byte, frame []byte) [][]byte { return [][]byte{frame, frame} }},
		{"replays it all", func(_ byte, frame []byte) [][]byte {
			if len(all) < 40 {
				all = append(all, frame)
			}
			return append([][]byte{frame}, all...)
		}},
		{"forges the sender", func(_ byte, frame []byte) [][]byte {
			clear(frame[wire.FrameHeader+8 : wire.FrameHeader+16])
			return [][]byte{frame}
		}},
	}
	rounds := 20 // what happens depends on the order in which ways are tried
	if testing.Short() || raceEnabled {
		rounds = 3
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range rounds {
				kept, all, sealed = nil, nil, 0
				inRoom(t, func(r *room) { r.crooked(tt.treat) })
			}
		})
	}
}

// crooked has two members talk through a relay that does with what it carries
// what it likes, then also through one that is honest.
func (r *room) crooked(treat func(kind byte, frame []byte) [][]byte) {
	ana, cy := r.apart()
	c := r.crook(ana, cy, treat)
	pass(5 * time.Second)
	r.say(ana, "first")
	pass(10 * time.Second)
	r.unpunished(c.ends[:]...)
	bo := r.join("bo", nil)
	pass(60 * time.Second)
	var want []string
	for i := range 20 {
		text := fmt.Sprint("m", i)
		want = append(want, text)
		r.say(ana, text)
		pass(20 * time.Millisecond)
	}
	pass(60 * time.Second)
	r.unpunished(c.ends[:]...)
	for _, listener := range []*actor{bo, cy} {
		if got := strings.TrimPrefix(listener.lines(ana), "first "); got != strings.Join(want, " ") {
			r.Errorf("%s has read %q", listener.Self().Name, got)
		}
	}
	if n := c.count(wire.TunnelOpen); n > 1000 {
		r.Errorf("%d opens in two minutes", n)
	}
	if got := names(bo.Members()); got != "ana cy" && got != "cy ana" {
		r.Errorf("bo sees %q, want ana and cy", got)
	}
}

// TestLyingRelayFrames holds that who sends what no relay passes on loses its
// link.
func TestLyingRelayFrames(t *testing.T) {
	long := func(kind byte, n int) []byte {
		return append([]byte{kind, byte(n >> 16), byte(n >> 8), byte(n)}, make([]byte, n)...)
	}
	tests := []struct {
		name string
		lie  []byte
		want string
	}{
		{"too many ways", long(wire.TypeReach, 9+9*(wire.MaxRoutes+1)), "more than 256"},
		{"a way of five links", append([]byte{wire.TypeReach, 0, 0, 9 + 41, 21: 5}, make([]byte, 32)...), "more than 4"},
		{"reach cut short", long(wire.TypeReach, 8), "cut short"},
		{"relay cut short", long(wire.TypeRelay, 16), "cut short"},
		{"relay over five links", wire.AppendRelay(nil, wire.Relay{Hops: wire.MaxHops + 1}), "more than 4"},
		{"relay that fills a message", long(wire.TypeRelay, wire.MaxMessage-wire.FrameHeader), "too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) { r.refusedAfter(func(*liar) []byte { return tt.lie }, tt.want) })
		})
	}
}

// TestRelayToNobody holds that what is relayed to nobody, or to a member from a
// forged sender, is dropped, and that neither the relay nor the receiver loses
// a link over it.
func TestRelayToNobody(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		l := r.lie(ana)
		l.WriteMessage(hello())
		pass(time.Second)
		payloads := [][]byte{nil, make([]byte, wire.MaxRelayed)}
		for kind := range 8 {
			for _, n := range []int{0, 7, 8, 200} {
				payloads = append(payloads, append([]byte{byte(kind)}, make([]byte, n)...))
			}
		}
		for _, to := range []peer.Instance{{1}, ana.Self().Instance, bo.Self().Instance, l.self.Instance} {
			for _, from := range []peer.Instance{{2}, ana.Self().Instance, bo.Self().Instance, l.self.Instance} {
				for _, p := range payloads {
					l.WriteMessage(wire.AppendRelay(nil, wire.Relay{To: to, From: from, Hops: 4, Payload: p}))
				}
			}
		}
		pass(10 * time.Second)
		r.unpunished(l)
		r.delivered(r.say(bo, "still here"))
		r.heard(ana, "joined bo", "joined liar", "bo 1: still here")
		r.heard(bo, "joined ana")
	})
}

// TestInventedWaysLeaveRelayingOn has five members tell a node of hundreds of
// others that there are not, all at one link from them: two that really cannot
// reach each other are relayed all the same, whether they have met before or
// not.
func TestInventedWaysLeaveRelayingOn(t *testing.T) {
	long(t)
	for name, met := range map[string]bool{"strangers": false, "who have met": true} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				if !met {
					r.lan.Cut(r.lan.Host("ana"), r.lan.Host("cy"))
				}
				ana, cy, bo := r.join("ana", nil), r.join("cy", nil), r.join("bo", nil)
				if !met {
					bo.Close()
					pass(10 * time.Second)
				}
				var liars []*liar
				invented := make([]wire.Route, wire.MaxRoutes)
				for i := range 5 {
					l := r.lieFrom(fmt.Sprint("liar", i), ana)
					for j := range invented {
						invented[j] = wire.Route{To: peer.Instance{0xee, byte(i), byte(j >> 8), byte(j)}}
					}
					l.WriteMessage(append(hello(), reach(invented...)...))
					liars = append(liars, l)
				}
				pass(20 * time.Second)
				r.lan.Cut(ana.host, cy.host)
				r.join("di", nil)
				pass(20 * time.Second)
				if got := via(ana, "cy"); got != "bo" && got != "di" {
					t.Errorf("ana reaches cy through %q", got)
				}
				r.via(ana, "di", "")
				r.unpunished(liars...)
			})
		})
	}
}
