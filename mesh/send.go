package mesh

import (
	"context"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

const (
	// stalledAfter is how long a member may confirm nothing before nobody waits
	// for it any more.
	stalledAfter = time.Second
	// slowest is how many bytes a second a member has to confirm to be waited
	// for all the time. One that confirms less is waited for in proportion: a
	// message now and then must not hold up a room.
	slowest = 256 << 10
)

// Broadcast says data to everyone who takes part in the node's own topic. It
// returns when this node has accepted the message, which is at once unless a
// member that keeps confirming, 256 KiB a second or more, has more than 4 MiB
// still to confirm: then it waits for room, or for ctx. A message whose
// Broadcast failed was not accepted, and nobody gets it. data is not kept.
//
// With nobody there a message is accepted too, and Delivered returns nil at
// once: nobody was promised it. Who joins later gets it as history, but whom
// this node had heard of when it accepted the message, and meets within three
// seconds of that, gets it live; see [Node.Settle].
func (n *Node) Broadcast(ctx context.Context, data []byte) (*Receipt, error) {
	return n.main.Broadcast(ctx, data)
}

// Broadcast says data to everyone in the topic. See [Node.Broadcast]: what it
// waits for is what the node has to say, in whatever topic.
func (t *Topic) Broadcast(ctx context.Context, data []byte) (*Receipt, error) {
	n := t.node
	if err := n.sendable(data); err != nil {
		return nil, err
	}
	if err := acquire(ctx, n.stream, n.done); err != nil {
		return nil, err
	}
	defer release(n.stream)
	msg, err := t.awaitRoom(ctx)
	if err != nil {
		return nil, err
	}
	msg.Body = data
	frame := n.sign(msg)
	it := &item{
		origin: n.self.Member, seq: msg.Seq, clock: msg.Clock, previous: msg.Previous,
		digest: wire.Digest(frame[wire.FrameHeader:]), frame: frame[wire.FrameHeader:],
	}

	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state != running || t.closed {
		return nil, ErrClosed
	}
	r := newReceipt(msg.Seq, t.present)
	at := time.Now()
	it.at = at
	for _, l := range n.links {
		if l.m == nil {
			continue
		}
		if l.m.acked == msg.Seq {
			l.m.patience = at.Add(stalledAfter) // it has everything: its time to confirm begins now
		}
		l.wake.set()
	}
	n.stream.add(frame, it.digest, r)
	n.keepLocked(it, n.self.ID, at)
	if n.stream.size() > n.limits.log {
		n.overflowLocked()
	}
	if len(n.present) == 0 {
		n.trimLocked(at)
	}
	return r, nil
}

// awaitRoom waits until nobody who makes progress is too far behind, and
// returns what the message to come begins with.
func (t *Topic) awaitRoom(ctx context.Context) (wire.Message, error) {
	n := t.node
	for {
		n.mu.Lock()
		if n.state != running || t.closed {
			n.mu.Unlock()
			return wire.Message{}, ErrClosed
		}
		now := time.Now()
		until := n.pressureLocked(now)
		if until.IsZero() {
			defer n.mu.Unlock()
			return t.nextLocked(n.stream), nil
		}
		progressed := n.progressed.channel()
		n.mu.Unlock()
		if err := waitFor(ctx, progressed, until.Sub(now)); err != nil {
			return wire.Message{}, err
		}
	}
}

// nextLocked returns what the next message of a stream begins with.
func (t *Topic) nextLocked(s *stream) wire.Message {
	return wire.Message{Kind: s.kind, Seq: s.next(), Clock: t.node.clock.tick(t.node.wall()), Previous: s.last, Topic: t.name}
}

// pressureLocked returns until when to wait for who is behind; zero: nobody is.
func (n *Node) pressureLocked(now time.Time) (until time.Time) {
	if n.stream.size() <= n.limits.behind {
		return until
	}
	for _, m := range n.members {
		if !m.present || n.stream.behind(m.acked) <= n.limits.behind {
			continue
		}
		if m.patience.After(now) && m.patience.After(until) {
			until = m.patience
		}
	}
	return until
}

// Send says data to one member of the node's own topic; nobody else gets it. It
// returns when this node has accepted the message, and waits while what is on its
// way to that member exceeds 1 MiB. Private messages have an order and numbers of
// their own: none is promised between them and broadcasts. Without such a member
// it returns [ErrNoMember].
func (n *Node) Send(ctx context.Context, to Member, data []byte) (*Receipt, error) {
	return n.main.Send(ctx, to, data)
}

// Send says data to one member of the topic; see [Node.Send].
func (t *Topic) Send(ctx context.Context, to Member, data []byte) (*Receipt, error) {
	n := t.node
	if err := n.sendable(data); err != nil {
		return nil, err
	}
	n.mu.Lock()
	m := n.members[to]
	if m == nil || !t.has(to) {
		n.mu.Unlock()
		return nil, ErrNoMember
	}
	n.mu.Unlock()
	if err := acquire(ctx, m.private, n.done); err != nil {
		return nil, err
	}
	defer release(m.private)
	msg, err := t.awaitPrivateRoom(ctx, m)
	if err != nil {
		return nil, err
	}
	msg.To, msg.Body = wireMember(to), data
	frame := n.sign(msg)
	digest := wire.Digest(frame[wire.FrameHeader:])

	n.mu.Lock()
	defer n.mu.Unlock()
	if err := t.hereLocked(m); err != nil {
		return nil, err
	}
	r := newReceipt(msg.Seq, []Peer{m.peer})
	m.private.add(frame, digest, r)
	if m.link != nil {
		m.link.wake.set()
	}
	return r, nil
}

func (t *Topic) awaitPrivateRoom(ctx context.Context, m *member) (wire.Message, error) {
	n := t.node
	for {
		n.mu.Lock()
		if err := t.hereLocked(m); err != nil {
			n.mu.Unlock()
			return wire.Message{}, err
		}
		if m.private.size() < n.limits.private {
			defer n.mu.Unlock()
			return t.nextLocked(m.private), nil
		}
		progressed := n.progressed.channel()
		n.mu.Unlock()
		if err := waitFor(ctx, progressed, 0); err != nil {
			return wire.Message{}, err
		}
	}
}

// hereLocked returns why nothing can be said to a member; nil: it can.
func (t *Topic) hereLocked(m *member) error {
	if t.node.state != running || t.closed {
		return ErrClosed
	}
	if !t.has(m.peer.Member) {
		return ErrNoMember
	}
	return nil
}

func (n *Node) sendable(data []byte) error {
	if len(data) > MaxBody {
		return ErrTooLarge
	}
	if n.observer {
		return ErrObserver
	}
	return nil
}

// sign makes the frame of a message of ours.
func (n *Node) sign(m wire.Message) []byte {
	m.Origin = wireMember(n.self.Member)
	frame := make([]byte, 0, wire.MessageSize(m))
	return wire.AppendMessage(frame, n.room, m, n.identity.Sign)
}

// acquire takes the stream's turn to add.
func acquire(ctx context.Context, s *stream, done <-chan struct{}) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case s.sending <- struct{}{}:
		return nil
	case <-done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func release(s *stream) { <-s.sending }

// waitFor waits for something to happen, at most for timeout unless that is 0.
func waitFor(ctx context.Context, happened <-chan struct{}, timeout time.Duration) error {
	var late <-chan time.Time
	if timeout > 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-happened:
		return nil
	case <-late:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
