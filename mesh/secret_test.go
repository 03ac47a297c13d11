package mesh_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// passphrases are stretched once for all tests.
var passphrases = sync.OnceValues(func() (peer.Secret, peer.Secret) {
	return peer.NewSecret("", "correct horse battery staple"), peer.NewSecret("", "incorrect horse battery staple")
})

// inPrivateRoom is inRoom where all who join know a secret, unless the test gives
// them another.
func inPrivateRoom(t *testing.T, test func(r *room, other func(*mesh.Config))) {
	t.Helper()
	ours, theirs := passphrases()
	inRoom(t, func(r *room) {
		r.secret = ours
		test(r, func(cfg *mesh.Config) { mesh.SetSecret(cfg, theirs) })
	})
}

func openRoom(cfg *mesh.Config) { mesh.SetSecret(cfg, peer.Secret{}) }

// refusals returns what a program was told of nodes with another secret.
func (a *actor) refusals() (all []mesh.Refused) {
	for _, ev := range a.events() {
		if ev, ok := ev.(mesh.Refused); ok {
			all = append(all, ev)
		}
	}
	return all
}

// TestSecretsKeepRoomsApart holds that of three groups in rooms of one name, two
// with secrets and one without, none sees, hears or reads of another, and that each
// is told that they are there.
func TestSecretsKeepRoomsApart(t *testing.T) {
	inPrivateRoom(t, func(r *room, other func(*mesh.Config)) {
		groups := [][]*actor{
			{r.join("ana", nil), r.join("bo", nil)},
			{r.join("cy", other), r.join("di", other)},
			{r.join("eve", openRoom), r.join("flo", openRoom)},
		}
		for _, g := range groups {
			r.delivered(r.say(g[0], "among us"))
		}
		pass(time.Minute)
		late := []*actor{r.join("gus", nil), r.join("hal", other), r.join("ian", openRoom)}
		pass(time.Minute)
		for i, g := range groups {
			first, second, third := g[0], g[1], late[i]
			r.present(first, names([]mesh.Peer{second.Self(), third.Self()}))
			if got := second.texts(); got != "among us" {
				t.Errorf("%s has read %q", second.Self().Name, got)
			}
			if got := third.texts(); got != "among us" {
				t.Errorf("%s has read %q", third.Self().Name, got)
			}
			if len(first.refusals()) == 0 {
				t.Errorf("%s is not told of the others", first.Self().Name)
			}
			for _, a := range []*actor{first, second, third} {
				r.strangers(a, 6)
			}
		}
	})
}

// strangers fails the test unless so many nodes are shown as ones with another
// secret, and nobody else.
func (r *room) strangers(a *actor, want int) {
	r.Helper()
	all := a.Sightings()
	for _, s := range all {
		if !errors.Is(s.Err, peer.ErrSecret) || s.Name != "" || s.Via != nil {
			r.Errorf("%s sees %+v", a.Self().Name, s)
		}
	}
	if len(all) != want {
		r.Errorf("%s sees %d strangers, want %d", a.Self().Name, len(all), want)
	}
}

// stranded is a node of another room that announces itself and takes what comes.
type stranded struct {
	mesh.Transport
	mu      sync.Mutex // guards answers
	answers int        // offers that ended for the secret
}

// strand puts a node with that secret on a host.
func (r *room) strand(host string, secret peer.Secret) *stranded {
	r.Helper()
	s := &stranded{}
	h := r.lan.Host(host)
	transport, err := h.Listen(peer.Config{Secret: secret, Refused: s.refused})
	if err != nil {
		r.Fatal(err)
	}
	s.Transport = transport
	r.Cleanup(func() { transport.Close() })
	disc, err := h.Discover(discovery.Config{})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { disc.Close() })
	service := discovery.Service{Instance: transport.Self().Instance.String(), Room: peer.RoomTag(peer.DefaultRoom), Port: transport.Addrs()[0].Port()}
	if err := disc.Announce(r.Context(), service); err != nil {
		r.Fatal(err)
	}
	return s
}

