package mesh_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

var lanKey = wire.NewRoomKey("lan") // of the open room

// liar is a member that writes what it likes.
type liar struct {
	*peer.Conn
	id        *peer.Identity
	transport mesh.Transport
	self      wire.Member
	to        wire.Member  // whom its link goes to
	key       wire.RoomKey // of the room that it signs for

	mu    sync.Mutex // guards what follows
	seen  map[byte]int
	react map[byte]func(payload []byte) []byte // what it writes when it reads such a frame; nil: nothing
}

// lie links a liar to a node.
func (r *room) lie(a *actor) *liar {
	r.Helper()
	return r.lieFrom("liar", a)
}

// lieFrom is lie from the host of that name.
func (r *room) lieFrom(host string, a *actor) *liar {
	r.Helper()
	l := r.stranger(host, a)
	l.WriteMessage(l.record(1, "main"))
	return l
}

// stranger is a liar that has said nothing yet, not even its record.
func (r *room) stranger(host string, a *actor) *liar {
	r.Helper()
	id := peer.NewIdentity()
	transport, err := r.lan.Host(host).Listen(peer.Config{Identity: id, Name: "liar", Secret: r.secret})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { transport.Close() })
	return r.link(id, transport, a)
}

// lieTo links the same liar to another node too.
func (r *room) lieTo(l *liar, a *actor) *liar {
	r.Helper()
	other := r.link(l.id, l.transport, a)
	other.WriteMessage(other.record(1, "main"))
	return other
}

func (r *room) link(id *peer.Identity, transport mesh.Transport, a *actor) *liar {
	r.Helper()
	conn, err := transport.Dial(r.Context(), peer.Target{Instance: a.Self().Instance, Addrs: a.Addrs()})
	if err != nil {
		r.Fatal(err)
	}
	self, to := transport.Self(), a.Self()
	l := &liar{
		Conn:      conn,
		id:        id,
		transport: transport,
		self:      wire.Member{ID: self.ID, Instance: self.Instance},
		to:        wire.Member{ID: to.ID, Instance: to.Instance},
		key:       r.key(),
		seen:      make(map[byte]int),
		react:     make(map[byte]func([]byte) []byte),
	}
	go l.read()
	return l
}

// record is a frame with the liar's own record.
func (l *liar) record(revision uint64, topics ...string) []byte {
	r := wire.Record{Member: l.self, Salt: l.transport.Self().Salt, Revision: revision, Name: "liar", Topics: topics}
	return wire.AppendRecordFrame(nil, wire.AppendRecord(nil, l.key, r, l.id.Sign))
}

