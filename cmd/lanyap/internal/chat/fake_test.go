package chat

import (
	"context"
	"iter"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// fakeNode is a node whose members do what a test tells them.
type fakeNode struct {
	self   mesh.Peer
	events chan mesh.Event // closed by Close

	// hold keeps the messages to these members unconfirmed.
	hold map[mesh.Member]bool
	// missing are said to be here.
	missing []mesh.Sighting
	// onLeave runs within Leave.
	onLeave func(ctx context.Context)
	// onClose runs within Close, which returns closeErr.
	onClose  func()
	closeErr error

	mu      sync.Mutex // guards the rest
	members []mesh.Peer
	said    []*fakeReceipt
	left    bool
	closed  bool
}

type fakeReceipt struct {
	seq  uint64
	text string
	to   []mesh.Peer
	gone map[mesh.Member]chan struct{} // of those who do not confirm, closed when they leave
}

func newFakeNode() *fakeNode {
	return &fakeNode{
		self:   member("ana"),
		events: make(chan mesh.Event, 1<<16),
		hold:   make(map[mesh.Member]bool),
	}
}

// member returns a peer of that name, which decides its ID and instance.
func member(name string) mesh.Peer {
	var p mesh.Peer
	copy(p.ID[:], name)
	copy(p.Instance[:], name)
	p.Name, p.Topics = name, []string{Topic}
	return p
}

func (n *fakeNode) join(p mesh.Peer) {
	n.mu.Lock()
	n.members = append(n.members, p)
	n.mu.Unlock()
	n.emit(mesh.Joined{Peer: p})
}

func (n *fakeNode) part(p mesh.Peer, reason error) {
	n.mu.Lock()
	for i, m := range n.members {
		if m.Member == p.Member {
			n.members = append(n.members[:i:i], n.members[i+1:]...)
			break
		}
	}
	for _, r := range n.said {
		if gone := r.gone[p.Member]; gone != nil {
			close(gone)
		}
	}
	n.mu.Unlock()
	n.emit(mesh.Left{Peer: p, Reason: reason})
}

// emit adds ev to the events and reports whether the node is open.
func (n *fakeNode) emit(ev mesh.Event) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.events <- ev
	}
	return !n.closed
}

func (n *fakeNode) Self() mesh.Peer { return n.self }

func (n *fakeNode) Addrs() []netip.AddrPort {
	return []netip.AddrPort{netip.MustParseAddrPort("10.0.0.7:7475")}
}

func (n *fakeNode) Events(ctx context.Context) iter.Seq2[mesh.Event, error] {
	return func(yield func(mesh.Event, error) bool) {
		for {
			select {
			case ev, open := <-n.events:
				if !open {
					yield(nil, mesh.ErrClosed)
					return
				}
				if !yield(ev, nil) {
					return
				}
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			}
		}
	}
}

func (n *fakeNode) Members() []mesh.Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.members)
}

func (n *fakeNode) Broadcast(ctx context.Context, data []byte) (Receipt, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sayLocked(data, n.members), nil
}

func (n *fakeNode) Send(ctx context.Context, to mesh.Member, data []byte) (Receipt, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range n.members {
		if m.Member == to {
			return n.sayLocked(data, []mesh.Peer{m}), nil
		}
	}
	return nil, mesh.ErrNoMember
}

func (n *fakeNode) sayLocked(data []byte, to []mesh.Peer) Receipt {
	r := &fakeReceipt{
		seq:  uint64(len(n.said) + 1),
		text: string(data),
		to:   append([]mesh.Peer(nil), to...),
		gone: make(map[mesh.Member]chan struct{}),
	}
	for _, p := range to {
		if n.hold[p.Member] {
			r.gone[p.Member] = make(chan struct{})
		}
	}
	n.said = append(n.said, r)
	return r
}

func (n *fakeNode) texts() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var texts []string
	for _, r := range n.said {
		texts = append(texts, r.text)
	}
	return texts
}

func (n *fakeNode) Leave(ctx context.Context) error {
	n.mu.Lock()
	n.left = true
	n.mu.Unlock()
	if n.onLeave != nil {
		n.onLeave(ctx)
	}
	return ctx.Err()
}

func (n *fakeNode) Settle(ctx context.Context) ([]mesh.Sighting, error) {
	for {
		n.mu.Lock()
		missing := n.missing
		n.mu.Unlock()
		if len(missing) == 0 {
			return nil, nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return missing, ctx.Err()
		}
	}
}

// lack changes who is said to be here and is not.
func (n *fakeNode) lack(missing ...mesh.Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.missing = nil
	for _, p := range missing {
		n.missing = append(n.missing, mesh.Sighting{Instance: p.Instance.String()})
	}
}

func (n *fakeNode) Close() error {
	if n.onClose != nil {
		n.onClose()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.closed = true
		close(n.events)
	}
	return n.closeErr
}

func (n *fakeNode) polite() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.left && n.closed
}

func (r *fakeReceipt) Seq() uint64     { return r.seq }
func (r *fakeReceipt) To() []mesh.Peer { return r.to }

func (r *fakeReceipt) Pending() []mesh.Peer {
	var pending []mesh.Peer
	for _, p := range r.to {
		gone := r.gone[p.Member]
		if gone == nil {
			continue
		}
		select {
		case <-gone:
		default:
			pending = append(pending, p)
		}
	}
	return pending
}

func (r *fakeReceipt) Delivered(ctx context.Context) error {
	var left []mesh.Peer
	for _, p := range r.to {
		gone := r.gone[p.Member]
		if gone == nil {
			continue
		}
		select {
		case <-gone:
			left = append(left, p)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if len(left) > 0 {
		return &mesh.UndeliveredError{Left: left}
	}
	return nil
}

// recorder is a face that remembers what it was shown.
type recorder struct {
	mu   sync.Mutex // guards the rest
	seen []Event
	err  error
}

func (r *recorder) Show(ev Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, ev)
	return r.err
}

// shown returns the events of one type that were shown.
func shown[E Event](r *recorder) []E {
	r.mu.Lock()
	defer r.mu.Unlock()
	var kept []E
	for _, ev := range r.seen {
		if ev, ok := ev.(E); ok {
			kept = append(kept, ev)
		}
	}
	return kept
}
