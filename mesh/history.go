package mesh

import (
	"bytes"
	"cmp"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/share"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// maxMarks is how many origins that are no acquaintances are remembered: up to
// where we have what they said.
const maxMarks = 4096

// mark is where an origin's history goes on for us.
type mark struct {
	next uint64
	at   time.Time
}

// gathering is the time in which the history of a room that is new to us is on
// its way. What members say that we have met in it waits: nothing older of
// them may come after it.
type gathering struct {
	link  *link // whom it is asked of; nil: its link ended, and nobody else is there yet
	until time.Time
	held  []heldEvent
	size  int
	taken int // messages of history
	open  int // asks whose answers have not been taken in
}

type heldEvent struct {
	topic *Topic
	Event
}

// emitLocked shows a topic an event of a member, now or after the history.
func (n *Node) emitLocked(m *member, t *Topic, ev Event) {
	g := n.gather
	_, joined := ev.(Joined)
	if g == nil || !m.fresh || joined && !g.holds(t, m.peer.Member) {
		t.events.push(ev)
		return
	}
	g.held = append(g.held, heldEvent{t, ev})
	if g.size += cost(ev); g.size > n.limits.queued {
		n.gatheredLocked()
	}
}

// holds reports whether anything of a member in a topic waits.
func (g *gathering) holds(t *Topic, who Member) bool {
	return slices.ContainsFunc(g.held, func(h heldEvent) bool { return h.topic == t && eventOf(h.Event) == who })
}

// gatheredLocked ends a gathering: what waited for it is shown.
func (n *Node) gatheredLocked() {
	g := n.gather
	if g == nil {
		return
	}
	n.gather = nil
	for _, h := range g.held {
		h.topic.events.push(h.Event)
	}
	for _, m := range n.members {
		if m.fresh {
			m.fresh, m.urged, m.past = false, false, m.start
		}
	}
}

// metLocked settles with the first have of a link what we may lack of the
// member, and of others.
func (n *Node) metLocked(l *link, h wire.Have, now time.Time) {
	m := l.m
	first := m.want == 0
	if first {
		mark := n.marks[m.peer.Member]
		delete(n.marks, m.peer.Member)
		m.past = max(m.past, mark.next)
		m.want = max(h.Next, m.past)
		m.start = m.want
		if n.gather == nil && h.Held > 0 && n.wanted > 0 {
			n.gather = &gathering{until: now.Add(askTimeout)}
		}
		if m.fresh = n.gather != nil; !m.fresh {
			m.past = m.start
		}
	}
	if n.gather != nil && n.gather.link == nil && h.Held > 0 {
		n.gatherFromLocked(l, now)
	}
	if l.asked == nil && (h.Held > 0 || !first) {
		n.compareSoonLocked(l, now)
	}
}

// gatherFromLocked asks the other side of a link for the history.
func (n *Node) gatherFromLocked(l *link, now time.Time) {
	n.gather.link = l
	n.askLocked(l, nil, true, now)
	l.asked.until = n.gather.until
}

// gatherOnLocked goes on with a gathering: elsewhere, if the link has ended that
// was asked, and with each member about itself whose history nobody gave.
func (n *Node) gatherOnLocked(a *ask, now time.Time) {
	g := n.gather
	if g == nil || g != a.gather {
		return
	}
	if a.cut && len(a.about) == 0 {
		g.link = nil
		for _, l := range n.links {
			if l.m != nil && l.heard && l.asked == nil {
				n.gatherFromLocked(l, now)
				return
			}
		}
		return
	}
	for _, who := range a.about {
		if m := n.members[who]; m != nil && a.cut {
			m.urged = false
		}
	}
	for _, m := range n.members {
		if !m.fresh || m.link == nil {
			continue
		}
		if m.link.asked == nil && !m.urged && m.past < m.start && m.start > 1 && g.taken < n.wanted {
			m.urged = true
			n.askLocked(m.link, []Member{m.peer.Member}, true, now)
			m.link.asked.until = g.until
		}
	}
	if g.open == 0 {
		n.gatheredLocked()
	}
}

// settle ends an ask.
func (n *Node) settle(a *ask) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a.gather != nil {
		a.gather.open--
		n.gatherOnLocked(a, time.Now())
	}
	for _, who := range a.about {
		m := n.members[who]
		if m == nil || m.asking == 0 {
			continue
		}
		if a.cut && m.missing() { // who was asked is lost too: somebody else in its place
			m.asking += n.askOthersLocked(m, 1, time.Now())
		}
		if m.asking--; m.asking == 0 && m.missing() && !m.detour && n.state == running {
			n.leftLocked(m, cmp.Or(m.lost, errNoLink), time.Now())
		}
	}
}

// take shows the program what is new and true of what others hold.
func (n *Node) take(a *ask) {
	n.dropHeld(a)
	if len(a.got) == 0 {
		return
	}
	n.verify(a)
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	n.orderLocked().sort(a.got)
	if n.state == closed {
		return
	}
	for _, it := range a.got {
		n.takeLocked(it, a, now)
	}
	a.got = nil
}

// dropHeld leaves in an ask what we do not hold already, byte for byte.
func (n *Node) dropHeld(a *ask) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a.got = slices.DeleteFunc(a.got, func(it *item) bool {
		held := n.archive.find(it.origin, it.seq)
		return held != nil && bytes.Equal(held.frame, it.frame)
	})
}