func (l *liar) read() {
	for {
		p, err := l.ReadMessage()
		for err == nil && len(p) > 0 {
			var f wire.Frame
			if f, p, err = wire.Next(p); err == nil {
				l.take(f)
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *liar) take(f wire.Frame) {
	l.mu.Lock()
	l.seen[f.Type]++
	react := l.react[f.Type]
	l.mu.Unlock()
	if react == nil {
		return
	}
	if out := react(f.Payload); out != nil {
		l.WriteMessage(out)
	}
}

// on has the liar write what react returns whenever it reads such a frame.
func (l *liar) on(kind byte, react func(payload []byte) []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.react[kind] = react
}

// count returns how many such frames the liar has read.
func (l *liar) count(kind byte) int {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[kind]
}

// hello is an honest first have. The record before it is out already.
func hello() []byte { return wire.AppendHave(nil, wire.Have{Next: 1, PrivateNext: 1}) }

// in has the liar sign for another room from now on.
func (l *liar) in(room string) *liar {
	l.key = wire.NewRoomKey(room)
	return l
}

// says is a message of the liar's own, signed.
func (l *liar) says(edit func(*wire.Message)) []byte {
	m := wire.Message{Kind: wire.Broadcast, Topic: "main", Origin: l.self, Seq: 1, Clock: 1, Body: []byte("hi")}
	if edit != nil {
		edit(&m)
	}
	return wire.AppendMessage(nil, l.key, m, l.id.Sign)
}

// TestLyingMembers holds that whoever breaks the protocol loses its link, is
// told why, and disturbs nobody else.
func TestLyingMembers(t *testing.T) {
	const last = wire.MaxSeq - 1
	tests := []struct {
		name string
		lie  func(*liar) []byte // after its have
		want string             // in the reason
	}{
		{"garbage", func(*liar) []byte { return []byte("GET / HTTP/1.1\r\n") }, "cut short"},
		{"cut short", func(*liar) []byte { return []byte{wire.TypeMessage, 0, 0} }, "cut short"},
		{"short message", func(*liar) []byte { return []byte{wire.TypeMessage, 0, 0, 1, 1} }, "cut short"},
		{"another's message", func(l *liar) []byte {
			return l.says(func(m *wire.Message) { m.Origin = l.to })
		}, "another origin"},
		{"another's instance", func(l *liar) []byte {
			return l.says(func(m *wire.Message) { m.Origin.Instance = l.to.Instance })
		}, "another origin"},
		{"another's identity", func(l *liar) []byte {
			return l.says(func(m *wire.Message) { m.Origin.ID = l.to.ID })
		}, "another origin"},
		{"altered body", func(l *liar) []byte {
			return bytes.Replace(l.says(nil), []byte("hi"), []byte("ho"), 1)
		}, "signature"},
		{"message of another room", func(l *liar) []byte { return l.in("attic").says(nil) }, "signature"},
		{"no signature", func(l *liar) []byte {
			p := l.says(nil)
			clear(p[len(p)-64:])
			return p
		}, "signature"},
		{"skipped sequence", func(l *liar) []byte {
			return l.says(func(m *wire.Message) { m.Seq = 2 })
		}, "beyond"},
		{"last sequence", func(l *liar) []byte {
			return l.says(func(m *wire.Message) { m.Seq = last })
		}, "beyond"},
		{"sequence out of range", func(l *liar) []byte {
			return l.says(func(m *wire.Message) { m.Seq = 1<<64 - 1 })
		}, "out of range"},
		{"body too long", func(l *liar) []byte {
			return l.says(func(m *wire.Message) { m.Body = make([]byte, mesh.MaxBody+1) })
		}, "longer"},
		{"private to another", func(l *liar) []byte {
			return l.says(func(m *wire.Message) { m.Kind, m.To = wire.Private, l.self })
		}, "another member"},
		{"gap beyond the expected", func(*liar) []byte {
			return wire.AppendGap(nil, wire.Gap{Stream: wire.Broadcast, From: 5, To: 6})
		}, "beyond"},
		{"gap backwards", func(*liar) []byte {
			return wire.AppendGap(nil, wire.Gap{Stream: wire.Broadcast, From: 6, To: 5})
		}, "out of range"},
		{"confirms the future", func(*liar) []byte {
			return wire.AppendHave(nil, wire.Have{Next: 1, Want: 100, PrivateNext: 1})
		}, "never sent"},
		{"confirms the private future", func(*liar) []byte {
			return wire.AppendHave(nil, wire.Have{Next: 1, PrivateNext: 1, PrivateWant: last})
		}, "never sent"},
		{"too many peers", func(*liar) []byte {
			p := append([]byte{wire.TypePeers, 0, 0, 0}, make([]byte, 9*(wire.MaxPeers+1))...)
			p[2], p[3] = byte((len(p)-4)>>8), byte(len(p)-4)
			return p
		}, "more than 128"},
		{"speaks after its goodbye", func(l *liar) []byte {
			return append(wire.AppendBye(nil), l.says(nil)...)
		}, "after bye"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana := r.join("ana", nil)
				bo := r.join("bo", nil)
				l := r.lie(ana)
				l.WriteMessage(hello())
				synctest.Wait()
				if err := l.WriteMessage(tt.lie(l)); err != nil {
					t.Fatal(err)
				}
				r.refused(l, tt.want)
				pass(time.Second)
				for _, ev := range ana.events() {
					if m, ok := ev.(mesh.Message); ok {
						t.Errorf("message %d was taken", m.Seq)
					}
				}
				r.delivered(r.say(ana, "still here"))
				r.heard(bo, "joined ana", "ana 1: still here")
			})
		})
	}
}

// refused fails the test unless the liar's link was closed with the reason,
// and the reason logged.
func (r *room) refused(l *liar, want string) {
	r.Helper()
	select {
	case <-l.Done():
	case <-time.After(time.Second):
	}
	synctest.Wait()
	var closed *peer.CloseError
	if err := l.Err(); !errors.As(err, &closed) || !strings.Contains(closed.Reason, want) {
		r.Errorf("the link ended with %v, want %q in the reason", err, want)
	}
	if log := r.logs.String(); !strings.Contains(log, "link closed") || !strings.Contains(log, want) {
		r.Errorf("the log says %q, want the reason", log)
	}
}

func TestMessageBeforeHave(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(l.says(nil))
		r.refused(l, "before the first have")
		r.heard(ana)
	})
}

func TestFirstHaveKnowsTheFuture(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(wire.AppendHave(nil, wire.Have{Next: 1, Want: 2, PrivateNext: 1}))
		r.refused(l, "never sent")
		r.heard(ana)
	})
}

func TestRepeatsAreDropped(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(hello())
		for range 3 {
			l.WriteMessage(l.says(nil))
		}
		r.heard(ana, "joined liar", "liar 1: hi")
	})
}

func TestUnknownFramesAreSkipped(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(append(append(hello(), 200, 0, 0, 2, 1, 2), l.says(nil)...))
		r.heard(ana, "joined liar", "liar 1: hi")
	})
}

