package mesh

import (
	"bytes"
	"context"
	"iter"
	"net/netip"
	"testing"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// nowhere is a Transport and a Discovery with nobody there.
type nowhere struct{ self peer.Hello }

func (w nowhere) Dial(context.Context, peer.Target) (*peer.Conn, error)       { return nil, peer.ErrRefused }
func (w nowhere) Accept(context.Context) (*peer.Conn, error)                  { return nil, peer.ErrClosed }
func (w nowhere) Self() peer.Hello                                            { return w.self }
func (w nowhere) Addrs() []netip.AddrPort                                     { return []netip.AddrPort{addr} }
func (w nowhere) Close() error                                                { return nil }
func (w nowhere) Announce(context.Context, discovery.Service) error           { return nil }
func (w nowhere) Browse(context.Context) iter.Seq2[discovery.Instance, error] { return nil }

// FuzzReceive hands a node what a member may send, after an honest first have,
// and holds that nothing grows beyond its bound.
func FuzzReceive(f *testing.F) {
	id := peer.NewIdentity()
	salt := peer.NewSalt()
	origin := wire.Member{ID: id.ID(), Instance: id.ID().Instance(salt)}
	other := peer.Hello{ID: id.ID(), Salt: salt, Instance: origin.Instance, Name: "other"}
	say := func(seq uint64) []byte {
		m := wire.Message{Kind: wire.Broadcast, Topic: "main", Origin: origin, Seq: seq, Body: []byte("hi")}
		return wire.AppendMessage(nil, wire.NewRoomKey(peer.DefaultRoom), m, id.Sign)
	}
	room := wire.NewRoomKey(peer.DefaultRoom)
	record := wire.AppendRecordFrame(nil, wire.AppendRecord(nil, room, wire.Record{Member: origin, Salt: salt, Revision: 1, Topics: []string{"main"}}, id.Sign))
	have := wire.AppendHave(nil, wire.Have{Next: 1, Want: 1, PrivateNext: 1, PrivateWant: 1})
	peers, _ := wire.AppendPeers(nil, []wire.Peer{{Instance: lower, Observed: addr}}, 1000)
	f.Add(append(say(1), say(2)...))
	f.Add(append(bytes.Clone(record), say(1)...))
	f.Add(append(have, peers...))
	f.Add(wire.AppendGap(say(1), wire.Gap{Stream: wire.Broadcast, From: 2, To: 1 << 40}))
	f.Add(wire.AppendBye(append(wire.AppendByeAck(nil), say(1)...)))
	f.Fuzz(func(t *testing.T, p []byte) {
		cfg := Config{Network: machine{}}.withDefaults()
		w := nowhere{peer.Hello{ID: cfg.Identity.ID(), Instance: me}}
		n := newNode(cfg, w, w, nil)
		defer n.Close()
		near, far := peer.Pipe(w.self, other)
		defer far.Close(nil)
		n.addLink(near)
		l := n.links[other.Instance]
		if err := n.receive(l, append(bytes.Clone(record), have...)); err != nil {
			t.Fatal(err)
		}
		before := *l.m
		err := n.receive(l, p)

		n.mu.Lock()
		defer n.mu.Unlock()
		if err == nil && (l.m.want < before.want || l.m.privateWant < before.privateWant) {
			t.Errorf("streams went back, from %d and %d to %d and %d", before.want, before.privateWant, l.m.want, l.m.privateWant)
		}
		if l.m.acked > n.stream.next() || l.m.privateAcked > l.m.private.next() {
			t.Error("more is confirmed than was sent")
		}
		if len(l.told) > len(n.present) || n.contacts.Len() > 1+2*wire.MaxPeers || len(n.members) != 1 {
			t.Errorf("kept: %d told, %d sightings, %d members", len(l.told), n.contacts.Len(), len(n.members))
		}
		if got := n.clock.tick(time.Now()); clockTime(got).After(time.Now().Add(2 * clockLead)) {
			t.Errorf("the clock went to %v", clockTime(got))
		}
	})
}
