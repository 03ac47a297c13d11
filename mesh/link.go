package mesh

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/paths"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

var (
	errUnknown = errors.New("mesh: have before the record")
	errEarly   = errors.New("mesh: message before the first have")
	errLate    = errors.New("mesh: message after bye")
	errOrigin  = errors.New("mesh: message of another origin than the link's")
	errForgery = errors.New("mesh: signature does not fit the message")
	errOther   = errors.New("mesh: private message to another member")
	errFuture  = errors.New("mesh: acknowledgement of what was never sent")
	errSkipped = errors.New("mesh: message or gap beyond the one expected")
	errFull    = errors.New("mesh: room is full")
	errQuiet   = errors.New("mesh: message on an observer's link")
)

// link is one connection and what is to be sent over it: flags and cursors, no
// queue. One goroutine reads and one writes.
type link struct {
	conn     carrier
	tunnel   *tunnelLink // conn, if it is one; nil: the link is direct
	m        *member     // nil: one side is an observer that does not count the other
	wake     signal
	forwards forwards
	outlets  outlets
	fetching atomic.Bool // the writer fetches from the two, and is writing then
	effort   effort      // the reader's
	intake   intake      // the same

	// All below is guarded by Node.mu.

	since   time.Time
	served  bool // its address of ours is one that others are told of
	quiet   bool // one side is an observer: peers and bye are all there is
	known   bool // the other side's record has arrived
	greeted bool // our first have is out
	heard   bool // theirs has arrived
	settled bool // the other side had been here for lookAround by then
	start   uint64
	// privateStart and start are what our first have says is next.
	privateStart uint64
	// The next to write of our broadcasts, and of what is for it alone.
	cursor, privateCursor uint64
	writing               bool

	records []dueRecord // ours, that the other side does not have yet
	ways
	owing
	asks
	hints
	pageHints
	parting
}

func newLink(conn carrier, quiet bool, now time.Time) *link {
	l := &link{
		conn: conn, wake: newSignal(), since: now, quiet: quiet,
		ways: newWays(), asks: newAsks(), hints: newHints(), effort: newEffort(), intake: newIntake(conn.Remote().Instance),
	}
	if l.tunnel, _ = conn.(*tunnelLink); l.tunnel != nil {
		l.tunnel.own.Store(l)
	}
	return l
}

// addLink takes in a new link, dialed or accepted.
func (n *Node) addLink(conn carrier) {
	h := conn.Remote()
	addrs := n.linkAddrs(conn) // asks the machine: not under the lock
	now := time.Now()
	n.mu.Lock()
	if n.state != running || h.Instance == n.self.Instance {
		n.mu.Unlock()
		conn.Close(ErrClosed)
		return
	}
	if _, relayed := conn.(*tunnelLink); relayed && n.links[h.Instance] == nil && n.linkedMembersLocked() >= n.most {
		n.mu.Unlock()
		conn.Close(errFull) // package peer holds the same of direct links
		return
	}
	l := newLink(conn, n.observer || h.Observer, now)
	l.served = n.servesLocked(conn.LocalAddr())
	old := n.links[h.Instance]
	n.links[h.Instance] = l
	if l.tunnel == nil {
		n.linkedAt = now
		n.contacts.Linked(now, h.Instance, n.answersAt(conn), addrs)
	} else if old != nil && old.tunnel == nil {
		n.contacts.Unlinked(now, h.Instance, true) // it is dead, or the other side would not want a tunnel
	}
	n.carries.due = n.carries.due || l.tunnel != nil
	if old != nil {
		n.pathLostLocked(old, peer.Instance{})
		how := paths.Replaced
		if l.tunnel != nil {
			how = paths.Broken
		}
		n.unlinkedLocked(h.Instance, how, now)
		n.giveUpLocked(old, true)
		old.forwards.end(&n.burden)
	}
	if h.Observer {
		l.peersNow, l.pagesDue = true, true // to look who is here is all it came for
	} else {
		n.meetLocked(l, now)
	}
	n.windowLocked()
	n.wg.Go(func() { n.read(l) })
	n.wg.Go(func() { n.write(l) })
	n.onChannels(l)
	n.mu.Unlock()
	if old != nil {
		old.conn.Close(peer.ErrReplaced) // so that the other side waits for the new one
	}
	n.clockwork.set()
}

// linkedMembersLocked counts the links to members, tunnels too. Observers have
// places of their own.
func (n *Node) linkedMembersLocked() int {
	count := 0
	for _, l := range n.links {
		if !l.conn.Remote().Observer {
			count++
		}
	}
	return count
}

