package mesh

import (
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// Each message carries the digest of the one before it, so whoever signs one
// has signed all before: an origin that tells one member this and another that
// is found out wherever two of its messages meet that are one story's and the
// other's. It may be the next message to either, or a comparison of two members.
// What it says is shown and passed on all the same: whose story is the true one
// nobody can tell, and dropping either would take it from those who count on
// it.

// newAccused is how many contradictions are told of origins that were never here.
func newAccused() budget.Bucket { return budget.Bucket{Burst: 16, PerSecond: 1.0 / 60} }

// tip is the last message of a stream that was taken in.
type tip struct{ seq, digest uint64 }

// contradicts returns the number of a message of which the origin has signed
// two, if a message does not fit what is held of its origin.
func (s *shelf) contradicts(it *item) (seq uint64, yes bool) {
	if held, ok := s.digestOf(it.seq - 1); ok && held != it.previous {
		return it.seq - 1, true
	}
	if held, ok := s.digestOf(it.seq); ok && held != it.digest {
		return it.seq, true
	}
	if next := s.at(it.seq + 1); next != nil && next.previous != it.digest {
		return it.seq, true
	}
	return 0, false
}

// digestOf returns the digest of the message of that sequence, if it is held, or
// was the last that was.
func (s *shelf) digestOf(seq uint64) (digest uint64, ok bool) {
	if it := s.at(seq); it != nil {
		return it.digest, true
	}
	return s.tip.digest, s.tip.seq > 0 && s.tip.seq == seq
}

// checkLocked notices an origin that contradicts itself by a message whose
// signature has been checked.
func (n *Node) checkLocked(it *item) {
	s := n.archive.shelf(it.origin)
	if s.conflict {
		return
	}
	if seq, yes := s.contradicts(it); yes {
		n.conflictLocked(s, it.origin, Conflict{Seq: seq})
	}
}

// checkPrivateLocked is the same for a private message to us, which nobody else
// has. An origin that has forgotten what it said before gives no digest.
func (n *Node) checkPrivateLocked(m *member, msg *wire.Message) {
	last := m.privateTip
	m.privateTip = tip{msg.Seq, wire.Digest(msg.Whole())}
	if last.seq == 0 || last.seq+1 != msg.Seq || msg.Previous == 0 || msg.Previous == last.digest {
		return
	}
	s := n.archive.shelf(m.peer.Member)
	n.conflictLocked(s, m.peer.Member, Conflict{Seq: last.seq, Private: true})
}

// conflictLocked tells the program, once of each origin. Origins that were never
// here cost a key each, and whoever answers an ask can make up any number.
func (n *Node) conflictLocked(s *shelf, origin Member, c Conflict) {
	if s.conflict || n.members[origin] == nil && !n.accused.Take(time.Now(), 1) {
		return
	}
	s.conflict = true
	n.log.Warn("two messages with one sequence", "id", origin.ID, "instance", origin.Instance, "seq", c.Seq)
	c.From = n.authorLocked(origin)
	n.tellLocked(c)
}

// contestLocked takes in of which messages the other side of a link says that it
// holds others than we: it is asked for them. It gets ours with its answer.
func (n *Node) contestLocked(l *link, holdings []wire.Holding, now time.Time) {
	for _, h := range holdings {
		who := memberOf(h.Member)
		it := n.archive.find(who, h.Last)
		if it == nil || it.digest == h.Digest || who == n.self.Member || n.archive.shelf(who).conflict {
			continue
		}
		if len(l.contested) < wire.MaxHoldings {
			l.contested = append(l.contested, wire.Holding{Member: h.Member, From: 1, To: 1, Last: it.seq, Digest: it.digest})
		}
	}
	if l.asked == nil {
		n.askOnLocked(l, now)
	}
}

// repeated takes in a message of a sequence that was taken in before: the same,
// or another that the origin signed as that.
func (n *Node) repeated(l *link, msg *wire.Message) error {
	if wire.StreamOf(msg.Kind) != wire.Broadcast {
		return nil
	}
	digest := wire.Digest(msg.Whole())
	n.mu.Lock()
	s := n.archive.shelf(l.m.peer.Member)
	held, ok := s.digestOf(msg.Seq)
	known := !ok || held == digest || s.conflict
	n.mu.Unlock()
	if known {
		return nil
	}
	if !msg.Verify(n.room, l.conn.Remote().ID.Verify) {
		return errForgery
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conflictLocked(n.archive.shelf(l.m.peer.Member), l.m.peer.Member, Conflict{Seq: msg.Seq})
	return nil
}
