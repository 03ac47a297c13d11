package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/peer"
)

func TestEverybodyMeetsEverybody(t *testing.T) {
	inRoom(t, func(r *room) {
		const count = 12
		for i := range count {
			r.joinSilently(fmt.Sprint("host", i), nil).unread()
		}
		pass(time.Second)
		for _, a := range r.actors {
			if n := len(a.Members()); n != count-1 {
				t.Errorf("%s sees %d members, want %d", a.Self().Name, n, count-1)
			}
			if s := a.Sightings(); len(s) != 0 {
				t.Errorf("%s still sights %v", a.Self().Name, s)
			}
		}
	})
}

func TestNodesOfOneHost(t *testing.T) {
	inRoom(t, func(r *room) {
		one := r.join("host", func(cfg *mesh.Config) { cfg.Name = "one" })
		two := r.join("host", func(cfg *mesh.Config) { cfg.Name = "two" })
		r.present(one, "two")
		r.present(two, "one")
		if one.Self().Addr.Port() == two.Self().Addr.Port() {
			t.Errorf("both answer at %v", one.Self().Addr)
		}
	})
}

// join gives an address by hand.
func byHand(addrs ...string) func(*mesh.Config) {
	return func(cfg *mesh.Config) { cfg.Peers = addrs }
}

func TestOneAddressByHandIsEnough(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.SetMulticast(false)
		r.join("hub", nil) // 10.0.0.1
		for i := range 5 {
			r.join(fmt.Sprint("host", i), byHand("10.0.0.1"))
		}
		pass(time.Second)
		for _, a := range r.actors {
			if n := len(a.Members()); n != 5 {
				t.Errorf("%s sees %d members, want 5", a.Self().Name, n)
			}
		}
	})
}

func TestAddressByHandThatStartsLater(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.SetMulticast(false)
		late := r.lan.Host("late") // 10.0.0.1
		ana := r.join("ana", byHand("10.0.0.1:7475"))
		pass(time.Hour)
		s := ana.Sightings()
		if len(s) != 1 || s[0].Instance != "" || !errors.Is(s[0].Err, peer.ErrRefused) {
			t.Errorf("sightings are %v, want one that refuses", s)
		}
		for range 2 {
			bo := r.join(late.Name(), nil)
			pass(5 * time.Second)
			r.present(ana, "late")
			r.present(bo, "ana")
			if s := ana.Sightings(); len(s) != 0 {
				t.Errorf("sightings are %v, want none", s)
			}
			if err := bo.Leave(r.Context()); err != nil { // and again
				t.Error(err)
			}
			r.present(ana, "")
		}
	})
}

func TestOwnAddressByHand(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.SetMulticast(false)
		first := r.join("host", func(cfg *mesh.Config) { cfg.Name = "first"; cfg.Peers = []string{"10.0.0.1"} })
		second := r.join("host", func(cfg *mesh.Config) { cfg.Name = "second"; cfg.Peers = []string{"10.0.0.1"} })
		pass(time.Second)
		r.present(first, "second")
		r.present(second, "first")
		if s := first.Sightings(); len(s) != 0 {
			t.Errorf("sightings are %v, want none", s)
		}
	})
}

func TestMalformedPeers(t *testing.T) {
	host := meshtest.NewLAN().Host("ana")
	for _, text := range []string{"", "host:", "host:0", "host:70000", "host:http", "a b", "[::1", "http://host", ":7475", "10.0.0.1:1:2", strings.Repeat("x", 300)} {
		n, err := mesh.Join(t.Context(), mesh.Config{Network: host, Peers: []string{text}})
		if err == nil {
			n.Close()
			t.Errorf("peer %q was taken", text)
		} else if !strings.HasPrefix(err.Error(), "mesh: peer ") {
			t.Errorf("peer %q: %v", text, err)
		}
	}
}

func TestOneWayFirewall(t *testing.T) {
	for range 2 { // whichever side has the lower instance
		inRoom(t, func(r *room) {
			r.lan.Host("shy").SetFirewall(true)
			shy := r.join("shy", nil)
			bo := r.join("bo", nil)
			pass(time.Second)
			r.present(shy, "bo")
			r.present(bo, "shy")
		})
	}
}

