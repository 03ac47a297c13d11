package chat

import (
	"context"
	"iter"
	"net/netip"

	"github.com/lanyap/lanyap/mesh"
)

// Topic is what the node of a chat has as its own topic. Who takes part in it is
// somebody; other members of the room are nobody here.
const Topic = "chat"

// Node is the part of [mesh.Node] that a chat needs.
type Node interface {
	Self() mesh.Peer
	Addrs() []netip.AddrPort
	Members() []mesh.Peer
	Events(ctx context.Context) iter.Seq2[mesh.Event, error]
	Broadcast(ctx context.Context, data []byte) (Receipt, error)
	Send(ctx context.Context, to mesh.Member, data []byte) (Receipt, error)
	Leave(ctx context.Context) error
	Settle(ctx context.Context) (missing []mesh.Sighting, err error)
	Close() error
}

// Receipt is the part of [mesh.Receipt] that a chat needs.
type Receipt interface {
	Seq() uint64
	To() []mesh.Peer
	Pending() []mesh.Peer // who has neither confirmed nor left
	Delivered(ctx context.Context) error
}

// Over returns n as the node of a chat.
func Over(n *mesh.Node) Node { return meshNode{n} }

type meshNode struct{ *mesh.Node }

func (n meshNode) Broadcast(ctx context.Context, data []byte) (Receipt, error) {
	r, err := n.Node.Broadcast(ctx, data)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (n meshNode) Send(ctx context.Context, to mesh.Member, data []byte) (Receipt, error) {
	r, err := n.Node.Send(ctx, to, data)
	if err != nil {
		return nil, err
	}
	return r, nil
}
