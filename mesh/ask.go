package mesh

import (
	"bytes"
	"maps"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

const (
	// askTimeout is how long an answer may take; the live messages of members
	// that are new to us wait as long for the history.
	askTimeout = 2 * time.Second
	// maxGot bounds what is taken for one ask before it is looked at; in bytes
	// limits.history does.
	maxGot = 2048
)

// ask is a question to the other side of a link that is not answered yet.
type ask struct {
	giver   peer.ID    // whom it is asked; zero: the history file
	about   []Member   // whose messages; none: everybody's
	gather  *gathering // what it is for; nil: no history of a room that is new to us
	done    bool       // nothing more will come
	cut     bool       // the link ended before the answer did
	until   time.Time
	got     []*item
	size    int64 // of got
	records map[Member][]byte
}

// asks is what the two sides of a link ask each other.
type asks struct {
	asked     *ask           // what we asked and is not answered
	askOut    *wire.Ask      // that question, while it is not written
	later     []Member       // whom to ask about when that is over
	contested []wire.Holding // what to ask for after that: see contestLocked
	answer    answer         // ours to theirs
	askedAll  budget.Bucket  // questions that they may ask
	askedOnly budget.Bucket  // and such for one origin
}

func newAsks() asks {
	return asks{
		askedAll:  budget.Bucket{Burst: 16, PerSecond: 1},
		askedOnly: budget.Bucket{Burst: 256, PerSecond: 8},
	}
}

func newAsk(l *link, about []Member, now time.Time) *ask {
	return &ask{giver: l.conn.Remote().ID, about: about, until: now.Add(askTimeout), records: make(map[Member][]byte)}
}

// askLocked asks the other side of a link for what we may lack.
func (n *Node) askLocked(l *link, about []Member, gather bool, now time.Time) {
	l.asked = newAsk(l, about, now)
	if gather {
		l.asked.gather = n.gather
		n.gather.open++
	}
	q := wire.Ask{Only: len(about) > 0, Holdings: n.holdingsLocked(about, now)}
	if gather || !q.Only {
		q.Limit = uint16(n.wanted)
	}
	l.askOut = &q
	l.wake.set()
}

// askAboutLocked asks the other side of a link for what we may lack of one
// member, when it has answered what it is asked now. It reports false if it is
// asked that already.
func (n *Node) askAboutLocked(l *link, who Member, now time.Time) bool {
	switch {
	case l.asked == nil:
		n.askLocked(l, []Member{who}, false, now)
		return true
	case slices.Contains(l.asked.about, who), slices.Contains(l.later, who), len(l.later) == wire.MaxHoldings:
		return false
	}
	l.later = append(l.later, who)
	return true
}

// askOnLocked asks what had to wait for an answer.
func (n *Node) askOnLocked(l *link, now time.Time) {
	switch about := l.later; {
	case !n.currentLocked(l):
	case len(about) > 0:
		l.later = nil
		n.askLocked(l, about, false, now)
	case len(l.contested) > 0:
		l.askOut = &wire.Ask{Only: true, Holdings: l.contested}
		l.contested = nil
		l.asked = newAsk(l, nil, now)
		l.wake.set()
	}
}

// holdingsLocked says what we would take, of some origins or of all we know.
func (n *Node) holdingsLocked(about []Member, now time.Time) []wire.Holding {
	var list []wire.Holding
	add := func(who Member, from, to uint64) {
		h := wire.Holding{Member: wireMember(who), From: from, To: to}
		if last := n.archive.last(who); last != nil {
			h.Last, h.Digest = last.seq, last.digest
		}
		list = append(list, h)
	}
	for _, who := range about {
		if m := n.members[who]; m != nil {
			from, to := n.lackLocked(m, now)
			add(who, from, to)
		}
	}
	if len(about) > 0 {
		return list
	}
	for who, m := range n.members {
		from, to := n.lackLocked(m, now)
		add(who, from, to)
	}
	for who, mark := range n.marks {
		if n.members[who] == nil && len(list) < wire.MaxHoldings {
			add(who, mark.next, 0)
		}
	}
	return list
}

// lackLocked returns what we would take of a member from others: nothing of
// who is present, but for the history of a room that is new to us; and nothing
// of whom we have greeted and not heard yet, for it may count us already.
func (n *Node) lackLocked(m *member, now time.Time) (from, to uint64) {
	switch {
	case m.want > 0 && (m.missing() || m.link == nil):
		if !m.present && n.paths.Reachable(m.peer.Instance) {
			return 1, 1 // it will be here in a moment, and say it itself
		}
		return m.want, 0
	case m.want > 0:
		return m.past, max(m.start, 1)
	case m.recent(now):
		return 1, 1
	}
	return m.past, 0
}

// answerAsk takes in a question.
func (n *Node) answerAsk(l *link, p []byte) error {
	q, err := wire.ParseAsk(p)
	if err != nil {
		return err
	}
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if l.quiet || !n.currentLocked(l) {
		return nil
	}
	for _, h := range q.Holdings {
		if memberOf(h.Member) == n.self.Member && (max(h.From, h.To) > n.stream.next() || h.Last >= n.stream.next()) {
			return errFuture
		}
	}
	bucket := &l.askedAll
	if q.Only {
		bucket = &l.askedOnly
	}
	l.answer = answer{told: make(map[Member]bool), due: true}
	if bucket.Take(now, 1) {
		l.answer.cursors = n.archive.answer(q, l.m.peer.Member, n.orderLocked())
		if q.Only {
			n.askBackLocked(l, q.Holdings, now)
		}
		n.contestLocked(l, q.Holdings, now)
	}
	l.wake.set()
	return nil
}

// giveUpLocked stops waiting for an answer, and takes what has come of it. cut
// says that the link has ended.
func (n *Node) giveUpLocked(l *link, cut bool) {
	a := l.asked
	if a == nil {
		return
	}
	l.asked = nil
	a.cut, a.done = cut, true
	n.wg.Go(func() { n.examine(a) })
	if !cut {
		n.askOnLocked(l, time.Now())
		return
	}
	for _, who := range l.later {
		unasked := &ask{about: []Member{who}, cut: true, done: true}
		n.wg.Go(func() { n.examine(unasked) })
	}
	l.later = nil
}

// recordOf takes in what a member says of itself, or another of it.
func (n *Node) recordOf(l *link, p []byte) error {
	r, own, flags, err := wire.ParseRecord(p)
	if err != nil {
		return err
	}
	if l.quiet && !n.observer {
		return nil
	}
	who, from := memberOf(r.Member), l.conn.Remote()
	ofSender := who == Member{ID: from.ID, Instance: from.Instance}
	if ofSender && !wire.VerifyRecord(own, n.room, who.ID.Verify) {
		return errForgery // of others' records the sender need not know it
	}
	own = bytes.Clone(own)
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case !n.currentLocked(l):
	case ofSender:
		if n.introducedLocked(l, r, own, wire.IsWeb(flags)) {
			l.effort.wasted += changeWork
		}
	case n.observer && l.pages[who.Instance]:
		if wire.VerifyRecord(own, n.room, who.ID.Verify) {
			if l.pageRecords == nil {
				l.pageRecords = make(map[peer.Instance]wire.Record)
			}
			l.pageRecords[who.Instance] = r
			l.others[who.Instance] = true // who says so reaches it
		}
	case l.asked != nil && len(l.asked.records) < maxAcquaintances:
		l.asked.records[who] = own
	}
	return nil
}