func TestClockFarAheadIsNotFollowed(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		bo := r.join("bo", nil)
		l := r.lie(ana)
		l.WriteMessage(append(hello(), l.says(func(m *wire.Message) { m.Clock = 1<<64 - 1 })...))
		r.heard(ana, "joined bo", "joined liar", "liar 1: hi")
		evs := ana.events()
		if sent := evs[len(evs)-1].(mesh.Message).Sent; sent.UTC().Year() != 9999 {
			t.Errorf("sent %v, want the last year that can be written", sent)
		}
		r.say(ana, "now")
		for _, ev := range bo.events() {
			if m, ok := ev.(mesh.Message); ok && time.Until(m.Sent) > 0 {
				t.Errorf("ana's clock went along to %v", m.Sent)
			}
		}
	})
}

// TestToldAddresses holds that a member's word makes a node dial only what is
// near or private, and only so much of it.
func TestToldAddresses(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		entry := func(n int, observed string, claimed ...string) wire.Peer {
			p := wire.Peer{Instance: peer.Instance{0xff, byte(n >> 8), byte(n)}}
			if observed != "" {
				p.Observed = netip.MustParseAddrPort(observed)
			}
			for _, c := range claimed {
				p.Claimed = append(p.Claimed, netip.MustParseAddrPort(c))
			}
			return p
		}
		frame, _ := wire.AppendPeers(hello(), []wire.Peer{
			entry(1, "203.0.113.9:80", "198.51.100.7:443", "[2001:db8::1]:53"),
			entry(2, "224.0.0.251:5353", "0.0.0.0:1", "10.0.0.77:0", "[fe80::1]:7475"),
			entry(3, "192.168.7.7:7475", "192.168.8.8:7475"), // private: where the teller found it, not what is claimed
			entry(4, "10.0.77.77:7475"),
			entry(5, "100.64.7.7:7475", "100.64.8.8:7475"), // as private
			entry(6, "100.63.7.7:7475", "100.128.7.7:7475"),
		}, wire.MaxMessage)
		l.WriteMessage(frame)
		synctest.Wait()
		var got []string
		for _, s := range ana.Sightings() {
			got = append(got, fmt.Sprint(s.Addrs))
		}
		if want := "[192.168.7.7:7475] [10.0.77.77:7475] [100.64.7.7:7475]"; strings.Join(got, " ") != want {
			t.Errorf("sightings are %v, want %v", got, want)
		}

		for i := range 10 {
			var many []wire.Peer
			for j := range wire.MaxPeers {
				n := 100 + i*wire.MaxPeers + j
				many = append(many, entry(n, fmt.Sprintf("10.0.%d.%d:7475", n>>8, n&255)))
			}
			frame, _ := wire.AppendPeers(nil, many, wire.MaxMessage)
			l.WriteMessage(frame)
		}
		synctest.Wait()
		if n := len(ana.Sightings()); n > 260 {
			t.Errorf("one member made a node remember %d others", n)
		}
		r.heard(ana, "joined liar")
	})
}

// TestQuietObserver holds that an observer's link is for looking only.
func TestQuietObserver(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		id := peer.NewIdentity()
		transport, err := r.lan.Host("liar").Listen(peer.Config{Identity: id, Observer: true})
		if err != nil {
			t.Fatal(err)
		}
		defer transport.Close()
		conn, err := transport.Dial(r.Context(), peer.Target{Addrs: ana.Addrs()})
		if err != nil {
			t.Fatal(err)
		}
		l := &liar{key: lanKey, Conn: conn, id: id, self: wire.Member{ID: id.ID(), Instance: transport.Self().Instance}}
		go func() {
			for {
				if _, err := conn.ReadMessage(); err != nil {
					return
				}
			}
		}()
		l.WriteMessage(hello())
		r.refused(l, "observer")
		r.heard(ana)
	})
}

// refusedAfter has a liar say something that costs it its link and the others
// nothing.
func (r *room) refusedAfter(lie func(*liar) []byte, want string) {
	r.Helper()
	ana, bo := r.join("ana", nil), r.join("bo", nil)
	l := r.lie(ana)
	l.WriteMessage(hello())
	synctest.Wait()
	if err := l.WriteMessage(lie(l)); err != nil {
		r.Fatal(err)
	}
	r.refused(l, want)
	pass(time.Second)
	r.delivered(r.say(ana, "still here"))
	r.heard(bo, "joined ana", "ana 1: still here")
}

// newInstance returns an instance that nobody has.
func newInstance() peer.Instance { return peer.ID{}.Instance(peer.NewSalt()) }

// TestHaveBeforeTheRecord holds that nobody is a member that has not said who it
// is, nor by another's record.
func TestHaveBeforeTheRecord(t *testing.T) {
	stranger := newAbsent()
	other := wire.AppendRecord(nil, lanKey, wire.Record{Member: stranger.self, Salt: stranger.salt, Revision: 1}, stranger.id.Sign)
	for _, first := range [][]byte{nil, wire.AppendRecordFrame(nil, other)} {
		inRoom(t, func(r *room) {
			ana := r.join("ana", nil)
			l := r.stranger("liar", ana)
			l.WriteMessage(append(first, hello()...))
			r.refused(l, "before the record")
			r.heard(ana)
		})
	}
}
