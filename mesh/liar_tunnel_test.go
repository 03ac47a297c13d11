package mesh_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// TestTunnelUnderAnothersInstance holds that nobody takes the place of a member
// by opening a tunnel as its instance, or as the receiver's own.
func TestTunnelUnderAnothersInstance(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		l := r.lie(ana)
		l.WriteMessage(hello())
		pass(time.Second)
		for _, instance := range []peer.Instance{bo.Self().Instance, ana.Self().Instance} {
			im := l.impostor(l.id, peer.NewSalt())
			im.self.Instance = instance
			l.on(wire.TypeRelay, im.answer)
			l.WriteMessage(im.open())
			pass(5 * time.Second)
		}
		r.delivered(r.say(bo, "it is me"))
		r.heard(ana, "joined bo", "joined liar", "bo 1: it is me")
		r.unpunished(l)
	})
}

// TestForgedTunnels holds that a tunnel is with whoever signed for it.
func TestForgedTunnels(t *testing.T) {
	stranger := newAbsent()
	tests := []struct {
		name    string
		lie     func(l *liar) *impostor
		answers int
	}{
		{"open under another's ID", func(l *liar) *impostor { return l.impostorAs(l.id, stranger) }, 0},
		{"keys under another's ID", func(l *liar) *impostor {
			im := l.impostor(stranger.id, stranger.salt)
			im.keyID = l.id
			return im
		}, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana := r.join("ana", nil)
				l := r.lie(ana)
				l.WriteMessage(hello())
				im := tt.lie(l)
				l.on(wire.TypeRelay, im.answer)
				l.WriteMessage(im.open())
				pass(5 * time.Second)
				r.heard(ana, "joined liar")
				r.unpunished(l)
				if n := l.count(wire.TypeRelay); n > tt.answers {
					t.Errorf("it was answered with %d records", n)
				}
			})
		})
	}
}

// TestTunnelUnderAnInvalidName holds that nobody gets in with a name that a
// link would not have taken.
func TestTunnelUnderAnInvalidName(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		im := l.impostorCalled("ana\nbo: yes", peer.NewIdentity(), peer.NewSalt())
		l.on(wire.TypeRelay, im.answer)
		l.WriteMessage(append(hello(), im.open()...))
		pass(time.Second)
		r.heard(ana, "joined liar")
		if err := l.Err(); err != nil {
			t.Errorf("the link it was relayed over ended: %v", err)
		}
	})
}

// TestHonestTunnel is what the impostor above differs from.
func TestHonestTunnel(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(hello())
		im := l.impostor(peer.NewIdentity(), peer.NewSalt())
		l.on(wire.TypeRelay, im.answer)
		l.WriteMessage(im.open())
		pass(2 * time.Second)
		r.heard(ana, "joined liar", "joined root")
	})
}

// TestFloodOfOpens holds that opens cost a node what it is ready to spend.
func TestFloodOfOpens(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		l := r.lie(ana)
		l.WriteMessage(hello())
		pass(time.Second)
		before := heap()
		opens := make([][]byte, 0, 2000)
		for range cap(opens) {
			opens = append(opens, l.impostor(l.id, peer.NewSalt()).open())
		}
		for range 5 {
			for _, o := range opens {
				l.WriteMessage(o)
			}
			synctest.Wait()
		}
		pass(time.Second)
		if n := l.count(wire.TypeRelay); n > 2*80 {
			t.Errorf("%d records answer 10,000 opens", n)
		}
		pass(20 * time.Second)
		if grown := heap() - before; grown > 4<<20 { // 1 MB are the opens above
			t.Errorf("%d bytes are kept of it", grown)
		}
		r.unpunished(l)
		r.present(ana, "bo liar")
		r.delivered(r.say(bo, "still here"))
	})
}

// TestReplayedRecords holds that a relay that plays old records again, long
// after, sets off no storm and loses nobody.
func TestReplayedRecords(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, cy := r.apart()
		var mu = make(chan struct{}, 1)
		var old [][]byte
		c := r.crook(ana, cy, func(kind byte, frame []byte) [][]byte {
			mu <- struct{}{}
			defer func() { <-mu }()
			if kind != wire.TunnelSealed && len(old) < 100 {
				old = append(old, bytes.Clone(frame))
			}
			return [][]byte{frame}
		})
		pass(30 * time.Second)
		r.via(ana, "cy", "liar")
		before := c.count(wire.TunnelOpen)
		records := slices.Clone(old)
		for range 50 {
			for _, frame := range records {
				for _, l := range c.ends {
					if bytes.Equal(frame[4:12], l.to.Instance[:]) {
						l.WriteMessage(frame)
					}
				}
			}
			pass(200 * time.Millisecond)
		}
		if n := c.count(wire.TunnelOpen) - before; n > 100 {
			t.Errorf("%d opens after records were replayed", n)
		}
		r.say(ana, "still here")
		pass(10 * time.Second)
		if got := cy.lines(ana); got != "still here" {
			t.Errorf("cy has read %q", got)
		}
		for _, a := range []*actor{ana, cy} {
			if story := strings.Join(a.story(), ", "); strings.Contains(story, "lost") {
				t.Errorf("%s has read %s", a.Self().Name, story)
			}
		}
	})
}

