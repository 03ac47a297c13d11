package share

import (
	"context"
	"iter"

	"github.com/lanyap/lanyap/mesh"
)

// Offer is what somebody wants to send us.
type Offer struct {
	ID    string    // of this offer, unique in this process: 8 characters
	From  mesh.Peer // who it is, proven by the stream
	Items []Item    // at most 64; names as they would land
	Count int       // how many items there are
	Files int
	Size  int64
	Text  string // a text, which needs no Accept; there are no items then

	// Partial is what is here of it already, accepted before: nil if nothing is.
	// To accept it again with the same directory goes on from there.
	Partial *Partial
}

// Offers yields what others offer, in the order in which it came, each once,
// whoever reads. It ends when ctx does, or the Sharer is closed. Who offers waits
// until it is decided, or is told that we are busy: there are at most 8 offers of
// one ID, and 64 of all, that are neither accepted nor declined nor withdrawn.
func (s *Sharer) Offers(ctx context.Context) iter.Seq[*Offer] {
	return func(func(*Offer) bool) {}
}

// Conflict is what happens when something of the same name is there already.
type Conflict int

// What to do about it, for each item.
const (
	Rename    Conflict = iota // land beside it: "name (2).ext"
	Skip                      // leave what is there, and do not take the item
	Overwrite                 // replace it, when all of the new one is here
)

// Destination is where something lands.
type Destination struct {
	Dir      string // must exist
	Conflict Conflict
}

// Accept takes an offer: fetches all of it and lands it. An item appears under its
// name when all of it is there and verified, not before. It returns at once.
// When the sender vanishes the transfer waits for it, or for whoever else has
// what is missing, until it is canceled or ctx ends.
//
// What is wrong with the destination is said at once; the offer stays open
// then. ErrWithdrawn, ErrTaken: it is no longer there.
func (o *Offer) Accept(ctx context.Context, d Destination) (*Transfer, error) { return nil, errSoon }

// Decline refuses an offer; its sender is told.
func (o *Offer) Decline() {}

// Withdrawn is closed when the offer is no longer there: its sender has withdrawn
// it or is gone, or another program of our ID has taken it. Err says which.
func (o *Offer) Withdrawn() <-chan struct{} { return nil }

// Err returns why an offer was withdrawn: [ErrWithdrawn], [ErrTaken] or
// [ErrNobody]; nil if it was not.
func (o *Offer) Err() error { return nil }
