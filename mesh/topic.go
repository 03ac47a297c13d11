package mesh

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// Topic is a node's part in one topic of its room: who else takes part, what
// they say, and what this node says to them. A node has one from the start,
// which its own methods are about, and others by [Node.Topic]. Its methods may
// be used by several goroutines at once.
type Topic struct {
	node   *Node
	name   string
	events *queue

	// Guarded by Node.mu.

	closed  bool
	present []Peer // in the order in which they joined; never changed in place: receipts share it
}

func newTopic(n *Node, name string) *Topic {
	return &Topic{node: n, name: name, events: newQueue(n.limits)}
}

func checkTopic(name string) error {
	if err := wire.CheckTopic(name); err != nil {
		return fmt.Errorf("mesh: topic %q: %w", name, err)
	}
	return nil
}

// Topic has the node take part in another topic. It is announced to the others
// at once, who see [Joined] there if they take part in it, and this node sees
// those. What was said in it before, as far as this node holds it for others
// ([Config.KeepHistory]), comes as history, at most [Config.History] messages.
//
// A name has 1 to 64 bytes, by the rules of package peer/name. A topic that is
// open already is an [ErrTopic], so that no two parts of a program read from one
// queue, and so are more than [MaxTopics]. An observer gets [ErrObserver].
func (n *Node) Topic(name string) (*Topic, error) {
	if err := checkTopic(name); err != nil {
		return nil, err
	}
	if n.observer {
		return nil, ErrObserver
	}
	n.topicTurn.Lock()
	defer n.topicTurn.Unlock()
	n.mu.Lock()
	topics, open := n.self.Topics, n.state == running
	n.mu.Unlock()
	switch {
	case !open:
		return nil, ErrClosed
	case slices.Contains(topics, name):
		return nil, fmt.Errorf("%w: %q is open already", ErrTopic, name)
	case len(topics) >= MaxTopics:
		return nil, fmt.Errorf("%w: %q would be more than %d", ErrTopic, name, MaxTopics)
	}
	topics = append(slices.Clone(topics), name)
	n.revision++
	record := n.signRecord(topics)

	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state != running {
		return nil, ErrClosed
	}
	t := newTopic(n, name)
	n.topics = append(slices.Clip(n.topics), t)
	n.announceLocked(record, topics)
	for _, p := range n.present {
		if t.includes(p) {
			n.enterLocked(t, n.members[p.Member])
		}
	}
	n.recallLocked(t)
	if n.unkept != nil {
		t.events.push(HistoryFailed{Err: historyError{n.unkept}})
	}
	return t, nil
}

// Name returns what the topic is called.
func (t *Topic) Name() string { return t.name }

// Members returns who is here now and takes part in the topic, in the order in
// which they joined it, without this node.
func (t *Topic) Members() []Peer {
	t.node.mu.Lock()
	defer t.node.mu.Unlock()
	return slices.Clone(t.present)
}

// Events yields what happens in the topic, from its opening on; see
// [Node.Events]. It ends with [ErrClosed] after [Topic.Close], at once.
func (t *Topic) Events(ctx context.Context) iter.Seq2[Event, error] { return t.events.all(ctx) }

// Close has the node take part in the topic no longer. The others see [Left]
// without a reason there, behind what was said before. What the node has said in
// it is kept for them as anything else, and its receipts go on. Its error is
// always nil.
func (t *Topic) Close() error {
	n := t.node
	n.topicTurn.Lock()
	defer n.topicTurn.Unlock()
	topics := slices.DeleteFunc(slices.Clone(n.Self().Topics), func(name string) bool { return name == t.name })
	n.mu.Lock()
	open := !t.closed && n.state == running
	n.mu.Unlock()
	if !open {
		return nil
	}
	n.revision++
	record := n.signRecord(topics)

	n.mu.Lock()
	t.closed, t.present = true, nil
	n.topics = slices.DeleteFunc(slices.Clone(n.topics), func(other *Topic) bool { return other == t })
	n.announceLocked(record, topics)
	n.progressed.announce() // a Broadcast may wait
	n.mu.Unlock()
	t.events.end(ErrClosed, true)
	return nil
}

// includes reports whether somebody takes part in the topic by its own word. An
// observer's only topic is everybody's.
func (t *Topic) includes(p Peer) bool { return t.node.observer || slices.Contains(p.Topics, t.name) }

// has reports whether a member is present in the topic.
func (t *Topic) has(who Member) bool {
	return slices.ContainsFunc(t.present, func(p Peer) bool { return p.Member == who })
}

// topicOfLocked returns in which of our topics a message is shown; nil: none.
func (n *Node) topicOfLocked(msg *wire.Message) *Topic {
	if msg.Kind != wire.Broadcast && msg.Kind != wire.Private {
		return nil
	}
	for _, t := range n.topics {
		if t.name == msg.Topic {
			return t
		}
	}
	return nil
}

func (n *Node) enterLocked(t *Topic, m *member) {
	t.present = append(slices.Clip(t.present), m.peer)
	n.emitLocked(m, t, Joined{Peer: m.peer})
}

// exitLocked takes a member out of a topic, if it is there.
func (n *Node) exitLocked(t *Topic, m *member, reason error) {
	if !t.has(m.peer.Member) {
		return
	}
	t.present = slices.DeleteFunc(slices.Clone(t.present), func(p Peer) bool { return p.Member == m.peer.Member })
	n.emitLocked(m, t, Left{Peer: m.peer, Reason: reason})
}

