package mesh

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/contacts"
	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// maxAcquaintances is how many members that are not here are remembered: the
// numbers of their streams, so that who returns goes on where it stopped.
const maxAcquaintances = 1024

// rememberFor is how long the state of a member is kept that is not here: as
// long as it is dialed.
const rememberFor = contacts.RememberFor

// graceTime is how long a member stays present without a link while a new one
// is being made in place of one over an address that we no longer have.
const graceTime = 3 * time.Second

var errNoLink = errors.New("mesh: no link over the remaining addresses")

// member is what a node knows of another: present, or met before.
type member struct {
	peer    Peer
	link    *link // nil: none now
	present bool
	since   uint64    // our next broadcast when it joined; receipts count it from there
	until   uint64    // our next broadcast when it left; they count it no further
	away    time.Time // when it left, or its last link ended; zero before that
	grace   time.Time // present without a link until then
	lost    error     // why the last link ended, for the end of grace
	detour  bool      // another way to it is looked for meanwhile
	asking  int       // how many others have not said yet what they have of it
	gone    bool      // it said goodbye
	noTCP   time.Time // until when streams to it avoid TCP, which did not get through

	// What we have of it. 0: never met.
	want, privateWant uint64
	privateTip        tip
	revision          uint64 // of its record; 0: not here yet
	told              uint64 // up to here others say that they have it
	start             uint64 // the first broadcast that was live for us
	past              uint64 // from here up to start its history would be taken
	fresh             bool   // met while a history is being gathered
	urged             bool   // asked for its own, in that time

	// What it has of us: the sequence it waits for by its own word, or by ours
	// when it has said nothing yet.
	acked, privateAcked uint64
	private             *stream
	patience            time.Time // until when Broadcast waits for it, if it is too far behind
}

// acquaintLocked returns what is known of a member, remembering it from now on.
func (n *Node) acquaintLocked(who Member) *member {
	if m, ok := n.members[who]; ok {
		return m
	}
	if len(n.members) >= maxAcquaintances {
		n.forgetOneLocked()
	}
	m := &member{private: newStream(wire.Private)}
	n.members[who] = m
	return m
}

// forgetOneLocked drops who left first of those that have no link.
func (n *Node) forgetOneLocked() {
	var oldest *member
	for _, m := range n.members {
		if m.present || m.link != nil {
			continue
		}
		if oldest == nil || m.away.Before(oldest.away) {
			oldest = m
		}
	}
	if oldest != nil {
		n.forgetLocked(oldest)
	}
}

// forgetLocked keeps nothing of a member but up to where we have what it said.
func (n *Node) forgetLocked(m *member) {
	if next := max(m.want, m.past); next > 0 {
		n.markLocked(m.peer.Member, next, time.Now())
	}
	delete(n.members, m.peer.Member)
}

// joinedLocked makes a member present.
func (n *Node) joinedLocked(m *member, now time.Time) {
	m.present, m.gone = true, false
	m.away = time.Time{}
	m.since, m.until = n.stream.next(), wire.MaxSeq
	m.patience = now.Add(stalledAfter)
	if len(n.present) == 0 {
		n.arrived = now
	}
	n.present = append(slices.Clip(n.present), m.peer)
	for _, t := range n.topics {
		if t.includes(m.peer) {
			n.enterLocked(t, m)
		}
	}
	n.exchangeSoonLocked(m, now)
	n.log.Debug("joined", "id", m.peer.ID, "instance", m.peer.Instance, "name", m.peer.Name)
}

// leftLocked makes a member absent; reason is nil after a goodbye.
func (n *Node) leftLocked(m *member, reason error, now time.Time) {
	m.present = false
	m.away = now
	m.grace, m.lost = time.Time{}, nil
	m.until = n.stream.next()
	n.present = slices.DeleteFunc(slices.Clone(n.present), func(p Peer) bool { return p.Member == m.peer.Member })
	if reason != nil {
		n.unconfirmedLocked(m) // who says goodbye still confirms what it gets
	}
	for _, l := range n.links {
		delete(l.told, m.peer.Instance)
		delete(l.recordsTold, m.peer.Instance)
	}
	for _, t := range n.topics {
		n.exitLocked(t, m, reason)
	}
	n.trimLocked(now)
	n.trimAwayLocked()
	n.progressed.announce()
	n.log.Debug("left", "id", m.peer.ID, "instance", m.peer.Instance, "name", m.peer.Name, "reason", reason)
}

