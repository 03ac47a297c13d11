package mesh

import (
	"bytes"
	"sort"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/share"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// Two bounds, not one. The healing log is what somebody may lack who was here,
// or was away for a short time; the history is for those who come later.
const (
	historyAge = 24 * time.Hour
	// maxHistory is the most messages of history, and what a Config that says
	// nothing asks for and keeps.
	maxHistory = 1000
	// itemCost is what an item takes beside its frame.
	itemCost = 200
)

// item is a broadcast that this node holds, whoever said it.
type item struct {
	origin           Member
	seq, clock       uint64
	digest, previous uint64    // of this message, and of the one before by its word
	at               time.Time // first receipt, by whomever it was
	frame            []byte    // the message as it was signed
}

// newItem makes an item of a message that was read, which is copied: it may be
// one of a batch.
func newItem(msg *wire.Message, at time.Time) *item {
	frame := bytes.Clone(msg.Whole())
	return &item{
		origin: memberOf(msg.Origin), seq: msg.Seq, clock: msg.Clock,
		digest: wire.Digest(frame), previous: msg.Previous,
		at: at, frame: frame,
	}
}

func (it *item) size() int64 { return int64(len(it.frame)) + itemCost }

// shelf is what is held of one origin, in the order of its sequence, with what
// the origin says of itself.
type shelf struct {
	record   []byte // signed; nil: not known
	revision uint64 // of record
	items    []*item
	past     int // items from here on are history
	tip      tip // the last item there ever was
	owner    share.Owner
	conflict bool // the origin contradicts itself, and that was told
}

// archive holds what has been said in the room for those who lack it. What is
// too much goes from who has most of it, oldest first.
type archive struct {
	history int // messages of history that are kept for newcomers
	shelves map[Member]*shelf
	held    share.Ledger // all items
	past    share.Ledger // those that are history

	healingBytes, historyBytes int64
}

func newArchive(history int, bounds limits) *archive {
	return &archive{
		history:      history,
		shelves:      make(map[Member]*shelf),
		healingBytes: bounds.log,
		historyBytes: bounds.history,
	}
}

// historyLimit reads Config.History and Config.KeepHistory.
func historyLimit(wanted int) int {
	switch {
	case wanted < 0:
		return 0
	case wanted == 0:
		return maxHistory
	}
	return min(wanted, maxHistory)
}

func (a *archive) shelf(who Member) *shelf {
	s := a.shelves[who]
	if s == nil {
		s = &shelf{}
		a.shelves[who] = s
	}
	return s
}

// learn takes in a record of the shelf's origin, if it is later than what is
// known.
func (s *shelf) learn(record []byte) {
	r, _, _, err := wire.ParseRecord(record)
	if err == nil && (s.record == nil || r.Revision > s.revision) {
		s.record, s.revision = record, r.Revision
	}
}

// recordOf returns what an origin says of itself, or nil.
func (a *archive) recordOf(who Member) []byte {
	if s := a.shelves[who]; s != nil {
		return s.record
	}
	return nil
}

// add takes in a message that is later in its origin's sequence than all that
// is held of it; others are left out. giver is whose link it came over: zero
// for the history file.
func (a *archive) add(it *item, giver peer.ID, now time.Time) {
	s := a.shelf(it.origin)
	if last := s.last(); last != nil {
		if last.seq >= it.seq {
			return
		}
		if it.at.Before(last.at) {
			it.at = last.at // it was said after that, whatever age another gives it
		}
	}
	a.own(s, share.Owner{Giver: giver, Author: it.origin.ID})
	if a.history == 0 || now.Sub(it.at) > historyAge {
		a.pass(s, len(s.items))
	}
	s.items = append(s.items, it)
	s.tip = tip{it.seq, it.digest}
	a.held.Add(s.owner, 1, it.size())
	if a.history > 0 && now.Sub(it.at) <= historyAge {
		a.past.Add(s.owner, 1, it.size())
	} else {
		s.past = len(s.items)
	}
	a.bound()
}

// own settles whose share a shelf counts against: that of who gave the first
// of it, until its origin speaks for itself.
func (a *archive) own(s *shelf, o share.Owner) {
	if o == s.owner || len(s.items) > 0 && o.Giver != o.Author {
		return
	}
	for i, it := range s.items {
		a.held.Add(s.owner, -1, -it.size())
		a.held.Add(o, 1, it.size())
		if i >= s.past {
			a.past.Add(s.owner, -1, -it.size())
			a.past.Add(o, 1, it.size())
		}
	}
	s.owner = o
}

// pass takes what comes before index i of a shelf out of the history.
func (a *archive) pass(s *shelf, i int) {
	for ; s.past < i; s.past++ {
		a.past.Add(s.owner, -1, -s.items[s.past].size())
	}
}

// drop forgets the oldest of a shelf.
func (a *archive) drop(s *shelf) {
	a.pass(s, 1)
	a.held.Add(s.owner, -1, -s.items[0].size())
	s.items[0] = nil
	s.items = s.items[1:]
	s.past--
	if len(s.items) == 0 {
		s.items = nil
	}
}

// bound drops what is too much.
func (a *archive) bound() {
	for a.past.Total(share.Count) > int64(a.history) {
		s := a.oldest(a.past.Most(share.Count), (*shelf).firstPast)
		a.pass(s, s.past+1)
	}
	for a.past.Total(share.Bytes) > a.historyBytes {
		s := a.oldest(a.past.Most(share.Bytes), (*shelf).firstPast)
		a.pass(s, s.past+1)
	}
	for a.held.Total(share.Bytes) > a.healingBytes {
		a.drop(a.oldest(a.held.Most(share.Bytes), (*shelf).first))
	}
}

// oldest returns, of those shelves whose owners have most, the one whose first
// item is the oldest.
func (a *archive) oldest(most func(share.Owner) bool, first func(*shelf) *item) *shelf {
	var found *shelf
	var at time.Time
	for _, s := range a.shelves {
		it := first(s)
		if it == nil || found != nil && !it.at.Before(at) || !most(s.owner) {
			continue
		}
		found, at = s, it.at
	}
	return found
}

// expire forgets what is too old to be of use to anybody, and the records of
// origins that nothing is held of and that keep reports false for.
func (a *archive) expire(now time.Time, keep func(Member) bool) {
	for who, s := range a.shelves {
		for it := s.firstPast(); it != nil && now.Sub(it.at) > historyAge; it = s.firstPast() {
			a.pass(s, s.past+1)
		}
		for s.past > 0 && now.Sub(s.items[0].at) > rememberFor {
			a.drop(s)
		}
		if len(s.items) == 0 && !keep(who) {
			delete(a.shelves, who)
		}
	}
}

// find returns the message of that sequence, or nil.
func (a *archive) find(origin Member, seq uint64) *item {
	if s := a.shelves[origin]; s != nil {
		return s.at(seq)
	}
	return nil
}

// from returns the first message of an origin from seq on, or nil.
func (a *archive) from(origin Member, seq uint64) *item {
	s := a.shelves[origin]
	if s == nil {
		return nil
	}
	i := s.search(seq)
	if i == len(s.items) {
		return nil
	}
	return s.items[i]
}

// last returns the last item of an origin, or nil.
func (a *archive) last(origin Member) *item {
	if s := a.shelves[origin]; s != nil {
		return s.last()
	}
	return nil
}

// newcomer returns how many messages it would get at the most.
func (a *archive) newcomer() uint64 {
	return uint64(a.past.Total(share.Count))
}

// search returns the index of the first item from seq on.
func (s *shelf) search(seq uint64) int {
	return sort.Search(len(s.items), func(i int) bool { return s.items[i].seq >= seq })
}

// at returns the item of that sequence, or nil.
func (s *shelf) at(seq uint64) *item {
	if i := s.search(seq); i < len(s.items) && s.items[i].seq == seq {
		return s.items[i]
	}
	return nil
}

func (s *shelf) first() *item {
	if len(s.items) == 0 {
		return nil
	}
	return s.items[0]
}

func (s *shelf) firstPast() *item {
	if s.past == len(s.items) {
		return nil
	}
	return s.items[s.past]
}

func (s *shelf) last() *item {
	if len(s.items) == 0 {
		return nil
	}
	return s.items[len(s.items)-1]
}

func memberOf(m wire.Member) Member { return Member{ID: m.ID, Instance: m.Instance} }
