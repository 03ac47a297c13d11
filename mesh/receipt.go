package mesh

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Receipt follows one accepted message.
type Receipt struct {
	seq  uint64
	to   []Peer
	done chan struct{}

	mu      sync.Mutex // guards what follows
	settled []bool     // of each of to: it has confirmed or left
	pending int        // how many of to are not settled
	left    []Peer
	err     error // set when the node ended first
}

func newReceipt(seq uint64, to []Peer) *Receipt {
	r := &Receipt{seq: seq, to: to, settled: make([]bool, len(to)), pending: len(to), done: make(chan struct{})}
	if len(to) == 0 {
		close(r.done)
	}
	return r
}

// Seq returns the message's sequence number: in this node's stream of
// broadcasts, or of private messages to that recipient. Both begin at 1.
func (r *Receipt) Seq() uint64 { return r.seq }

// To returns who was present when the message was accepted.
func (r *Receipt) To() []Peer { return slices.Clone(r.to) }

// Delivered waits until the node of everyone in [Receipt.To] has confirmed
// that it holds the message, or is no longer here. It returns nil if all of
// them have, an *[UndeliveredError] if some left without confirming (they may
// have it), [ErrClosed] if this node ended before it could know, which is never
// so after a [Node.Leave] that returned nil, or ctx's error. That a node holds a message does not say that its program has read
// it. It takes a round trip, and in rooms of more than five up to 20 ms besides,
// so that what confirms a broadcast does not hold it up.
func (r *Receipt) Delivered(ctx context.Context) error {
	select {
	case <-r.done:
		return r.result()
	default:
	}
	select {
	case <-r.done:
		return r.result()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pending returns those of [Receipt.To] that have neither confirmed nor left
// yet. When this node has ended before they did, it returns them still.
func (r *Receipt) Pending() []Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	var pending []Peer
	for i, p := range r.to {
		if !r.settled[i] {
			pending = append(pending, p)
		}
	}
	return pending
}

func (r *Receipt) result() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	if len(r.left) > 0 {
		return &UndeliveredError{Left: slices.Clone(r.left)}
	}
	return nil
}

// confirm settles one of to: its node holds the message.
func (r *Receipt) confirm(who Member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settleLocked(who)
}

// lose settles one of to: it left, or will not get the message any more.
func (r *Receipt) lose(p Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.settleLocked(p.Member) {
		r.left = append(r.left, p)
	}
}

// abandon ends the wait for all that are not settled.
func (r *Receipt) abandon(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == 0 {
		return
	}
	r.pending = 0
	r.err = err
	close(r.done)
}

// settleLocked settles who, and reports whether it was to be settled.
func (r *Receipt) settleLocked(who Member) bool {
	if r.pending == 0 {
		return false
	}
	i := slices.IndexFunc(r.to, func(p Peer) bool { return p.Member == who })
	if i < 0 || r.settled[i] {
		return false
	}
	r.settled[i] = true
	r.pending--
	if r.pending == 0 {
		close(r.done)
	}
	return true
}

// UndeliveredError names who left without confirming, or fell so far behind
// that the message is no longer kept for it.
type UndeliveredError struct{ Left []Peer }

func (e *UndeliveredError) Error() string {
	names := make([]string, len(e.Left))
	for i, p := range e.Left {
		names[i] = fmt.Sprintf("%q", p.Name)
	}
	return "mesh: not confirmed by " + strings.Join(names, ", ")
}
