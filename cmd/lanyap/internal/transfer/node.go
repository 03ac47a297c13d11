package transfer

import (
	"context"
	"iter"
	"net/netip"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// Topic is what a node that only sends or receives has as its own topic: nobody
// who chats counts it.
const Topic = "share"

// Node is the part of [mesh.Node] that moving files needs.
type Node interface {
	Self() mesh.Peer
	Addrs() []netip.AddrPort
	Present() []mesh.Peer
	Settle(ctx context.Context) (missing []mesh.Sighting, err error)
	Leave(ctx context.Context) error
	Close() error
}

// Sharer is the part of [share.Sharer] that sending and receiving need.
type Sharer interface {
	Send(ctx context.Context, c *share.Content, to peer.ID) (Transfer, error)
	Offers(ctx context.Context) iter.Seq[Offer]
	Close() error
}

// Offer is what somebody wants to send: a [share.Offer].
type Offer interface {
	About() *share.Offer // its fields alone
	Accept(ctx context.Context, d share.Destination) (Transfer, error)
	Decline()
	Withdrawn() <-chan struct{}
	Err() error
}

// Transfer is the part of [share.Transfer] that is shown.
type Transfer interface {
	Key() string
	Done() <-chan struct{}
	Err() error
	Progress() share.Progress
	Landed(ctx context.Context) iter.Seq[share.Landed]
	Warnings() []error
	Cancel()
}

// Full is all that commands need of a [share.Sharer].
type Full interface {
	Sharer
	Shelving
}

// Over returns s as the Sharer of a command.
func Over(s *share.Sharer) Full { return sharer{s} }

type sharer struct{ *share.Sharer }

func (s sharer) Send(ctx context.Context, c *share.Content, to peer.ID) (Transfer, error) {
	t, err := s.Sharer.Send(ctx, c, to)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (s sharer) Get(ctx context.Context, m mesh.Member, path string, d share.Destination) (Transfer, error) {
	t, err := s.Sharer.Get(ctx, m, path, d)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (s sharer) Offers(ctx context.Context) iter.Seq[Offer] {
	return func(yield func(Offer) bool) {
		for o := range s.Sharer.Offers(ctx) {
			if !yield(offer{o}) {
				return
			}
		}
	}
}

type offer struct{ *share.Offer }

func (o offer) About() *share.Offer { return o.Offer }

func (o offer) Accept(ctx context.Context, d share.Destination) (Transfer, error) {
	t, err := o.Offer.Accept(ctx, d)
	if err != nil {
		return nil, err
	}
	return t, nil
}
