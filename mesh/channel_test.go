package mesh_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/peer"
)

func mustCarry(t testing.TB, c net.Conn, want string) {
	t.Helper()
	if got := c.(interface{ Carrier() string }).Carrier(); got != want {
		t.Errorf("the stream is carried by %q, want %q", got, want)
	}
}

// Where TCP does not get through a stream goes over the link, at once from the
// second on.
func TestStreamOverAChannel(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		bo.host.SetFirewall(true)
		near, far := open(r.T, ana.Node, bo.Node, "notes")
		mustCarry(r.T, near, "channel")
		mustCarry(r.T, far, "channel")
		if got := far.RemoteAddr(); got != (mesh.Addr{Member: ana.Self().Member, Service: "notes"}) {
			t.Errorf("it is from %v", got)
		}
		swap(r.T, near, far)
		start := time.Now()
		near, _ = open(r.T, ana.Node, bo.Node, "notes")
		mustCarry(r.T, near, "channel")
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("the second took %v", took)
		}
		if _, err := ana.Dial(r.Context(), bo.Self().Member, "other"); !errors.Is(err, mesh.ErrNoService) {
			t.Errorf("nobody listens: %v", err)
		}
		// The other way TCP gets through.
		near, _ = open(r.T, bo.Node, ana.Node, "back")
		mustCarry(r.T, near, "tcp")
	})
}

// When TCP gets through again it is taken again.
func TestTCPIsTriedAgain(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		bo.host.SetFirewall(true)
		near, _ := open(r.T, ana.Node, bo.Node, "notes")
		mustCarry(r.T, near, "channel")
		bo.host.SetFirewall(false)
		pass(61 * time.Second)
		near, _ = open(r.T, ana.Node, bo.Node, "notes")
		mustCarry(r.T, near, "tcp")
	})
}

// Who has no link to a member has streams to it through another.
func TestStreamThroughAMember(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, cy := r.apart()
		r.join("bo", nil)
		pass(5 * time.Second)
		near, far := open(r.T, ana.Node, cy.Node, "notes")
		mustCarry(r.T, near, "member")
		mustCarry(r.T, far, "member")
		if got := far.RemoteAddr(); got != (mesh.Addr{Member: ana.Self().Member, Service: "notes"}) {
			t.Errorf("it is from %v", got)
		}
		swap(r.T, near, far)
		if _, err := ana.Dial(r.Context(), cy.Self().Member, "other"); !errors.Is(err, mesh.ErrNoService) {
			t.Errorf("nobody listens: %v", err)
		}
	})
}

// A stream through a member that is gone does not end as if all had been said.
func TestStreamEndsWithItsTunnel(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, cy := r.apart()
		bo := r.join("bo", nil)
		pass(5 * time.Second)
		near, far := open(r.T, ana.Node, cy.Node, "notes")
		bo.host.Kill()
		for _, c := range []net.Conn{near, far} {
			if _, err := io.Copy(io.Discard, c); err == nil {
				t.Error("it was closed in order")
			}
			if _, err := c.Write([]byte("x")); err == nil {
				t.Error("it can still be written to")
			}
		}
	})
}

func TestStreamEndsWithItsLink(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		bo.host.SetFirewall(true)
		near, far := open(r.T, ana.Node, bo.Node, "notes")
		mustCarry(r.T, near, "channel")
		r.lan.Drop(ana.host, bo.host)
		for _, c := range []net.Conn{near, far} {
			if _, err := io.Copy(io.Discard, c); err == nil {
				t.Error("it was closed in order")
			}
		}
	})
}