// TestLiarBehindARelay holds that who breaks the protocol through a relay loses
// its tunnel, and the relay nothing.
func TestLiarBehindARelay(t *testing.T) {
	tests := []struct {
		name string
		lie  func(im *impostor) []byte
		want string
	}{
		{"garbage", func(*impostor) []byte { return []byte("GET / HTTP/1.1\r\n") }, "cut short"},
		{"another's message", func(im *impostor) []byte { return im.says(nil) }, "another origin"},
		{"forged message", func(im *impostor) []byte {
			return im.says(func(m *wire.Message) { m.Origin = im.self })
		}, "signature"},
		{"confirms the future", func(*impostor) []byte {
			return wire.AppendHave(nil, wire.Have{Next: 1, Want: 100, PrivateNext: 1})
		}, "never sent"},
		{"holds our future", func(im *impostor) []byte {
			return wire.AppendAsk(nil, wire.Ask{Holdings: []wire.Holding{{Member: im.to, Last: 100}}})
		}, "never sent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana := r.join("ana", nil)
				l := r.lie(ana)
				l.WriteMessage(hello())
				im := l.impostor(peer.NewIdentity(), peer.NewSalt())
				l.on(wire.TypeRelay, im.answer)
				l.WriteMessage(im.open())
				pass(time.Second)
				l.WriteMessage(im.seal(wire.SealedMessage, tt.lie(im)))
				pass(3 * time.Second)
				r.heard(ana, "joined liar", "joined root", "lost root")
				if log := r.logs.String(); !strings.Contains(log, tt.want) {
					t.Errorf("the log says %q, want %q", log, tt.want)
				}
				r.unpunished(l)
			})
		})
	}
}

// TestFloodInATunnel holds that what is sealed may be much and cost little.
func TestFloodInATunnel(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(hello())
		im := l.impostor(peer.NewIdentity(), peer.NewSalt())
		l.on(wire.TypeRelay, im.answer)
		l.WriteMessage(im.open())
		pass(time.Second)
		r.lan.Host("liar").Hold() // it reads no answer
		before := heap()
		for i := range 60_000 {
			kind := byte(i % 8)
			body := make([]byte, i%3*4)
			if kind == wire.SealedMessage || kind == wire.SealedClose {
				kind = wire.SealedPing
			}
			l.WriteMessage(im.seal(kind, body))
		}
		for range 5000 {
			l.WriteMessage(im.seal(wire.SealedMessage, nil))
		}
		synctest.Wait()
		if grown := heap() - before; grown > 8<<20 {
			t.Errorf("%d bytes are kept of it", grown)
		}
		r.unpunished(l)
		r.lan.Host("liar").Release()
		pass(time.Second)
	})
}

// TestVictimOfASquatterComesBack has a neighbour open tunnels in the name of a
// member whose cable is out, say that it has a link to it, and answer what is
// opened to it. The member is gone while it is gone, and is back when it is.
func TestVictimOfASquatterComesBack(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		l := r.lie(ana)
		im := l.impostor(l.id, peer.NewSalt())
		im.self.Instance = bo.Self().Instance
		l.on(wire.TypeRelay, im.answer)
		l.WriteMessage(append(hello(), reach(wire.Route{To: bo.Self().Instance})...))
		pass(5 * time.Second)
		squat := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); pass(250 * time.Millisecond) {
				l.WriteMessage(im.open())
			}
		}
		bo.host.Cut()
		squat(4 * time.Second)
		bo.host.Heal()
		squat(4 * time.Second)
		r.heard(ana, "joined bo", "joined liar")
		bo.host.Cut()
		squat(10 * time.Second)
		r.present(ana, "liar")
		r.say(bo, "said meanwhile")
		bo.host.Heal()
		squat(5 * time.Second)
		r.heard(ana, "joined bo", "joined liar", "lost bo", "joined bo", "bo 1: said meanwhile")
		r.via(ana, "bo", "")
		r.unpunished(l)
	})
}

// TestFalseWayKeepsNobodyOut has a neighbour say that it has a link to a member,
// to which in truth another leads, and swallow or answer what is opened to that.
func TestFalseWayKeepsNobodyOut(t *testing.T) {
	for name, answers := range map[string]bool{"swallows": false, "answers": true} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana, cy := r.apart()
				l := r.lie(ana)
				im := l.impostor(l.id, peer.NewSalt())
				im.self.Instance = cy.Self().Instance
				if answers {
					l.on(wire.TypeRelay, func(p []byte) []byte { return append(im.open(), im.answer(p)...) })
				}
				l.WriteMessage(append(hello(), reach(wire.Route{To: cy.Self().Instance})...))
				pass(20 * time.Second)
				r.present(ana, "liar")
				r.join("bo", nil)
				pass(10 * time.Second)
				r.via(ana, "cy", "bo")
				r.via(cy, "ana", "bo")
				r.say(cy, "it is me")
				pass(time.Minute)
				if got := ana.lines(cy); got != "it is me" {
					t.Errorf("ana has read %q", got)
				}
				r.via(ana, "cy", "bo")
				r.unpunished(l)
			})
		})
	}
}