func (s *stranded) refused(_ peer.Instance, _ netip.AddrPort, dialed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !dialed {
		s.answers++
	}
}

func (s *stranded) met() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers
}

// TestOtherSecretIsMetOnce holds that a node which turned out to know another secret
// is never dialed again, discovered or given by hand: each dial is a guess. Another
// start of it is another node.
func TestOtherSecretIsMetOnce(t *testing.T) {
	for _, how := range []string{"discovered", "by hand"} {
		t.Run(how, func(t *testing.T) {
			inPrivateRoom(t, func(r *room, _ func(*mesh.Config)) {
				_, theirs := passphrases()
				r.lan.SetMulticast(how == "discovered")
				s := r.strand("stranger", theirs)
				ana := r.join("ana", func(cfg *mesh.Config) {
					if how == "by hand" {
						cfg.Peers = []string{s.Addrs()[0].String()}
					}
				})
				pass(time.Hour)
				if n := s.met(); n != 1 {
					t.Errorf("it was met %d times in an hour, want once", n)
				}
				r.strangers(ana, 1)
				s.Close()
				again := r.strand("stranger", theirs)
				pass(time.Hour)
				if n := again.met(); n != 1 {
					t.Errorf("its next start was met %d times in an hour, want once", n)
				}
				again.Close()
				bo := r.join("bo", func(cfg *mesh.Config) {
					cfg.Network = r.lan.Host("stranger")
				})
				pass(time.Minute)
				r.present(ana, "bo")
				r.present(bo, "ana")
			})
		})
	}
}

// TestRefusedIsToldOnceAMinute holds that whoever makes up nodes has a program told
// no more than that, with their number.
func TestRefusedIsToldOnceAMinute(t *testing.T) {
	inPrivateRoom(t, func(r *room, _ func(*mesh.Config)) {
		_, theirs := passphrases()
		ana := r.join("ana", nil)
		const strangers = 30
		for range strangers {
			s := r.strand("stranger", theirs)
			pass(10 * time.Second)
			s.Close()
		}
		told, count := ana.refusals(), 0
		for _, ev := range told {
			count += ev.Count
			if ev.Addr.Addr() != r.lan.Host("stranger").Addr() {
				t.Errorf("told of %v", ev.Addr)
			}
		}
		if len(told) != strangers/6 || count < strangers-6 || count > strangers {
			t.Errorf("told %d times of %d strangers, want %d times of about %d: %v", len(told), count, strangers/6, strangers, told)
		}
	})
}