// renewLocked has a member that is present listed as it is known now.
func (n *Node) renewLocked(p Peer) {
	n.present = renewed(n.present, p)
	for _, t := range n.topics {
		t.present = renewed(t.present, p)
	}
}

func renewed(list []Peer, p Peer) []Peer {
	i := slices.IndexFunc(list, func(q Peer) bool { return q.Member == p.Member })
	if i < 0 {
		return list
	}
	list = slices.Clone(list)
	list[i] = p
	return list
}

// introducedLocked takes in the record of the other side of a link, and reports
// whether it takes part in other topics than it did.
func (n *Node) introducedLocked(l *link, r wire.Record, own []byte, web bool) bool {
	l.known = true
	m := l.m
	if m == nil {
		return false
	}
	n.archive.shelf(m.peer.Member).learn(own)
	if web && !m.peer.Web {
		m.peer.Web = true
		n.renewLocked(m.peer)
	}
	if r.Revision <= m.revision {
		return false
	}
	m.revision = r.Revision
	if slices.Equal(m.peer.Topics, r.Topics) {
		return false
	}
	m.peer.Topics = r.Topics
	n.renewLocked(m.peer)
	if !m.present {
		return true
	}
	for _, t := range n.topics {
		switch {
		case !t.includes(m.peer):
			n.exitLocked(t, m, nil)
		case !t.has(m.peer.Member):
			n.enterLocked(t, m)
		}
	}
	return true
}

// gapLocked tells those topics that a member takes part in that messages of it
// are missing.
func (n *Node) gapLocked(m *member, count uint64) {
	for _, t := range n.topics {
		if t.includes(m.peer) {
			n.emitLocked(m, t, Gap{From: m.peer, Count: count})
		}
	}
}

// tellLocked tells every topic.
func (n *Node) tellLocked(ev Event) {
	for _, t := range n.topics {
		t.events.push(ev)
	}
}

// recallLocked shows a topic that was opened late what is held of it.
func (n *Node) recallLocked(t *Topic) {
	order := n.orderLocked()
	var all []keyed
	said := make(map[*item]wire.Message)
	for who, s := range n.archive.shelves {
		if who == n.self.Member {
			continue
		}
		for _, k := range order.keys(s.items[s.past:]) {
			msg, err := wire.ParseMessage(k.frame)
			if err == nil && n.topicOfLocked(&msg) == t {
				said[k.item] = msg
				all = append(all, k)
			}
		}
	}
	slices.SortStableFunc(all, keyed.compare)
	for _, k := range all[max(0, len(all)-n.wanted):] {
		msg := said[k.item]
		ev := pastEvent(n.authorLocked(k.origin), k.item, &msg)
		if m := n.members[k.origin]; m != nil && k.seq >= m.start {
			n.emitLocked(m, t, ev) // older ones of it may still be on their way
			continue
		}
		t.events.push(ev)
	}
}

// signRecord returns what others are told of us. Its revision is the node's.
func (n *Node) signRecord(topics []string) []byte {
	r := wire.Record{
		Member: wireMember(n.self.Member), Salt: n.salt, Revision: n.revision, Name: n.self.Name, Topics: topics,
		Key: n.tunnelKey.Public(),
	}
	return wire.AppendRecord(nil, n.room, r, n.identity.Sign)
}

// announceLocked has the others told what we take part in now.
func (n *Node) announceLocked(record []byte, topics []string) {
	n.self.Topics = topics
	n.record = record
	n.archive.shelf(n.self.Member).learn(record)
	for _, l := range n.links {
		if !l.greeted {
			continue // it begins with the record
		}
		due := dueRecord{at: n.stream.next(), frame: wire.AppendOwnRecord(nil, record, n.self.Web)}
		if l.m != nil {
			due.privateAt = l.m.private.next()
		}
		l.tell(due)
		l.wake.set()
	}
}

// dueRecord is a record that goes over a link behind what was said before it: who
// leaves a topic is there until its last word.
type dueRecord struct {
	at, privateAt uint64 // our next messages then
	frame         []byte
}

// maxDueRecords bounds what waits for a link that is slow. When there are more
// the last takes the place of the one before, and some messages come to others
// before the record that has their topic: as history.
const maxDueRecords = 8

func (l *link) tell(due dueRecord) {
	if k := len(l.records); k > 0 {
		last := &l.records[k-1]
		if k == maxDueRecords || last.at == due.at && last.privateAt == due.privateAt {
			*last = due
			return
		}
	}
	l.records = append(l.records, due)
}

// untilRecord returns up to where our streams may be written before the next
// record is.
func (l *link) untilRecord() dueRecord {
	if len(l.records) > 0 {
		return l.records[0]
	}
	return dueRecord{at: wire.MaxSeq, privateAt: wire.MaxSeq}
}

// appendRecord appends the next record, if it is its turn and it fits.
func (l *link) appendRecord(buf []byte) []byte {
	due := l.untilRecord()
	streaming := l.heard && !l.byeAckSent
	if due.frame == nil || streaming && (l.cursor < due.at || l.privateCursor < due.privateAt) {
		return buf
	}
	if len(buf) > 0 && len(buf)+len(due.frame) > batchSize {
		return buf
	}
	l.records = l.records[1:]
	return append(buf, due.frame...)
}