// meetLocked ties a link to its member.
func (n *Node) meetLocked(l *link, now time.Time) {
	p := newPeer(l.conn.Remote(), l.conn.RemoteAddr())
	if l.tunnel != nil {
		p.Via = l.tunnel.relayer()
	}
	m := n.acquaintLocked(p.Member)
	l.m = m
	was := m.peer.Via
	// Our have promises it all from here on. It may reach the other side though
	// theirs never reaches us, or the other way round; then a new link goes on
	// from here as well.
	switch {
	case m.acked == 0:
		m.acked, m.privateAcked = n.liveFromLocked(p.Instance, now), m.private.next()
	case !m.recent(now):
		m.acked, m.privateAcked = n.stream.next(), m.private.next()
	}
	if m.revision > 0 {
		p.Topics = m.peer.Topics    // hello is as old as the start of its program
		p.Web = p.Web || m.peer.Web // which no tunnel knows
	}
	m.link, m.peer = l, p
	if l.tunnel == nil {
		m.noTCP = time.Time{} // it may be over another network
	}
	l.start, l.privateStart = m.acked, m.privateAcked
	n.renewLocked(p)
	if m.present && !sameVia(was, p.Via) {
		for _, t := range n.topics {
			if t.has(p.Member) {
				n.emitLocked(m, t, Rerouted{Peer: p})
			}
		}
	}
	if !n.observer {
		return
	}
	m.grace, m.lost = time.Time{}, nil
	if !m.present {
		n.joinedLocked(m, now)
	}
}

// sameVia reports whether both are nobody, or one member.
func sameVia(a, b *Peer) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Member == b.Member
}

// read takes in what the other side sends until the link ends.
func (n *Node) read(l *link) {
	for {
		p, err := l.conn.ReadMessage()
		if err != nil {
			n.linkEnded(l, err)
			return
		}
		if err := n.receive(l, p); err != nil {
			n.log.Warn("link closed", "id", l.conn.Remote().ID, "instance", l.conn.Remote().Instance, "addr", l.conn.RemoteAddr(), "err", err)
			l.conn.Close(err)
			n.linkEnded(l, err)
			return
		}
		l.ration(p)
	}
}

// receive takes in one link message. An error is a breach of the protocol.
func (n *Node) receive(l *link, p []byte) error {
	for len(p) > 0 {
		f, rest, err := wire.Next(p)
		if err != nil {
			return err
		}
		if err := n.frame(l, f); err != nil {
			return err
		}
		p = rest
	}
	return nil
}

func (n *Node) frame(l *link, f wire.Frame) error {
	switch f.Type {
	case wire.TypeMessage:
		return n.message(l, f.Payload)
	case wire.TypeHave:
		return n.have(l, f.Payload)
	case wire.TypeGap:
		return n.gap(l, f.Payload)
	case wire.TypePeers:
		return n.peers(l, f.Payload)
	case wire.TypeBye:
		n.bye(l)
	case wire.TypeByeAck:
		n.byeAck(l)
	case wire.TypeReach:
		return n.reach(l, f.Payload)
	case wire.TypeRelay:
		return n.relay(l, f.Payload)
	case wire.TypeRecord:
		return n.recordOf(l, f.Payload)
	case wire.TypeAsk:
		return n.answerAsk(l, f.Payload)
	case wire.TypePast:
		return n.pastOf(l, f.Payload)
	case wire.TypeAsked:
		n.answeredAsk(l)
	case wire.TypeStream:
		return n.streamFrame(l, f.Payload)
	case wire.TypePages:
		return n.pagesOf(l, f.Payload)
	}
	return nil
}

// linkEnded takes in that a link is over, for whatever reason.
func (n *Node) linkEnded(l *link, err error) {
	if l.tunnel != nil {
		l.tunnel.streams.End(err)
	}
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	instance := l.conn.Remote().Instance
	if n.links[instance] != l {
		return // another has taken its place
	}
	delete(n.links, instance)
	l.forwards.end(&n.burden)
	n.windowLocked()
	if l.tunnel == nil {
		n.contacts.Unlinked(now, instance, l.m != nil)
		n.pathLostLocked(l, peer.Instance{})
		n.unlinkedLocked(instance, endOf(err), now)
		n.pageGoneLocked(l)
	} else {
		n.seekDue = earlier(n.seekDue, now)
		if errors.Is(err, peer.ErrReplaced) {
			n.seekLaterLocked(instance, now)
		}
		if way := l.tunnel.broken(err); way != nil {
			way.doubtLocked(instance, now, doubtFor)
		}
	}
	if errors.Is(err, peer.ErrGone) {
		n.contacts.Departed(now, instance) // as good as a goodbye: no start of a program comes back
	}
	n.contacts.Hurry(now)
	n.linksChanged.announce()
	n.clockwork.set()
	n.giveUpLocked(l, true)
	m := l.m
	if m == nil {
		return
	}
	m.link = nil
	if m.gone {
		n.unconfirmedLocked(m)
	}
	if !m.present {
		m.away = now
		return
	}
	if n.state != running {
		n.leftLocked(m, err, now)
		return
	}
	if errors.Is(err, peer.ErrReplaced) {
		m.missUntil(now.Add(graceTime)) // the link that takes its place is on its way to us
		return
	}
	if n.addressLostLocked(l) && !errors.Is(err, peer.ErrGone) && !errors.Is(err, peer.ErrTimeout) {
		m.missUntil(now.Add(graceTime))
		n.contacts.Redial(now, instance)
		return
	}
	n.partedLocked(l, err, now)
}
