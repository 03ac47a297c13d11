package mesh_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// gossip is a peers frame of invented members, as full as it gets.
func gossip() []byte {
	var peers []wire.Peer
	for range wire.MaxPeers {
		instance := newInstance()
		peers = append(peers, wire.Peer{Instance: instance, Claimed: []netip.AddrPort{netip.MustParseAddrPort("10.9.9.9:7475")}})
	}
	out, _ := wire.AppendPeers(nil, peers, 1<<15)
	return out
}

// TestFloodsAreRationed holds that who makes this node work all the time is
// read slowly, keeps its link, and disturbs nobody.
func TestFloodsAreRationed(t *testing.T) {
	long(t)
	tests := []struct {
		name  string
		frame func(l *liar) []byte
	}{
		{"peers", func(*liar) []byte { return gossip() }},
		{"reach", func(*liar) []byte {
			var routes []wire.Route
			for range 200 {
				routes = append(routes, wire.Route{To: newInstance(), Lost: true})
			}
			return reach(routes...)
		}},
		{"record", func(l *liar) []byte {
			return l.record(1, "main")
		}},
		{"ask", func(l *liar) []byte {
			holdings := make([]wire.Holding, 200)
			for i := range holdings {
				holdings[i] = wire.Holding{Member: newAbsent().self, From: 1}
			}
			return wire.AppendAsk(nil, wire.Ask{Holdings: holdings})
		}},
		{"relay to nobody", func(l *liar) []byte {
			one := wire.AppendRelay(nil, wire.Relay{To: newInstance(), From: l.self.Instance, Hops: wire.MaxHops, Payload: []byte{1}})
			return bytes.Repeat(one, (48<<10)/len(one))
		}},
		{"answers to nothing", func(*liar) []byte {
			one := wire.AppendAsked(nil)
			return bytes.Repeat(one, (48<<10)/len(one))
		}},
		{"past that nobody asked for", func(l *liar) []byte {
			f, _, err := wire.Next(l.says(nil))
			if err != nil {
				t.Fatal(err)
			}
			one := wire.AppendPast(nil, 0, f.Payload)
			return bytes.Repeat(one, (48<<10)/len(one))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana, bo := r.join("ana", nil), r.join("bo", nil)
				l := r.lie(ana)
				l.WriteMessage(hello())
				pass(time.Second)
				frame := tt.frame(l)
				count := (64 << 20) / len(frame) // far more than a link in memory holds
				start, end := time.Now(), make(chan time.Duration, 1)
				go func() {
					for range count {
						if l.WriteMessage(frame) != nil {
							break
						}
					}
					end <- time.Since(start)
				}()
				pass(time.Second)
				r.delivered(r.say(bo, "on it goes"))
				select {
				case d := <-end:
					t.Errorf("all was read in %v", d)
				default:
				}
				if err := l.Err(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestHonestFloodsAreNotRationed sends at once what a full room tells at its
// start, and a message behind it.
func TestHonestFloodsAreNotRationed(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(hello())
		for range 5 {
			l.WriteMessage(gossip())
		}
		for range 20 {
			var routes []wire.Route
			for range 128 {
				routes = append(routes, wire.Route{To: newInstance()})
			}
			l.WriteMessage(reach(routes...))
		}
		for range 2000 {
			l.WriteMessage(wire.AppendHave(nil, wire.Have{Next: 1, Want: 1, PrivateNext: 1, PrivateWant: 1}))
		}
		// The end of an answer that came too late, and a tunnel's records to one who
		// has just gone.
		f, _, err := wire.Next(l.says(nil))
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			l.WriteMessage(wire.AppendPast(nil, 0, f.Payload))
		}
		l.WriteMessage(wire.AppendAsked(nil))
		for range 5000 {
			l.WriteMessage(wire.AppendRelay(nil, wire.Relay{To: newInstance(), From: l.self.Instance, Hops: wire.MaxHops, Payload: []byte{1}}))
		}
		start := time.Now()
		l.WriteMessage(l.says(nil))
		for ana.texts() != "hi" {
			time.Sleep(time.Millisecond)
		}
		if d := time.Since(start); d > 50*time.Millisecond {
			t.Errorf("the message took %v", d)
		}
	})
}

// TestRelayIsNotReadSlowlyForOthers has a member flood another through a third,
// who is heard at once all the same.
func TestRelayIsNotReadSlowlyForOthers(t *testing.T) {
	long(t)
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		r.lan.Cut(r.lan.Host("liar"), ana.host)
		l := r.lie(bo)
		l.WriteMessage(hello())
		pass(time.Second)
		one := wire.AppendRelay(nil, wire.Relay{To: ana.Self().Instance, From: l.self.Instance, Hops: wire.MaxHops, Payload: []byte{wire.TunnelSealed}})
		many := bytes.Repeat(one, (48<<10)/len(one))
		for range (16 << 20) / len(many) {
			if err := l.WriteMessage(many); err != nil {
				t.Fatal(err)
			}
		}
		said := r.say(bo, "hi").Seq()
		pass(time.Second)
		if !ana.has(bo, said) {
			t.Error("ana has not heard bo, through whom it is flooded")
		}
	})
}
