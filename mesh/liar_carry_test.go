package mesh_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// answerer is what the transport of a node or a page does with carried offers.
type answerer interface {
	AnswerCarried(context.Context, peer.Instance, peer.Carried) (string, error)
}

// asked is a network that notes which offers its node is asked to answer.
type asked struct {
	mesh.Network

	mu    sync.Mutex // guards what follows
	stuck bool       // it answers none
	seen  []netip.Addr
	now   int // under way
	most  int
	froms map[peer.Instance]int
}

type askedTransport struct {
	mesh.Transport
	*asked
}

func (a *asked) Listen(cfg peer.Config) (mesh.Transport, error) {
	inner, err := a.Network.Listen(cfg)
	return askedTransport{inner, a}, err
}

func (t askedTransport) AnswerCarried(ctx context.Context, from peer.Instance, offer peer.Carried) (string, error) {
	t.mu.Lock()
	t.seen = append(t.seen, offer.From)
	if t.froms == nil {
		t.froms = make(map[peer.Instance]int)
	}
	t.froms[from]++
	t.now++
	t.most = max(t.most, t.now)
	stuck := t.stuck
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.now--
	}()
	if stuck {
		<-ctx.Done()
		return "", context.Cause(ctx)
	}
	return t.Transport.(answerer).AnswerCarried(ctx, from, offer)
}

func (a *asked) stick(stuck bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stuck = stuck
}

func (a *asked) count() int {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.seen)
}

// carry is a relay frame with an offer or an answer.
func carry(kind byte, from, to [8]byte, c wire.Carried) []byte {
	return wire.AppendRelay(nil, wire.Relay{To: to, From: from, Hops: wire.MaxHops, Payload: wire.AppendCarried(nil, kind, c)})
}

// readCarried reads an offer or an answer out of a relay frame's payload; nil if it is
// none.
func readCarried(p []byte) (wire.Relay, *wire.Carried) {
	r, err := wire.ParseRelay(bytes.Clone(p))
	if err != nil || len(r.Payload) == 0 || r.Payload[0] != wire.CarriedOffer && r.Payload[0] != wire.CarriedAnswer {
		return r, nil
	}
	c, err := wire.ParseCarried(r.Payload[0], r.Payload[1:])
	if err != nil {
		return r, nil
	}
	return r, &c
}

// TestOfferSaysWhereThePageIs holds that whoever gets an offer is told where its
// author is by the first who carried it, and by nobody else.
func TestOfferSaysWhereThePageIs(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.Cut(r.lan.Host("hub"), r.lan.Host("liar"))
		hub, second := r.join("hub", nil), r.join("second", nil)
		pass(time.Second)
		tim := r.page("tim", hub, nil)
		pass(time.Second)
		second.host.Cut()
		r.lan.Cut(second.host, tim.host)
		second.host.Heal()
		pass(20 * time.Second)
		r.reaches(tim, "hub, second via hub")
		l := r.lie(second)
		var seen []netip.Addr
		var mu sync.Mutex
		l.on(wire.TypeRelay, func(p []byte) []byte {
			if rl, c := readCarried(p); c != nil && rl.From == tim.Self().Instance {
				mu.Lock()
				seen = append(seen, c.Seen)
				mu.Unlock()
			}
			return nil
		})
		l.WriteMessage(append(hello(), l.alone()...))
		pass(10 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if len(seen) == 0 {
			t.Fatal("no offer has come")
		}
		for _, at := range seen {
			if at != tim.host.Addr() {
				t.Errorf("tim is said to be at %v, want %v", at, tim.host.Addr())
			}
		}
	})
}

// TestAuthorDoesNotSayWhereItIs holds that nobody can have another member look for
// it at somebody else's address: who carries its offer says where it is.
func TestAuthorDoesNotSayWhereItIs(t *testing.T) {
	bystander := netip.MustParseAddr("10.0.0.250")
	inRoom(t, func(r *room) {
		hub := r.join("hub", nil)
		network := &asked{Network: r.lan.Host("bo")}
		bo := r.join("bo", func(cfg *mesh.Config) { cfg.Network = network })
		l := r.lie(hub)
		l.WriteMessage(append(hello(), l.alone()...))
		pass(time.Second)
		l.WriteMessage(carry(wire.CarriedOffer, l.self.Instance, bo.Self().Instance, wire.Carried{ID: [8]byte{1}, Seen: bystander, SDP: []byte("v=0")}))
		pass(time.Second)
		network.mu.Lock()
		defer network.mu.Unlock()
		if len(network.seen) != 1 || network.seen[0] != r.lan.Host("liar").Addr() {
			t.Errorf("bo looks for it at %v, want %v", network.seen, r.lan.Host("liar").Addr())
		}
	})
}