// TestGhostsDelayNobody has somebody announce instances that do not exist where
// one lives that cannot dial.
func TestGhostsDelayNobody(t *testing.T) {
	inRoom(t, func(r *room) {
		host := r.lan.Host("bo")
		for range 40 {
			d, err := host.Discover(discovery.Config{})
			if err != nil {
				t.Fatal(err)
			}
			ghost := discovery.Service{Instance: newInstance().String(), Room: peer.RoomTag("lan"), Port: 7475}
			if err := d.Announce(r.Context(), ghost); err != nil {
				t.Fatal(err)
			}
		}
		bo := r.join("bo", nil)
		r.lan.Host("ana").SetFirewall(true) // or bo would dial
		ana := r.join("ana", nil)
		pass(time.Second)
		r.present(ana, "bo")
		r.present(bo, "ana")
	})
}

func TestOtherRoomIsSightedAndLeftAlone(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", func(cfg *mesh.Config) { cfg.Room = "attic" })
		pass(time.Minute)
		r.present(ana, "")
		s := ana.Sightings()
		if len(s) != 1 || s[0].Instance != bo.Self().Instance.String() || !s[0].OtherRoom || s[0].Err != nil {
			t.Errorf("sightings are %+v, want bo's, of another room", s)
		}
	})
}

func TestUnreachableIsSightedWithTheReason(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.Host("ana").SetFirewall(true)
		r.lan.Host("bo").SetFirewall(true)
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		pass(10 * time.Second)
		r.present(ana, "")
		s := ana.Sightings()
		if len(s) != 1 || len(s[0].Addrs) != 1 || s[0].Addrs[0] != bo.Self().Addr || !errors.Is(s[0].Err, peer.ErrTimeout) {
			t.Errorf("sightings are %+v, want bo's, timed out", s)
		}
	})
}

func TestRestartIsANewMember(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		bo.host.Kill()
		pass(0) // ana would see it in any order that starts at the moment of the kill
		r.join("bo", nil)
		pass(time.Second)
		r.heard(ana, "joined bo", "lost bo", "joined bo")
	})
}

func TestPing(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		if _, err := ana.Ping(r.Context(), bo.Self().Member); err != nil {
			t.Error(err)
		}
		stranger := bo.Self().Member
		stranger.ID[0]++
		for _, m := range []mesh.Member{{}, stranger, ana.Self().Member} {
			if _, err := ana.Ping(r.Context(), m); !errors.Is(err, mesh.ErrNoMember) {
				t.Errorf("ping of %v: %v", m, err)
			}
		}
	})
}

func TestObserver(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		looker := r.join("looker", func(cfg *mesh.Config) { cfg.Observer = true })
		other := r.join("other", func(cfg *mesh.Config) { cfg.Observer = true })
		receipt := r.say(ana, "hi")
		pass(time.Second)
		r.delivered(receipt)
		if got := names(receipt.To()); got != "bo" {
			t.Errorf("said to %q", got)
		}
		if err := bo.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		r.heard(looker, "joined ana", "joined bo", "left bo")
		r.heard(other, "joined ana", "joined bo", "left bo")
		if _, err := looker.Ping(r.Context(), ana.Self().Member); err != nil {
			t.Errorf("observer's ping: %v", err)
		}
		if _, err := looker.Broadcast(r.Context(), nil); !errors.Is(err, mesh.ErrObserver) {
			t.Errorf("observer's broadcast: %v", err)
		}
		if _, err := looker.Send(r.Context(), ana.Self().Member, nil); !errors.Is(err, mesh.ErrObserver) {
			t.Errorf("observer's send: %v", err)
		}
		if err := looker.Leave(r.Context()); err != nil {
			t.Error(err)
		}
		r.heard(ana, "joined bo", "left bo")
	})
}

