package mesh

import (
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// write sends what is due over the link until it ends: in every other batch
// first what goes through members, of others' tunnels and of our own, and of
// streams in a tunnel when there is nothing else.
func (n *Node) write(l *link) {
	buf := make([]byte, 0, 512)
	pause := time.NewTimer(0)
	defer pause.Stop()
	greeted, through := false, false
	for {
		now := time.Now()
		out := buf[:0]
		if through = !through && greeted; through {
			l.fetching.Store(true)
			out = n.fillThrough(l, out, now)
		}
		n.mu.Lock()
		out, wait := n.fillLocked(l, out, now)
		greeted = l.greeted
		l.writing = len(out) > 0
		l.fetching.Store(false)
		if !l.writing {
			n.linksChanged.announce()
		}
		n.mu.Unlock()
		if len(out) == 0 && greeted {
			var rest time.Duration
			if out, rest = n.fillStreams(l, out, now); wait == 0 || rest > 0 && rest < wait {
				wait = rest
			}
		}
		if len(out) > 0 {
			if err := l.conn.WriteMessage(out); err != nil {
				l.conn.Close(err) // the reader reports it
				return
			}
			if cap(out) <= 2*batchSize {
				buf = out
			}
			continue
		}
		if !through && greeted && l.carries() {
			continue // they have their turn
		}
		var again <-chan time.Time
		if wait > 0 {
			pause.Reset(wait)
			again = pause.C
		}
		select {
		case <-l.wake:
		case <-again:
		case <-l.conn.Done():
			return
		}
	}
}

// fillThrough gathers what goes through members, half of it for others if there
// is as much.
func (n *Node) fillThrough(l *link, buf []byte, now time.Time) []byte {
	buf = l.forwards.fill(buf, &n.burden, batchSize/2)
	buf = n.fillOutlets(l, buf, now)
	return l.forwards.fill(buf, &n.burden, batchSize)
}

// carries reports whether something goes through members over the link.
func (l *link) carries() bool { return l.forwards.waiting() || l.outlets.waiting() }

// fillLocked gathers the next link message in buf. When there is none it
// returns how long until an acknowledgement is due, or 0.
func (n *Node) fillLocked(l *link, buf []byte, now time.Time) ([]byte, time.Duration) {
	if n.links[l.conn.Remote().Instance] != l {
		return buf, 0
	}
	if !l.quiet && !l.greeted {
		return n.appendHave(l, buf, now), 0
	}
	if !l.greeted && !n.observer {
		l.greeted = true // to an observer, this is all it takes
		return wire.AppendOwnRecord(buf, n.record, n.self.Web), 0
	}
	if l.heard && !l.byeAckSent {
		until := l.untilRecord()
		buf, l.privateCursor = l.m.private.fill(buf, l.privateCursor, until.privateAt)
		buf, l.cursor = n.fillPastLocked(buf, l.cursor)
		if l.cursor >= n.stream.first || len(buf) == 0 {
			buf, l.cursor = n.stream.fill(buf, l.cursor, until.at)
		}
	}
	buf = l.appendRecord(buf)
	if l.pagesDue && len(buf) < batchSize {
		buf = n.appendPagesLocked(l, buf)
	}
	if l.direct() && len(buf) < batchSize {
		buf = n.appendReachLocked(l, buf, now)
	}
	if l.peersNow {
		buf = n.appendPeersLocked(l, buf)
	}
	if l.askOut != nil && len(buf) < batchSize {
		buf = wire.AppendAsk(buf, *l.askOut)
		l.askOut = nil
	}
	if l.answer.due {
		buf = n.appendAnswer(l, buf, now)
	}
	drained := n.drainedLocked(l)
	if l.ackDue {
		company := len(buf) > 0 || drained && l.byesDue() || l.byeAckHeard
		if wait := l.ackWait(now, n.self.Web); wait > 0 && !company {
			return buf, wait
		}
		buf = n.appendHave(l, buf, now) // before the bye-ack, which may end the link
	}
	if drained {
		buf = appendByes(l, buf)
	}
	return buf, 0
}

// fillPastLocked is [stream.fill] for what the stream no longer has: of that,
// what is history still goes out, so that nobody who comes back gets less than
// a newcomer. What is left before the stream is for fill to tell of.
func (n *Node) fillPastLocked(buf []byte, cursor uint64) ([]byte, uint64) {
	for cursor < n.stream.first {
		it := n.archive.from(n.self.Member, cursor)
		if it == nil || it.seq >= n.stream.first {
			return buf, cursor
		}
		if len(buf) > 0 && len(buf)+wire.FrameHeader+len(it.frame) > batchSize {
			return buf, cursor
		}
		if it.seq > cursor {
			buf = wire.AppendGap(buf, wire.Gap{Stream: wire.Broadcast, From: cursor, To: it.seq - 1})
		}
		buf = wire.AppendSigned(buf, it.frame)
		cursor = it.seq + 1
	}
	return buf, cursor
}

// appendHave says what we have, and in the first of a link where we begin.
func (n *Node) appendHave(l *link, buf []byte, now time.Time) []byte {
	h := wire.Have{Next: l.start, Want: l.m.want, PrivateNext: l.privateStart, PrivateWant: l.m.privateWant}
	first := !l.greeted
	l.ackDue, l.ackBytes = false, 0
	if l.greeted {
		l.ackedAt = now
		h.Next, h.PrivateNext = n.stream.next(), l.m.private.next()
	} else {
		h.Held = n.archive.newcomer()
		h.Here = uint64(now.Sub(n.born).Milliseconds())
	}
	l.greeted = true
	if first {
		buf = wire.AppendOwnRecord(buf, n.record, n.self.Web)
	}
	return wire.AppendHave(buf, h)
}

// drainedLocked reports whether all has been written that comes before a
// goodbye or the answer to one.
func (n *Node) drainedLocked(l *link) bool {
	if l.quiet {
		return true
	}
	end := n.stream.next()
	if l.byeHeard {
		end = l.byeAt
	}
	return l.heard && l.cursor >= end && l.privateCursor == l.m.private.next()
}