// TestSignaturesOfAnotherSecret has a member sign for another secret of the room, or
// for the open room of that name. It knows the secret of this one, or else it would
// have no link; nothing that was made for another is good here all the same.
func TestSignaturesOfAnotherSecret(t *testing.T) {
	ours, theirs := passphrases()
	keys := map[string]wire.RoomKey{
		"this secret":    ours.RoomKey(""), // what the others differ from
		"another secret": theirs.RoomKey(""),
		"no secret":      wire.NewRoomKey(peer.DefaultRoom),
	}
	introduce := func(l *liar) { l.WriteMessage(append(l.record(1, "main"), helloWithPast()...)) }
	root := func(l *liar) *impostor { return l.impostor(peer.NewIdentity(), peer.NewSalt()) }
	tests := []struct {
		name  string
		lie   func(l *liar, key wire.RoomKey)
		taken string // what is read, if the key is the room's
		want  string // in the reason why the link was closed, if it is not; "": it was not
	}{
		{"record", func(l *liar, key wire.RoomKey) {
			l.key = key
			introduce(l)
		}, "joined liar", "signature"},
		{"message", func(l *liar, key wire.RoomKey) {
			introduce(l)
			l.key = key
			l.WriteMessage(l.says(nil))
		}, "liar 1: hi", "signature"},
		{"private message", func(l *liar, key wire.RoomKey) {
			introduce(l)
			l.key = key
			l.WriteMessage(l.says(func(m *wire.Message) { m.Kind, m.To = wire.Private, l.to }))
		}, "liar 1 privately: hi", "signature"},
		{"history", func(l *liar, key wire.RoomKey) {
			l.answers(newAbsent().past(key, 0, nil))
			introduce(l)
		}, "1 earlier: hi", ""},
		{"tunnel", func(l *liar, key wire.RoomKey) {
			introduce(l)
			l.key = key
			im := root(l)
			l.on(wire.TypeRelay, im.answer)
			l.WriteMessage(im.open())
		}, "joined root", ""},
		{"record of a tunnel", func(l *liar, key wire.RoomKey) {
			introduce(l)
			was := l.key
			l.key = key
			im := root(l)
			l.key = was
			l.on(wire.TypeRelay, im.answer)
			l.WriteMessage(im.open())
		}, "joined root", ""},
		{"opening of a tunnel", func(l *liar, key wire.RoomKey) {
			introduce(l)
			im, was := root(l), l.key
			l.key = key
			l.on(wire.TypeRelay, im.answer)
			open := im.open()
			l.key = was
			l.WriteMessage(open)
		}, "joined root", ""},
		{"keys of a tunnel", func(l *liar, key wire.RoomKey) {
			introduce(l)
			im := root(l)
			open := im.open()
			l.key = key
			l.on(wire.TypeRelay, im.answer)
			l.WriteMessage(open)
		}, "joined root", ""},
	}
	for whose, key := range keys {
		for _, tt := range tests {
			t.Run(tt.name+"/"+whose, func(t *testing.T) {
				inPrivateRoom(t, func(r *room, _ func(*mesh.Config)) {
					ana := r.join("ana", nil)
					l := r.stranger("liar", ana)
					tt.lie(l, key)
					pass(5 * time.Second)
					taken := strings.Contains(strings.Join(ana.story(), "\n"), tt.taken)
					if taken != (key == r.key()) {
						t.Errorf("ana has read %q", ana.story())
					}
					if key == r.key() || tt.want == "" {
						r.unpunished(l)
						return
					}
					r.refused(l, tt.want)
				})
			})
		}
	}
}

// TestStreamsOfAnotherSecret holds that who knows another secret opens no stream to
// a service of a member, nor finds one to open a stream to.
func TestStreamsOfAnotherSecret(t *testing.T) {
	inPrivateRoom(t, func(r *room, other func(*mesh.Config)) {
		ana, eve := r.join("ana", nil), r.join("eve", other)
		l, err := ana.Listen("files")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if c, err := eve.Dial(r.Context(), ana.Self().Member, "files"); !errors.Is(err, mesh.ErrNoMember) {
			t.Errorf("eve dials ana: %v, %v", c, err)
		}
		s := r.strand("stranger", peer.Secret{})
		transport, ok := s.Transport.(interface {
			DialStream(context.Context, peer.Instance, []netip.AddrPort) (*peer.Stream, error)
		})
		if !ok {
			t.Fatal("the stranger has no streams")
		}
		if c, err := transport.DialStream(r.Context(), ana.Self().Instance, ana.Addrs()); err == nil {
			t.Errorf("a stranger has opened %v", c)
		}
	})
}

// TestObserverNeedsTheSecret holds that who only looks has to know it as well.
func TestObserverNeedsTheSecret(t *testing.T) {
	inPrivateRoom(t, func(r *room, other func(*mesh.Config)) {
		ana := r.join("ana", nil)
		for _, tt := range []struct {
			name   string
			secret func(*mesh.Config)
			want   string
		}{{"eve", other, ""}, {"flo", openRoom, ""}, {"gus", func(*mesh.Config) {}, "ana"}} {
			eye := r.join(tt.name, func(cfg *mesh.Config) {
				cfg.Observer = true
				tt.secret(cfg)
			})
			pass(time.Minute)
			r.present(eye, tt.want)
			eye.Close()
		}
		r.present(ana, "")
	})
}