// pastOf takes in one message of an answer.
func (n *Node) pastOf(l *link, p []byte) error {
	age, msg, err := wire.ParsePast(p)
	if err != nil {
		return err
	}
	if !n.awaits(l) {
		l.effort.wasted += unawaitedWork + time.Duration(len(p))*time.Nanosecond
		return nil
	}
	it := newItem(&msg, time.Now().Add(-age))
	n.mu.Lock()
	a := l.asked
	if a == nil {
		n.mu.Unlock()
		return nil
	}
	a.got = append(a.got, it)
	a.size += it.size()
	var full *ask
	if len(a.got) >= maxGot || a.size >= n.limits.history {
		full = &ask{giver: a.giver, about: a.about, got: a.got, records: maps.Clone(a.records)}
		a.got, a.size = nil, 0
	}
	n.mu.Unlock()
	if full != nil {
		n.examine(full)
	}
	return nil
}

// awaits reports whether an answer is on its way over a link.
func (n *Node) awaits(l *link) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return l.asked != nil && !l.quiet && n.currentLocked(l)
}

// answeredAsk takes in that an answer is complete.
func (n *Node) answeredAsk(l *link) {
	n.mu.Lock()
	a := l.asked
	l.asked = nil
	n.askOnLocked(l, time.Now())
	n.mu.Unlock()
	if a == nil {
		l.effort.wasted += unansweredWork
		return
	}
	a.done = true
	n.examine(a)
}

// examine hands what has come of an ask to the one goroutine that checks it. A
// link's reader must not do that itself: what is not read meanwhile counts
// against the other side.
func (n *Node) examine(a *ask) {
	select {
	case n.examined <- a:
	case <-n.done:
	}
}

// runExaminer takes in what has come of asks, in the order in which it came.
func (n *Node) runExaminer() {
	for {
		select {
		case a := <-n.examined:
			if n.take(a); a.done {
				n.settle(a)
			}
		case <-n.done:
			return
		}
	}
}
