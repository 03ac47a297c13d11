package mesh_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
)

// via returns through whom a node reaches another: its name, "" for a direct
// link, or "nobody".
func via(a *actor, name string) string {
	for _, p := range a.Members() {
		if p.Name != name {
			continue
		}
		if p.Via == nil {
			return ""
		}
		return p.Via.Name
	}
	return "nobody"
}

func (r *room) via(a *actor, name, want string) {
	r.Helper()
	if got := via(a, name); got != want {
		r.Errorf("%s reaches %s through %q, want %q", a.Self().Name, name, got, want)
	}
}

// TestTunnelOpensWhenTheDialFails has two that cannot reach each other in a room
// that is quiet, or that others keep joining: they have a tunnel as soon as a
// dial has failed between them, which in a room that forms takes until they are
// told where to dial.
func TestTunnelOpensWhenTheDialFails(t *testing.T) {
	for pause, most := range map[time.Duration]time.Duration{
		time.Minute:            time.Second,
		400 * time.Millisecond: 3 * time.Second,
	} {
		inRoom(t, func(r *room) {
			ana, _ := r.apart()
			r.join("bo", nil)
			start := time.Now()
			for i := 0; via(ana, "cy") == "nobody" && time.Since(start) < time.Minute; i++ {
				for next := time.Now().Add(pause); time.Now().Before(next) && via(ana, "cy") == "nobody"; {
					pass(50 * time.Millisecond)
				}
				if pause < time.Minute {
					r.join(fmt.Sprint("host", i), nil)
				}
			}
			if took := time.Since(start); took > most {
				t.Errorf("with a newcomer each %v ana reaches cy after %v", pause, took)
			}
		})
	}
}

// TestMassStartOpensNoTunnel has many start at once on a network on which some
// ways are slower than others: all get their direct links, and until then nobody
// tries to reach anybody through others.
func TestMassStartOpensNoTunnel(t *testing.T) {
	long(t)
	counts := []int{16, 32, 64}
	if raceEnabled {
		counts = counts[:2] // the other takes 3 GB
	}
	for _, count := range counts {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			inRoom(t, func(r *room) { r.massStart(count) })
		})
	}
}

func (r *room) massStart(count int) {
	rng := rand.New(rand.NewPCG(uint64(count), 1))
	var hosts []*meshtest.Host
	for i := range count {
		h := r.lan.Host(fmt.Sprint("host", i))
		for _, other := range hosts {
			r.lan.Delay(h, other, time.Duration(rng.IntN(400))*time.Millisecond)
		}
		hosts = append(hosts, h)
	}
	var all []*actor
	for _, h := range hosts {
		a := r.joinSilently(h.Name(), func(cfg *mesh.Config) {
			cfg.Logger = slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		all = append(all, a.unread())
		time.Sleep(time.Duration(rng.IntN(10)) * time.Millisecond)
	}
	pass(time.Minute)
	for _, a := range all {
		if got := len(a.Members()); got != count-1 {
			r.Errorf("%s sees %d members", a.Self().Name, got)
		}
	}
	if n := strings.Count(r.logs.String(), "tunnel opened"); n > 0 {
		r.Errorf("%d tunnels were opened", n)
	}
}

// TestBlockedPairIsRelayed cuts two of three apart for good: they stay members
// of each other, through the third.
func TestBlockedPairIsRelayed(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo, cy := r.join("ana", nil), r.join("bo", nil), r.join("cy", nil)
		r.via(ana, "cy", "")
		r.lan.Cut(ana.host, cy.host)
		first := r.say(ana, "hello")
		pass(10 * time.Second)
		r.via(ana, "cy", "bo")
		r.via(cy, "ana", "bo")
		r.via(bo, "ana", "")
		r.delivered(first)
		second := r.say(cy, "and back")
		private, err := ana.Send(r.Context(), cy.Self().Member, []byte("psst"))
		if err != nil {
			t.Fatal(err)
		}
		pass(50 * time.Millisecond)
		r.delivered(second)
		r.delivered(private)
		if rtt, err := ana.Ping(r.Context(), cy.Self().Member); err != nil {
			t.Errorf("ping through bo: %v, %v", rtt, err)
		}
		r.heard(ana, "joined bo", "joined cy", "cy 1: and back")
		r.heard(bo, "joined ana", "joined cy", "ana 1: hello", "cy 1: and back")
		r.heard(cy, "joined ana", "joined bo", "ana 1: hello", "ana 1 privately: psst")

		r.lan.Heal(ana.host, cy.host)
		pass(10 * time.Second)
		r.via(ana, "cy", "")
		r.via(cy, "ana", "")
		if err := cy.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		pass(time.Second)
		r.heard(ana, "joined bo", "joined cy", "cy 1: and back", "left cy")
	})
}

// reroutes returns the ways to a member that a program was told of: who relays,
// "" for a direct link.
func (a *actor) reroutes(name string) []string {
	var ways []string
	for _, ev := range a.events() {
		if ev, ok := ev.(mesh.Rerouted); ok && ev.Peer.Name == name {
			ways = append(ways, "")
			if ev.Peer.Via != nil {
				ways[len(ways)-1] = ev.Peer.Via.Name
			}
		}
	}
	return ways
}