// TestFloodOfOffers holds that a member which passes on offers without end, in
// whatever name, makes its neighbour answer few, a few at a time, and keeps no
// page out that comes over others.
func TestFloodOfOffers(t *testing.T) {
	for _, stuck := range []bool{false, true} {
		t.Run(fmt.Sprint("stuck ", stuck), func(t *testing.T) {
			inRoom(t, func(r *room) {
				network := &asked{Network: r.lan.Host("ana"), stuck: stuck}
				ana := r.join("ana", func(cfg *mesh.Config) { cfg.Network = network })
				hub := r.join("hub", nil)
				l := r.lie(ana)
				l.WriteMessage(append(hello(), l.alone()...))
				pass(time.Second)
				const seconds = 60
				for i := range seconds * 100 {
					var from, id [8]byte
					binary.BigEndian.PutUint32(from[:], uint32(i)+1)
					binary.BigEndian.PutUint32(id[:], uint32(i)+1)
					l.WriteMessage(carry(wire.CarriedOffer, from, ana.Self().Instance, wire.Carried{ID: id, Seen: hub.host.Addr(), SDP: []byte("v=0")}))
					pass(10 * time.Millisecond)
				}
				if n := network.count(); n == 0 || n > 64+2*seconds {
					t.Errorf("%d offers were answered", n)
				}
				if network.most > 8 {
					t.Errorf("%d at once, of a neighbour that is one of two", network.most)
				}
				network.stick(false)
				tim := r.page("tim", hub, nil)
				for i := range 1000 {
					var from [8]byte
					binary.BigEndian.PutUint32(from[:], uint32(i)+1e6)
					l.WriteMessage(carry(wire.CarriedOffer, from, ana.Self().Instance, wire.Carried{ID: from, SDP: []byte("v=0")}))
				}
				pass(time.Second)
				r.reaches(tim, "ana, hub")
				r.unpunished(l)
				r.delivered(r.say(hub, "still here"))
			})
		})
	}
}

// TestOfferThatIsPlayedAgain holds that one offer is answered once, however often
// it comes, and an instance's next one only when that has been.
func TestOfferThatIsPlayedAgain(t *testing.T) {
	inRoom(t, func(r *room) {
		network := &asked{Network: r.lan.Host("ana")}
		ana := r.join("ana", func(cfg *mesh.Config) { cfg.Network = network })
		l := r.lie(ana)
		l.WriteMessage(append(hello(), l.alone()...))
		pass(time.Second)
		offer := func(id byte) []byte {
			return carry(wire.CarriedOffer, [8]byte{7}, ana.Self().Instance, wire.Carried{ID: [8]byte{id}, SDP: []byte("v=0")})
		}
		for range 20 {
			l.WriteMessage(offer(1))
			pass(100 * time.Millisecond)
		}
		if n := network.count(); n != 1 {
			t.Errorf("one offer was answered %d times", n)
		}
		l.WriteMessage(offer(2))
		if n := network.count(); n != 2 {
			t.Errorf("of two offers %d were answered", n)
		}
		network.stick(true)
		for id := byte(3); id < 20; id++ {
			l.WriteMessage(offer(id))
			pass(10 * time.Millisecond)
		}
		if n := network.count(); n != 3 {
			t.Errorf("%d were answered beside one that takes long, want none", n-3)
		}
		pass(10 * time.Second)
	})
}

