package mesh_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// tapped is a network that hands out the links of its node as well.
type tapped struct {
	mesh.Network
	links chan *peer.Conn
}

type tappedTransport struct {
	mesh.Transport
	links chan *peer.Conn
}

func tap(n mesh.Network) tapped { return tapped{n, make(chan *peer.Conn, 100)} }

func (t tapped) Listen(cfg peer.Config) (mesh.Transport, error) {
	inner, err := t.Network.Listen(cfg)
	return tappedTransport{inner, t.links}, err
}

func (t tappedTransport) Dial(ctx context.Context, to peer.Target) (*peer.Conn, error) {
	return t.keep(t.Transport.Dial(ctx, to))
}

func (t tappedTransport) Accept(ctx context.Context) (*peer.Conn, error) {
	return t.keep(t.Transport.Accept(ctx))
}

func (t tappedTransport) keep(conn *peer.Conn, err error) (*peer.Conn, error) {
	if err == nil {
		t.links <- conn
	}
	return conn, err
}

// TestReplacedLinkLosesNobody ends a link as a transport does when a newer one
// takes its place: nobody left, on either side.
func TestReplacedLinkLosesNobody(t *testing.T) {
	inRoom(t, func(r *room) {
		network := tap(r.lan.Host("ana"))
		ana := r.join("ana", func(cfg *mesh.Config) { cfg.Network = network })
		bo := r.join("bo", nil)
		r.delivered(r.say(ana, "one"))
		(<-network.links).Close(peer.ErrReplaced)
		r.say(ana, "two")
		pass(time.Second)
		r.say(bo, "three")
		r.heard(ana, "joined bo", "bo 1: three")
		r.heard(bo, "joined ana", "ana 1: one", "ana 2: two")
	})
}

func TestReplacedLinkWithoutANewOne(t *testing.T) {
	inRoom(t, func(r *room) {
		network := tap(r.lan.Host("ana"))
		ana := r.join("ana", func(cfg *mesh.Config) { cfg.Network = network })
		bo := r.join("bo", nil)
		bo.host.Cut()
		(<-network.links).Close(peer.ErrReplaced)
		receipt := r.say(ana, "there?")
		pass(2900 * time.Millisecond)
		r.heard(ana, "joined bo")
		if err := settled(receipt); !errors.Is(err, context.Canceled) {
			t.Errorf("receipt: %v", err)
		}
		pass(200 * time.Millisecond)
		r.heard(ana, "joined bo", "lost bo")
		r.undelivered(receipt, "bo")
	})
}