// TestRerouted tells a program each time that a member is reached another way.
func TestRerouted(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo, cy := r.join("ana", nil), r.join("bo", nil), r.join("cy", nil)
		r.lan.Cut(ana.host, cy.host)
		pass(20 * time.Second)
		r.join("di", nil)
		pass(10 * time.Second)
		if err := bo.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		pass(20 * time.Second)
		r.lan.Heal(ana.host, cy.host)
		pass(30 * time.Second)
		want := []string{"bo", "di", ""}
		for _, a := range []*actor{ana, cy} {
			name := map[*actor]string{ana: "cy", cy: "ana"}[a]
			if got := a.reroutes(name); !slices.Equal(got, want) {
				t.Errorf("%s was told of the ways %q to %s, want %q", a.Self().Name, got, name, want)
			}
			r.via(a, name, "")
		}
		if got := ana.reroutes("bo"); len(got) != 0 {
			t.Errorf("ana was told of ways %q to bo, whose link never changed", got)
		}
	})
}

// TestStrangersAreRelayed lets two meet that never could reach each other.
func TestStrangersAreRelayed(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.Cut(r.lan.Host("ana"), r.lan.Host("cy"))
		ana := r.join("ana", nil)
		r.join("bo", nil)
		cy := r.join("cy", nil)
		pass(5 * time.Second)
		r.via(ana, "cy", "bo")
		receipt := r.say(cy, "hi")
		pass(50 * time.Millisecond)
		r.delivered(receipt)
		r.heard(ana, "joined bo", "joined cy", "cy 1: hi")
		if err := cy.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		pass(50 * time.Millisecond)
		r.heard(ana, "joined bo", "joined cy", "cy 1: hi", "left cy")
	})
}

// chain joins so many nodes of which each reaches its neighbours alone.
func (r *room) chain(size int) []*actor {
	for i := range size {
		for j := range i - 1 {
			r.lan.Cut(r.lan.Host(fmt.Sprint("n", i)), r.lan.Host(fmt.Sprint("n", j)))
		}
	}
	var all []*actor
	for i := range size {
		all = append(all, r.join(fmt.Sprint("n", i), nil))
	}
	return all
}

// TestChainIsRelayed holds that those hear each other who are four links apart.
func TestChainIsRelayed(t *testing.T) {
	inRoom(t, func(r *room) {
		all := r.chain(5)
		pass(20 * time.Second)
		for _, a := range all {
			if got := len(a.Members()); got != len(all)-1 {
				r.Errorf("%s sees %q", a.Self().Name, names(a.Members()))
			}
		}
		receipt := r.say(all[0], "along")
		pass(100 * time.Millisecond)
		r.delivered(receipt)
	})
}

// TestRelayedLeavesWithItsPath holds that a member is gone when nobody reaches
// it, and is there again when somebody does, with what it said meanwhile.
func TestRelayedLeavesWithItsPath(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.Cut(r.lan.Host("ana"), r.lan.Host("cy"))
		ana, bo, cy := r.join("ana", nil), r.join("bo", nil), r.join("cy", nil)
		pass(5 * time.Second)
		r.via(ana, "cy", "bo")
		r.lan.Cut(bo.host, cy.host)
		r.say(cy, "alone")
		pass(10 * time.Second)
		r.present(ana, "bo")
		r.present(cy, "")
		r.lan.Heal(bo.host, cy.host)
		pass(10 * time.Second)
		r.heard(ana, "joined bo", "joined cy", "lost cy", "joined cy", "cy 1: alone")
	})
}

// TestAnotherRelayTakesOver kills the one of two relays that is used.
func TestAnotherRelayTakesOver(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.Cut(r.lan.Host("ana"), r.lan.Host("cy"))
		relays := map[string]*actor{"bo": r.join("bo", nil), "di": r.join("di", nil)}
		ana, cy := r.join("ana", nil), r.join("cy", nil)
		pass(5 * time.Second)
		used := relays[via(ana, "cy")]
		if used == nil {
			t.Fatalf("ana reaches cy through %q", via(ana, "cy"))
		}
		used.host.Kill()
		var receipts []*mesh.Receipt
		for i := range 20 {
			receipts = append(receipts, r.say(ana, fmt.Sprint(i)))
			pass(20 * time.Millisecond)
		}
		pass(10 * time.Second)
		for _, receipt := range receipts {
			for _, p := range receipt.To() {
				if p.Name == "cy" {
					continue
				}
			}
			if !cy.has(ana, receipt.Seq()) {
				t.Errorf("cy has not got message %d", receipt.Seq())
			}
		}
		for _, line := range ana.story() {
			if line == "lost cy" {
				t.Error("ana lost cy, though there was another way")
			}
		}
	})
}

// has reports whether a program has read a message.
func (a *actor) has(from *actor, seq uint64) bool {
	for _, ev := range a.events() {
		if m, ok := ev.(mesh.Message); ok && m.From.Member == from.Self().Member && m.Seq == seq {
			return true
		}
	}
	return false
}

// TestObserverSeesWhoReaches holds that an observer that cannot reach a member
// is told who does.
func TestObserverSeesWhoReaches(t *testing.T) {
	inRoom(t, func(r *room) {
		r.join("ana", nil)
		bo := r.join("bo", nil)
		r.lan.Cut(r.lan.Host("eye"), bo.host)
		eye := r.join("eye", func(cfg *mesh.Config) {
			cfg.Observer = true
			cfg.Peers = []string{"10.0.0.1"}
		})
		pass(5 * time.Second)
		for _, s := range eye.Sightings() {
			if s.Instance == bo.Self().Instance.String() && s.Via != nil && s.Via.Name == "ana" {
				return
			}
		}
		t.Errorf("sightings are %+v", eye.Sightings())
	})
}