// TestOddOffers holds that what reads as no offer, or comes from where none can,
// is dropped, and costs nobody a link.
func TestOddOffers(t *testing.T) {
	inRoom(t, func(r *room) {
		network := &asked{Network: r.lan.Host("ana")}
		ana := r.join("ana", func(cfg *mesh.Config) { cfg.Network = network })
		bo := r.join("bo", nil)
		l := r.lie(ana)
		l.WriteMessage(append(hello(), l.alone()...))
		pass(time.Second)
		me, her, him := l.self.Instance, ana.Self().Instance, bo.Self().Instance
		for _, to := range [][8]byte{her, him} {
			for _, payload := range [][]byte{{wire.CarriedOffer}, {wire.CarriedAnswer}, {wire.CarriedOffer, 1, 2, 3}, append([]byte{wire.CarriedOffer}, make([]byte, 60000)...), {6}, {255}} {
				l.WriteMessage(wire.AppendRelay(nil, wire.Relay{To: to, From: me, Hops: wire.MaxHops, Payload: payload}))
			}
		}
		l.WriteMessage(carry(wire.CarriedOffer, her, her, wire.Carried{SDP: []byte("v=0")}))
		for i := range 1000 { // answers that nobody waits for
			l.WriteMessage(carry(wire.CarriedAnswer, me, her, wire.Carried{ID: [8]byte{byte(i), byte(i >> 8)}, SDP: []byte("v=0")}))
		}
		pass(time.Second)
		if n := network.count(); n != 0 {
			t.Errorf("%d of them were answered", n)
		}
		r.unpunished(l)
		r.delivered(r.say(bo, "still here"))
	})
}

// meets links a liar to a page as an honest member would: the page's offer comes
// over the liar's link to others.
func (r *room) meets(l *liar, page *actor) *liar {
	r.Helper()
	l.on(wire.TypeRelay, func(p []byte) []byte {
		rl, c := readCarried(p)
		if c == nil || rl.To != l.self.Instance {
			return nil
		}
		sdp, err := l.transport.(answerer).AnswerCarried(r.Context(), rl.From, peer.Carried{SDP: string(c.SDP), From: c.Seen})
		if err != nil {
			return nil
		}
		return carry(wire.CarriedAnswer, l.self.Instance, rl.From, wire.Carried{ID: c.ID, SDP: []byte(sdp)})
	})
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	conn, err := l.transport.Accept(ctx)
	if err != nil {
		r.Fatalf("the page offers nothing: %v", err)
	}
	self := page.Self()
	met := &liar{
		key:  r.key(),
		Conn: conn, id: l.id, transport: l.transport, self: l.self,
		to:   wire.Member{ID: self.ID, Instance: self.Instance},
		seen: make(map[byte]int), react: make(map[byte]func([]byte) []byte),
	}
	go met.read()
	met.WriteMessage(met.record(1, "main"))
	return met
}

// TestCrookedCarriers holds that a page gets a link to a member that two of its
// neighbours reach, whatever one of them does with what it carries; that messages
// go through others meanwhile; and that the crook gets nothing else of it.
func TestCrookedCarriers(t *testing.T) {
	edit := func(to byte, f func(*wire.Carried)) func(wire.Relay, wire.Carried) [][]byte {
		return func(rl wire.Relay, c wire.Carried) [][]byte {
			if rl.Payload[0] == to {
				f(&c)
			}
			return [][]byte{wire.AppendRelay(nil, wire.Relay{To: rl.To, From: rl.From, Hops: rl.Hops, Payload: wire.AppendCarried(nil, rl.Payload[0], c)})}
		}
	}
	tests := []struct {
		name  string
		delay time.Duration
		treat func(wire.Relay, wire.Carried) [][]byte
	}{
		{"swallows everything", 0, func(wire.Relay, wire.Carried) [][]byte { return nil }},
		{"swallows answers", 0, func(rl wire.Relay, _ wire.Carried) [][]byte {
			if rl.Payload[0] == wire.CarriedAnswer {
				return nil
			}
			return [][]byte{wire.AppendRelay(nil, rl)}
		}},
		{"alters offers", 0, edit(wire.CarriedOffer, func(c *wire.Carried) { c.SDP = append(c.SDP, '!') })},
		{"alters answers", 0, edit(wire.CarriedAnswer, func(c *wire.Carried) { c.SDP = append(c.SDP, '!') })},
		{"alters where the page is", 0, edit(wire.CarriedOffer, func(c *wire.Carried) { c.Seen = netip.MustParseAddr("10.0.0.250") })},
		{"alters the id", 0, edit(wire.CarriedAnswer, func(c *wire.Carried) { c.ID[0]++ })},
		{"refuses", 0, edit(wire.CarriedAnswer, func(c *wire.Carried) { c.SDP = nil })},
		{"takes 20 seconds", 20 * time.Second, edit(0, nil)},
		{"doubles", 0, func(rl wire.Relay, _ wire.Carried) [][]byte {
			f := wire.AppendRelay(nil, rl)
			return [][]byte{f, f, f}
		}},
		{"turns it around", 0, func(rl wire.Relay, _ wire.Carried) [][]byte {
			rl.From, rl.To = rl.To, rl.From
			return [][]byte{wire.AppendRelay(nil, rl)}
		}},
	}
	rounds := 8 // which neighbour comes first depends on instances
	if testing.Short() || raceEnabled {
		rounds = 3
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range rounds {
				inRoom(t, func(r *room) { r.crookedCarrier(tt.delay, tt.treat) })
			}
		})
	}
}