// TestWhoLeftComesBack holds what a secret does not do: who has left knows it still,
// and reads what was said meanwhile when it comes back.
func TestWhoLeftComesBack(t *testing.T) {
	inPrivateRoom(t, func(r *room, _ func(*mesh.Config)) {
		ana, eve := r.join("ana", nil), r.join("eve", nil)
		pass(time.Second)
		if err := eve.Leave(r.Context()); err != nil {
			t.Fatal(err)
		}
		r.say(ana, "now that eve is gone")
		pass(time.Minute)
		if got := eve.texts(); got != "" {
			t.Errorf("eve, who has left, has read %q", got)
		}
		again := r.join("eve", nil)
		pass(time.Second)
		if got := again.texts(); got != "now that eve is gone" {
			t.Errorf("eve, who has come back, has read %q", got)
		}
	})
}

// TestRoomGetsANewSecret has two of three start anew with another secret: the third,
// who knows the old one, is a stranger to them from then on.
func TestRoomGetsANewSecret(t *testing.T) {
	inPrivateRoom(t, func(r *room, other func(*mesh.Config)) {
		ana, bo, eve := r.join("ana", nil), r.join("bo", nil), r.join("eve", nil)
		r.delivered(r.say(ana, "let us go elsewhere"))
		ana.Close()
		ana = r.join("ana", other)
		pass(time.Minute)
		r.present(ana, "")
		if len(bo.refusals()) == 0 {
			t.Error("bo, who has the old secret, is not told that somebody has another")
		}
		bo.Close()
		bo = r.join("bo", other)
		pass(time.Minute)
		r.delivered(r.say(ana, "among us"))
		r.present(ana, "bo")
		r.present(eve, "")
		if got := bo.texts(); got != "among us" {
			t.Errorf("bo has read %q", got)
		}
		if got := eve.texts(); got != "let us go elsewhere" {
			t.Errorf("eve has read %q", got)
		}
	})
}

// TestMaxMembers holds that a node takes in no more members than its Config says, be
// it over a link or through others, and that a Config may say so many.
func TestMaxMembers(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", func(cfg *mesh.Config) { cfg.MaxMembers = 2 })
		var others []*actor
		for _, name := range []string{"bo", "cy", "di"} {
			others = append(others, r.join(name, nil))
		}
		pass(time.Minute)
		r.present(ana, "bo cy")
		for _, p := range others[2].Members() {
			if p.Member == ana.Self().Member {
				t.Error("di sees ana, where there is no room for it")
			}
		}
		for _, most := range []int{-1, 129} {
			cfg := mesh.Config{Network: r.lan.Host("ed"), MaxMembers: most}
			if _, err := mesh.Join(r.Context(), cfg); err == nil || !strings.Contains(err.Error(), "128") {
				t.Errorf("with MaxMembers %d: %v", most, err)
			}
		}
	})
}

// TestBinding holds that both ends of a link know the same, and that there is none
// with who is not here, or is reached through others.
func TestBinding(t *testing.T) {
	inPrivateRoom(t, func(r *room, _ func(*mesh.Config)) {
		r.lan.Cut(r.lan.Host("ana"), r.lan.Host("cy"))
		ana, bo, cy := r.join("ana", nil), r.join("bo", nil), r.join("cy", nil)
		pass(5 * time.Second)
		near, err := ana.Binding(bo.Self().Member)
		if err != nil {
			t.Fatal(err)
		}
		if far, err := bo.Binding(ana.Self().Member); far != near || near == [32]byte{} {
			t.Errorf("ana has %x, bo %x (%v)", near, far, err)
		}
		if other, err := bo.Binding(cy.Self().Member); other == near || err != nil {
			t.Errorf("bo and cy have %x (%v)", other, err)
		}
		if _, err := ana.Binding(cy.Self().Member); !errors.Is(err, mesh.ErrIndirect) {
			t.Errorf("of one that is reached through others: %v", err)
		}
		if _, err := ana.Binding(mesh.Member{ID: bo.Self().ID}); !errors.Is(err, mesh.ErrNoMember) {
			t.Errorf("of nobody: %v", err)
		}
	})
}