// verify leaves in an ask what its origins have signed. Checking a signature
// takes ten times as long as everything else about a message.
func (n *Node) verify(a *ask) {
	good := make([]bool, len(a.got))
	workers := min(runtime.GOMAXPROCS(0), 1+len(a.got)/16)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(a.got); i += workers {
				good[i] = n.genuine(a.got[i])
			}
		})
	}
	wg.Wait()
	kept := a.got[:0]
	for i, it := range a.got {
		if good[i] {
			kept = append(kept, it)
		}
	}
	a.got = kept
	for who, record := range a.records {
		if !wire.VerifyRecord(record, n.room, who.ID.Verify) {
			delete(a.records, who)
		}
	}
}

func (n *Node) genuine(it *item) bool {
	msg, err := wire.ParseMessage(it.frame)
	return err == nil && msg.Verify(n.room, it.origin.ID.Verify)
}

// takeLocked shows the program a message that another member held, if it is
// the next that we take of its origin.
func (n *Node) takeLocked(it *item, a *ask, now time.Time) {
	if it.origin.Instance == n.self.Instance || n.takenLocked(it.origin) {
		return
	}
	if record := a.records[it.origin]; record != nil {
		n.archive.shelf(it.origin).learn(record)
		delete(a.records, it.origin)
	}
	n.checkLocked(it)
	m := n.members[it.origin]
	if m != nil && m.want == 0 && m.recent(now) {
		return // it may count us as present, and then says itself from where on
	}
	if m == nil || m.want == 0 {
		last := n.archive.last(it.origin)
		if it.seq < n.marks[it.origin].next || last != nil && it.seq <= last.seq {
			return
		}
		n.markLocked(it.origin, it.seq+1, now)
		n.showPastLocked(n.authorLocked(it.origin), it, a.giver, true, now)
		return
	}
	switch {
	case m.missing() && it.seq == m.want: // it is being looked for: this is live
		m.want++
		n.showPastLocked(m.peer, it, a.giver, false, now)
	case !m.present && m.link == nil && it.seq >= m.want && !n.paths.Reachable(m.peer.Instance):
		if !n.skipLocked(m, it.seq, now) {
			return
		}
		m.want++
		n.showPastLocked(m.peer, it, a.giver, true, now)
	case m.fresh && it.seq >= m.past && it.seq < m.start:
		m.past = it.seq + 1
		n.showPastLocked(m.peer, it, a.giver, true, now)
	}
}

// skipLocked makes seq the next that we wait for of a member that is gone. What
// lies before it is waited for as long as the member might come back and say it;
// after that the program is told that it is missing.
func (n *Node) skipLocked(m *member, seq uint64, now time.Time) bool {
	if seq == m.want {
		return true
	}
	if now.Sub(m.away) < rememberFor {
		return false
	}
	n.gapLocked(m, seq-m.want)
	m.want = seq
	return true
}

// takenLocked reports whether an origin bears the instance of a member with
// another ID. Instances are random: it made that up.
func (n *Node) takenLocked(who Member) bool {
	if l := n.links[who.Instance]; l != nil {
		return l.conn.Remote().ID != who.ID
	}
	return slices.ContainsFunc(n.present, func(p Peer) bool { return p.Instance == who.Instance && p.ID != who.ID })
}

func (n *Node) showPastLocked(from Peer, it *item, giver peer.ID, history bool, now time.Time) {
	msg, err := wire.ParseMessage(it.frame)
	if err != nil {
		return
	}
	n.clock.observe(n.wall(), it.clock)
	n.keepLocked(it, giver, now)
	if n.loading && n.unshown > 0 {
		n.unshown--
		return
	}
	if n.gather != nil {
		n.gather.taken++
	}
	t := n.topicOfLocked(&msg)
	if t == nil {
		return
	}
	ev := pastEvent(from, it, &msg)
	ev.History = history || !t.has(it.origin)
	if m := n.members[it.origin]; m != nil && it.seq >= m.start {
		n.emitLocked(m, t, ev) // behind what is live
		return
	}
	t.events.push(ev)
}

func pastEvent(from Peer, it *item, msg *wire.Message) Message {
	return Message{From: from, Seq: it.seq, Sent: clockTime(it.clock), Data: bytes.Clone(msg.Body), History: true}
}

// keepLocked holds a message for others. giver is whose link it came over.
func (n *Node) keepLocked(it *item, giver peer.ID, now time.Time) {
	n.archive.add(it, giver, now)
	if n.store != nil && !n.loading {
		e := stored(it, n.archive.shelf(it.origin).record)
		e.Owner = share.Owner{Giver: giver, Author: it.origin.ID}
		n.store.Add(e)
	}
}

// authorLocked returns what is known of an origin, here or not.
func (n *Node) authorLocked(who Member) Peer {
	if m := n.members[who]; m != nil && m.peer.Member == who {
		return m.peer
	}
	p := Peer{Member: who, Name: who.ID.Short()}
	r, _, _, err := wire.ParseRecord(n.archive.shelf(who).record)
	if err == nil {
		p = newPeer(peer.Hello{ID: who.ID, Instance: who.Instance, Name: r.Name, Topics: r.Topics}, p.Addr)
	}
	return p
}

// markLocked remembers up to where we have what an origin said that we never
// met, or no longer know.
func (n *Node) markLocked(who Member, next uint64, now time.Time) {
	if _, known := n.marks[who]; !known && len(n.marks) >= maxMarks {
		oldest, at := Member{}, now
		for other, mark := range n.marks {
			if mark.at.Before(at) {
				oldest, at = other, mark.at
			}
		}
		delete(n.marks, oldest)
	}
	n.marks[who] = mark{next: next, at: now}
}

// expireMarksLocked forgets origins of which nobody has a history any more.
func (n *Node) expireMarksLocked(now time.Time) {
	for who, mark := range n.marks {
		if now.Sub(mark.at) > 2*historyAge {
			delete(n.marks, who)
		}
	}
	n.archive.expire(now, func(who Member) bool { return n.members[who] != nil || who == n.self.Member })
}