// TestAnswerOfSomebodyElse holds that an answer counts that comes from whom it was
// asked, and no other, though it bears the right id; and that it counts once.
func TestAnswerOfSomebodyElse(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.Cut(r.lan.Host("hub"), r.lan.Host("cy"))
		offers := r.offers()
		before := 0
		r.crookedCarrier(0, func(rl wire.Relay, c wire.Carried) [][]byte {
			own := wire.AppendRelay(nil, rl)
			if rl.Payload[0] == wire.CarriedOffer {
				before = offers()
				return [][]byte{own}
			}
			forged := carry(wire.CarriedAnswer, [8]byte{9}, rl.To, wire.Carried{ID: c.ID, SDP: []byte("v=0")})
			late := carry(wire.CarriedAnswer, rl.From, rl.To, wire.Carried{ID: c.ID, SDP: []byte("v=0")})
			return [][]byte{forged, own, late}
		})
		if n := offers() - before; n > 0 {
			t.Errorf("the first offer came to nothing, %d more were made", n)
		}
	})
}

func (r *room) crookedCarrier(delay time.Duration, treat func(wire.Relay, wire.Carried) [][]byte) {
	r.lan.Host("crook").SetFirewall(true) // it dials the others itself
	hub := r.join("hub", nil)
	tim := r.page("tim", hub, nil)
	pass(time.Second)
	near := r.lieFrom("crook", hub)
	near.WriteMessage(append(hello(), near.alone()...))
	toPage := r.meets(near, tim)
	toPage.WriteMessage(append(hello(), reach(wire.Route{To: hub.Self().Instance})...))
	pass(time.Second)
	cy := r.join("cy", nil)
	toCy := r.lieTo(near, cy)
	ends := []*liar{toPage, toCy}
	for i, l := range ends {
		other := ends[1-i]
		l.on(wire.TypeRelay, func(p []byte) []byte {
			rl, c := readCarried(p)
			if rl.To != other.to.Instance || len(rl.Payload) == 0 {
				return nil
			}
			rl.Hops--
			if c == nil {
				other.WriteMessage(wire.AppendRelay(nil, rl))
				return nil
			}
			c.Seen = l.RemoteAddr().Addr()
			rl.Payload = wire.Stamp(rl.Payload, c.Seen)
			go func() {
				time.Sleep(delay)
				for _, f := range treat(rl, *c) {
					other.WriteMessage(f)
				}
			}()
			return nil
		})
	}
	toCy.WriteMessage(append(hello(), reach(wire.Route{To: tim.Self().Instance})...))
	toPage.WriteMessage(reach(wire.Route{To: cy.Self().Instance}))
	r.say(tim, "early")
	pass(30 * time.Second)
	var direct bool
	for _, p := range tim.Members() {
		direct = direct || p.Member == cy.Self().Member && p.Via == nil
	}
	if !direct {
		r.Errorf("tim sees %q", tim.ways())
	}
	r.say(tim, "late")
	pass(time.Second)
	if got := cy.lines(tim); got != "early late" {
		r.Errorf("cy has read %q", got)
	}
	r.unpunished(near, toPage, toCy)
	if n := r.lan.Misled(netip.MustParseAddr("10.0.0.250")); n > 3 {
		r.Errorf("a bystander was sent %d times what was for tim", n)
	}
}
