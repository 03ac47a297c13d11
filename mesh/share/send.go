package share

import (
	"context"

	"github.com/lanyap/lanyap/peer"
)

// Send offers a content to all programs of an ID that are here. The first to
// accept takes it; the others see the offer withdrawn, as taken. It returns at
// once: what comes of it is the transfer's to tell.
//
//   - Nobody of that ID here: [ErrNobody]; nobody who takes offers:
//     [ErrNotReceiving]; all declined: [ErrDeclined]. Each as soon as it is known.
//   - Who has accepted and vanishes is waited for until ctx ends, also when it is
//     started anew; the transfer ends with an [IncompleteError] then.
//   - A text is done when a program of that ID has shown it.
//
// ctx is for the whole of the transfer: when it ends, that ends as by
// [Transfer.Cancel].
func (s *Sharer) Send(ctx context.Context, c *Content, to peer.ID) (*Transfer, error) {
	return nil, errSoon
}
