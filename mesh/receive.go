package mesh

import (
	"bytes"
	"cmp"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// currentLocked reports whether the link is the one that counts for its
// instance. What arrives on one that was replaced comes again on the new one.
func (n *Node) currentLocked(l *link) bool { return n.links[l.conn.Remote().Instance] == l }

// message takes in what the other side said.
func (n *Node) message(l *link, p []byte) error {
	if l.quiet {
		return errQuiet
	}
	msg, err := wire.ParseMessage(p)
	if err != nil {
		return err
	}
	from := l.conn.Remote()
	if peer.ID(msg.Origin.ID) != from.ID || peer.Instance(msg.Origin.Instance) != from.Instance {
		return errOrigin
	}
	if wire.StreamOf(msg.Kind) == wire.Private && msg.To != wireMember(n.self.Member) {
		return errOther
	}
	if fresh, err := n.expects(l, msg); err != nil {
		return err
	} else if !fresh {
		return n.repeated(l, &msg)
	}
	if !msg.Verify(n.room, from.ID.Verify) {
		return errForgery
	}
	now := time.Now()
	var it *item
	if wire.StreamOf(msg.Kind) == wire.Broadcast {
		it = newItem(&msg, now)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.currentLocked(l) {
		return nil
	}
	n.clock.observe(n.wall(), msg.Clock)
	*l.m.wanted(msg.Kind) = msg.Seq + 1
	if it != nil {
		n.checkLocked(it)
		n.keepLocked(it, l.m.peer.ID, now)
	} else {
		n.checkPrivateLocked(l.m, &msg)
	}
	if t := n.topicOfLocked(&msg); t != nil {
		n.emitLocked(l.m, t, Message{
			From:    l.m.peer,
			Seq:     msg.Seq,
			Sent:    clockTime(msg.Clock),
			Data:    bytes.Clone(msg.Body), // not to keep a whole batch for one of it
			Private: msg.Kind == wire.Private,
			History: !t.has(l.m.peer.Member),
		})
	}
	if wire.StreamOf(msg.Kind) == wire.Private {
		l.oweLocked(now)
	} else {
		n.oweLocked(l, len(p), now)
	}
	return nil
}

// wanted is what we wait for in one of the member's two streams to us.
func (m *member) wanted(kind byte) *uint64 {
	if wire.StreamOf(kind) == wire.Private {
		return &m.privateWant
	}
	return &m.want
}

// expects reports whether a message is the next of its stream. Repeats are
// skipped before anything is spent on their signature.
func (n *Node) expects(l *link, msg wire.Message) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.currentLocked(l) {
		return false, nil
	}
	if !l.heard {
		return false, errEarly
	}
	if l.byeHeard {
		return false, errLate
	}
	want := *l.m.wanted(msg.Kind)
	if msg.Seq > want {
		return false, errSkipped
	}
	if msg.Seq < want {
		l.oweLocked(time.Now())
	}
	return msg.Seq == want, nil
}

// have takes in what the other side has of us, and on a new link where its
// own streams stand.
func (n *Node) have(l *link, p []byte) error {
	if l.quiet {
		return errQuiet
	}
	h, err := wire.ParseHave(p)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.currentLocked(l) {
		return nil
	}
	if !l.known {
		return errUnknown
	}
	now := time.Now()
	if l.heard {
		return n.acknowledgedLocked(l, h, now)
	}
	return n.greetedLocked(l, h, now)
}

func (n *Node) acknowledgedLocked(l *link, h wire.Have, now time.Time) error {
	// What was not written on this link cannot have come over it.
	if h.Want > l.cursor || h.PrivateWant > l.privateCursor {
		return errFuture
	}
	n.ackedLocked(l.m, h.Want, now)
	n.privateAckedLocked(l.m, h.PrivateWant)
	return nil
}

// greetedLocked settles with the first have of a link from where both sides'
// streams go on, and makes the member present.
func (n *Node) greetedLocked(l *link, h wire.Have, now time.Time) error {
	m := l.m
	if h.Want > n.stream.next() {
		return errFuture
	}
	if h.PrivateWant > m.private.next() && !m.private.skip(h.PrivateWant) {
		return errFuture
	}
	l.heard = true
	l.settled = h.Here >= uint64(lookAround.Milliseconds())
	l.cursor = cmp.Or(h.Want, l.start)
	l.privateCursor = cmp.Or(h.PrivateWant, l.privateStart)
	n.ackedLocked(m, l.cursor, now)
	n.privateAckedLocked(m, l.privateCursor)
	m.grace, m.lost = time.Time{}, nil
	n.metLocked(l, h, now)
	m.privateWant = cmp.Or(m.privateWant, h.PrivateNext)
	if !m.present && !l.byeHeard {
		n.joinedLocked(m, now)
	}
	if l.tunnel == nil {
		n.paths.Up(l.conn.Remote().Instance, l.settled, now)
		n.pageCameLocked(l)
		if l.conn.Remote().Web {
			n.paths.Spare(l.conn.Remote().Instance)
		}
		n.reachDue = now
	}
	l.wake.set()
	n.clockwork.set()
	return nil
}

// gap takes in that the other side no longer has something that we wait for.
func (n *Node) gap(l *link, p []byte) error {
	if l.quiet {
		return errQuiet
	}
	g, err := wire.ParseGap(p)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.currentLocked(l) {
		return nil
	}
	if !l.heard {
		return errEarly
	}
	want := l.m.wanted(g.Stream)
	if g.From > *want {
		return errSkipped
	}
	if g.To < *want {
		return nil
	}
	n.gapLocked(l.m, g.To-*want+1)
	*want = g.To + 1
	l.oweLocked(time.Now())
	return nil
}

func wireMember(m Member) wire.Member {
	return wire.Member{ID: m.ID, Instance: m.Instance}
}