// A stream goes on behind a cut that its link outlives, and nothing of it is lost.
func TestStreamOutlivesACut(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		bo.host.SetFirewall(true)
		near, far := open(r.T, ana.Node, bo.Node, "notes")
		want := bytes.Repeat([]byte("0123456789"), 300_000)
		go func() {
			near.Write(want)
			near.(interface{ CloseWrite() error }).CloseWrite()
		}()
		first := make([]byte, 1000)
		io.ReadFull(far, first)
		r.lan.Cut(ana.host, bo.host)
		pass(5 * time.Second)
		r.lan.Heal(ana.host, bo.host)
		rest, err := io.ReadAll(far)
		if err != nil || !bytes.Equal(append(first, rest...), want) {
			t.Errorf("%d bytes came, %v", len(first)+len(rest), err)
		}
	})
}

// A stream in a tunnel does not go faster than it may, and what is said there
// does not wait behind it.
func TestStreamInATunnelIsPaced(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, cy := r.apart()
		r.join("bo", nil)
		pass(5 * time.Second)
		near, far := open(r.T, ana.Node, cy.Node, "notes")
		const size = 80 << 20
		read := make(chan time.Duration)
		start := time.Now()
		go near.Write(make([]byte, size))
		go func() {
			io.CopyN(io.Discard, far, size)
			read <- time.Since(start)
		}()
		time.Sleep(time.Second)
		said := time.Now()
		r.delivered(r.say(ana, "in between"))
		if took := time.Since(said); took > 200*time.Millisecond {
			t.Errorf("a message took %v", took)
		}
		if took := <-read; took < 4*time.Second || took > 8*time.Second {
			t.Errorf("80 MiB took %v, want 5 s", took)
		}
	})
}

// A program that does not read a stream holds up nobody: neither what is said over
// the same tunnel, nor other streams.
func TestUnreadStreamInATunnel(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, cy := r.apart()
		r.join("bo", nil)
		pass(5 * time.Second)
		for i := range 30 {
			near, _ := open(r.T, ana.Node, cy.Node, fmt.Sprint("unread", i))
			go near.Write(make([]byte, 1<<20))
		}
		pass(5 * time.Second)
		r.delivered(r.say(ana, "still here"))
		near, far := open(r.T, ana.Node, cy.Node, "read")
		swap(r.T, near, far)
	})
}

// Who knows nothing of streams answers none: a dial ends in time, over a tunnel, and
// so does the next, and the tunnel lives.
func TestStreamToAnEarlierVersion(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		im := r.tunnelTo(ana)
		for range 2 {
			start := time.Now()
			_, err := ana.Dial(r.Context(), mesh.Member{ID: peer.ID(im.self.ID), Instance: im.self.Instance}, "notes")
			if took := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || took > 6*time.Second {
				t.Errorf("dial: %v after %v", err, took)
			}
		}
		r.present(ana, "liar root")
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if _, err := ana.Dial(ctx, mesh.Member{ID: peer.ID(im.self.ID), Instance: im.self.Instance}, "notes"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dial for a second: %v", err)
		}
	})
}

// tunnelTo has a liar make a tunnel to a node.
func (r *room) tunnelTo(a *actor) *impostor {
	r.Helper()
	l := r.lie(a)
	l.WriteMessage(hello())
	im := l.impostor(peer.NewIdentity(), peer.NewSalt())
	l.on(wire.TypeRelay, func(p []byte) []byte {
		if im.sender == nil {
			return im.answer(p)
		}
		im.send(wire.SealedCredit, make([]byte, 8)) // a sign of life, no more
		return nil
	})
	l.WriteMessage(im.open())
	pass(2 * time.Second)
	return im
}

// send seals and writes in one: records have an order.
func (im *impostor) send(kind byte, body []byte) {
	im.sending.Lock()
	defer im.sending.Unlock()
	im.WriteMessage(im.seal(kind, body))
}