func TestObserverIsToldOfThoseItDoesNotSee(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.SetMulticast(false)
		r.join("ana", nil) // 10.0.0.1
		r.join("bo", byHand("10.0.0.1"))
		looker := r.join("looker", func(cfg *mesh.Config) { cfg.Observer, cfg.Peers = true, []string{"10.0.0.1"} })
		r.heard(looker, "joined ana", "joined bo")
	})
}

// deaf is a network on which some addresses accept connections and then say
// nothing.
type deaf struct {
	*meshtest.Host
	mute func(netip.Addr) bool
}

type deafTransport struct {
	mesh.Transport
	mute func(netip.Addr) bool
}

func (d deaf) Listen(cfg peer.Config) (mesh.Transport, error) {
	t, err := d.Host.Listen(cfg)
	return deafTransport{t, d.mute}, err
}

func (d deafTransport) Dial(ctx context.Context, to peer.Target) (*peer.Conn, error) {
	if !d.mute(to.Addrs[0].Addr()) {
		return d.Transport.Dial(ctx, to)
	}
	to.Progress(peer.StepConnect, netip.AddrPort{})
	to.Progress(peer.StepOffer, to.Addrs[0])
	select {
	case <-time.After(10 * time.Second):
		return nil, peer.ErrTimeout
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestDeadAddressesDelayNobody holds that addresses where nobody answers, or
// where somebody accepts and says nothing, keep out none of the living.
func TestDeadAddressesDelayNobody(t *testing.T) {
	for name, mute := range map[string]bool{"silent": false, "accept and say nothing": true} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				bo := r.join("bo", nil) // 10.0.0.1
				var dead []string
				for i := range 16 {
					dead = append(dead, fmt.Sprintf("10.0.9.%d:7475", i+1))
				}
				r.lan.Host("ana").SetFirewall(true) // or the others would dial
				ana := r.join("ana", func(cfg *mesh.Config) {
					cfg.Peers = append(dead, "10.0.0.1")
					cfg.Network = deaf{r.lan.Host("ana"), func(ip netip.Addr) bool { return mute && ip.As4()[2] == 9 }}
				})
				pass(time.Second)
				r.present(ana, "bo")
				pass(time.Minute)
				r.join("cy", nil) // discovery shows it
				pass(time.Second)
				r.present(ana, "bo cy")
				r.present(bo, "ana cy")
			})
		})
	}
}

// TestNamesThatDoNotResolveDelayNobody is the same with a resolver that hangs.
// It takes real time, for package net keeps to no bubble.
func TestNamesThatDoNotResolveDelayNobody(t *testing.T) {
	system := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	t.Cleanup(func() { net.DefaultResolver = system })
	lan := meshtest.NewLAN()
	lan.Host("ana").SetFirewall(true) // or bo would dial
	join := func(name string, peers ...string) *mesh.Node {
		n, err := mesh.Join(t.Context(), mesh.Config{Name: name, Network: lan.Host(name), Peers: peers})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		return n
	}
	var peers []string
	for i := range 40 {
		peers = append(peers, fmt.Sprintf("host%d.example", i))
	}
	ana := join("ana", peers...)
	join("bo")
	// All these names one after the other, in four places, take 50 s.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for ev, err := range ana.Events(ctx) {
		if err != nil {
			t.Fatalf("nobody joined: %v", err)
		}
		if _, ok := ev.(mesh.Joined); ok {
			return
		}
	}
}

// TestDeadAddressesDoNotKeepOutOneByHand is the same where only what is given
// by hand leads to anybody.
func TestDeadAddressesDoNotKeepOutOneByHand(t *testing.T) {
	inRoom(t, func(r *room) {
		r.lan.SetMulticast(false)
		late := r.lan.Host("late") // 10.0.0.1
		var peers []string
		for i := range 16 {
			peers = append(peers, fmt.Sprintf("10.0.9.%d:7475", i+1))
		}
		ana := r.join("ana", byHand(append(peers, "10.0.0.1")...))
		pass(10 * time.Minute)
		r.join(late.Name(), nil)
		pass(20 * time.Second)
		r.present(ana, "late")
	})
}