// unconfirmedLocked settles the receipts that a member will not confirm any
// more.
func (n *Node) unconfirmedLocked(m *member) {
	for _, e := range n.stream.span(max(m.acked, m.since), m.until) {
		e.receipt.lose(m.peer)
	}
	m.since = m.until
	for _, e := range m.private.span(m.privateAcked, m.private.next()) {
		e.receipt.lose(m.peer)
	}
}

// ackedLocked takes in that a member waits for seq of our broadcasts.
func (n *Node) ackedLocked(m *member, seq uint64, now time.Time) {
	if seq <= m.acked {
		return
	}
	for _, e := range n.stream.span(max(m.acked, m.since), min(seq, m.until)) {
		e.receipt.confirm(m.peer.Member)
	}
	last := m.acked <= n.stream.first
	bytes := n.stream.behind(m.acked) - n.stream.behind(seq)
	m.acked = seq
	m.earnLocked(bytes, now)
	if last {
		n.trimLocked(now)
	}
	n.progressed.announce()
}

// earnLocked prolongs the time for which a member is waited for by what it
// would take to confirm so much at the slowest pace.
func (m *member) earnLocked(bytes int64, now time.Time) {
	if m.patience.Before(now) {
		m.patience = now
	}
	m.patience = m.patience.Add(time.Duration(bytes) * time.Second / slowest)
	if most := now.Add(stalledAfter); m.patience.After(most) {
		m.patience = most
	}
}

// privateAckedLocked is the same for the private stream to it.
func (n *Node) privateAckedLocked(m *member, seq uint64) {
	if seq <= m.privateAcked {
		return
	}
	for _, e := range m.private.span(m.privateAcked, seq) {
		e.receipt.confirm(m.peer.Member)
	}
	m.privateAcked = seq
	m.private.trim(seq)
	n.progressed.announce()
}

// trimLocked forgets those broadcasts that nobody needs any more: not the
// present, not those who left less than 15 minutes ago and may return, and not
// those whose link is just coming up.
func (n *Node) trimLocked(now time.Time) {
	keep := n.stream.next()
	for _, m := range n.members {
		if m.recent(now) {
			keep = min(keep, m.acked)
		}
	}
	n.stream.trim(keep)
}

// missing reports whether a member is present without a link that works, while
// it is being looked for.
func (m *member) missing() bool { return m.present && !m.grace.IsZero() }

// missUntil keeps a member present without a link until t. Links that come and
// end meanwhile do not prolong it.
func (m *member) missUntil(t time.Time) {
	if m.grace.IsZero() || t.Before(m.grace) {
		m.grace = t
	}
}

// recent reports whether a member is here, or may still need what was said.
func (m *member) recent(now time.Time) bool {
	if m.present || m.link != nil {
		return true
	}
	return !m.gone && now.Sub(m.away) < rememberFor
}

// trimAwayLocked bounds what is kept for members that are away and was said to
// them alone: who has been away longest loses it first.
func (n *Node) trimAwayLocked() {
	for {
		var size int64
		var oldest *member
		for _, m := range n.members {
			if m.present || m.private.size() == 0 {
				continue
			}
			size += m.private.size()
			if oldest == nil || m.away.Before(oldest.away) {
				oldest = m
			}
		}
		if size <= n.limits.log {
			return
		}
		oldest.private.trim(oldest.private.next())
	}
}

// overflowLocked trims a stream to its bound. Who has not got what is dropped
// will be told of a gap, and the receipts name it.
func (n *Node) overflowLocked() {
	cut := n.stream.overflow(n.limits.log)
	for _, m := range n.members {
		for _, e := range n.stream.span(max(m.acked, m.since), min(cut, m.until)) {
			e.receipt.lose(m.peer)
		}
	}
	n.stream.trim(cut)
}

// expireLocked forgets what was said to those who have been away for long.
func (n *Node) expireLocked(now time.Time) {
	for _, m := range n.members {
		if m.link != nil || m.present {
			continue
		}
		if m.gone {
			n.forgetLocked(m)
			continue
		}
		if now.Sub(m.away) >= rememberFor {
			m.private.trim(m.private.next())
		}
	}
	n.trimLocked(now)
	n.expireMarksLocked(now)
}

// addressLostLocked reports whether the link ran over an address of ours that
// is gone. Of an address that others are not told of, such as that of a VPN,
// nobody says when it goes; the link will notice.
func (n *Node) addressLostLocked(l *link) bool {
	return l.served && !n.servesLocked(l.conn.LocalAddr())
}

// servesLocked reports whether others are told of an address of ours.
func (n *Node) servesLocked(ip netip.Addr) bool {
	return slices.ContainsFunc(n.addrs, func(a netip.AddrPort) bool { return a.Addr() == ip })
}