// TestLyingStreams holds that a tunnel ends of a stream that no honest member
// sends, and only that tunnel.
func TestLyingStreams(t *testing.T) {
	frame := func(p ...byte) []byte { return wire.AppendStream(nil, p) }
	open := frame(1, 0, 0, 0, 1)
	for _, tt := range []struct {
		name string
		send [][]byte
		ends bool
	}{
		{"nothing", [][]byte{frame()}, true},
		{"garbage", [][]byte{frame(2, 3)}, true},
		{"data on nothing", [][]byte{frame(2, 0, 0, 0, 1, 9)}, true},
		{"credit for what we never opened", [][]byte{frame(3, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1)}, true},
		{"more than the credit", [][]byte{open,
			frame(append([]byte{2, 0, 0, 0, 1, 1, 200}, make([]byte, 16000)...)...),
			frame(append([]byte{2, 0, 0, 0, 1}, make([]byte, 16000)...)...)}, true},
		{"a stream that asks for nothing", [][]byte{open}, false},
		{"another kind", [][]byte{frame(77, 0, 0, 0, 1)}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, func(r *room) {
				ana, bo := r.join("ana", nil), r.join("bo", nil)
				im := r.tunnelTo(ana)
				r.present(ana, "bo liar root")
				im.send(wire.SealedMessage, slices.Concat(tt.send...))
				pass(8 * time.Second)
				if tt.ends {
					r.present(ana, "bo liar")
				} else {
					r.present(ana, "bo liar root")
				}
				r.unpunished(im.liar)
				r.delivered(r.say(bo, "still here"))
			})
		})
	}
}

// TestThousandsOfStreams holds that who opens streams without end has a few looked
// at, and the rest costs nothing.
func TestThousandsOfStreams(t *testing.T) {
	inRoom(t, func(r *room) {
		ana, bo := r.join("ana", nil), r.join("bo", nil)
		im := r.tunnelTo(ana)
		before := heap()
		for n := range 10_000 {
			f := wire.AppendStream(nil, []byte{1, 0, 0, byte(n >> 8), byte(n) | 1})
			f = wire.AppendStream(f, append([]byte{2, 0, 0, byte(n >> 8), byte(n) | 1}, make([]byte, 10)...))
			if n%2 == 0 {
				im.send(wire.SealedMessage, f)
			}
		}
		synctest.Wait()
		if grown := heap() - before; grown > 8<<20 {
			t.Errorf("%d bytes are kept of it", grown)
		}
		r.unpunished(im.liar)
		r.delivered(r.say(bo, "still here"))
	})
}

// A stream frame on a direct link means nothing.
func TestStreamFramesOnALink(t *testing.T) {
	inRoom(t, func(r *room) {
		ana := r.join("ana", nil)
		l := r.lie(ana)
		l.WriteMessage(append(hello(), wire.AppendStream(nil, []byte("whatever"))...))
		pass(time.Second)
		r.unpunished(l)
	})
}

// carried tests what Dial returns over one carrier as a net.Conn.
func carried(t *testing.T, carrier string, from, to *mesh.Node) {
	t.Helper()
	l, err := to.Listen("conn")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		near, err := from.Dial(t.Context(), to.Self().Member, "conn")
		if err != nil {
			return nil, nil, nil, err
		}
		far, err := l.Accept()
		if err != nil {
			return nil, nil, nil, err
		}
		mustCarry(t, near, carrier)
		return near, far, func() { near.Close(); far.Close() }, nil
	})
}

// TestConnOverAChannel is over WebRTC on the loopback interface.
func TestConnOverAChannel(t *testing.T) {
	a, b := two(t)
	a.AvoidTCP(b.Self().Member)
	carried(t, "channel", a, b)
}

func TestConnThroughAMember(t *testing.T) {
	lan := meshtest.NewLAN()
	lan.Cut(lan.Host("ana"), lan.Host("cy"))
	var nodes []*mesh.Node
	for _, name := range []string{"ana", "cy", "bo"} {
		n, err := mesh.Join(t.Context(), mesh.Config{Name: name, Network: lan.Host(name)})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		nodes = append(nodes, n)
	}
	ana, cy := nodes[0], nodes[1]
	for ev, err := range ana.Events(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if joined, ok := ev.(mesh.Joined); ok && joined.Peer.Member == cy.Self().Member {
			break
		}
	}
	carried(t, "member", ana, cy)
}
