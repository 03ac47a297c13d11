package mesh

import (
	"crypto/sha256"
	"encoding/binary"
	"sort"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// Two bounds, not one. The healing log is what somebody may lack who was here,
// or was away for a short time; the history is for those who come later.
const (
	healingBytes = 32 << 20
	historyBytes = 8 << 20
	historyAge   = 24 * time.Hour
	// maxHistory is the most messages of history, and what a Config that says
	// nothing asks for and keeps.
	maxHistory = 1000
	// itemCost is what an item takes beside its frame.
	itemCost = 200
)

// item is a broadcast that this node holds, whoever said it.
type item struct {
	origin     Member
	seq, clock uint64
	at         time.Time // first receipt, by whomever it was
	frame      []byte    // the message as it was signed
}

func (it *item) size() int64 { return int64(len(it.frame)) + itemCost }

func (it *item) digest() uint64 {
	sum := sha256.Sum256(it.frame)
	return binary.BigEndian.Uint64(sum[:])
}

// shelf is what is held of one origin, in the order of its sequence, with what
// the origin says of itself.
type shelf struct {
	record   []byte // signed; nil: not known
	items    []*item
	conflict bool // it signed two messages with one sequence number, and that was told
}

// archive holds what has been said in the room, in the order of receipt, for
// those who lack it.
type archive struct {
	history int // messages of history that are kept for newcomers
	items   []*item
	shelves map[Member]*shelf
	size    int64
}

func newArchive(history int) *archive {
	return &archive{history: history, shelves: make(map[Member]*shelf)}
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

// recordOf returns what an origin says of itself, or nil.
func (a *archive) recordOf(who Member) []byte {
	if s := a.shelves[who]; s != nil {
		return s.record
	}
	return nil
}

// add takes in a message that is later in its origin's sequence than all that
// is held of it; others are left out.
func (a *archive) add(it *item, now time.Time) {
	s := a.shelf(it.origin)
	if n := len(s.items); n > 0 && s.items[n-1].seq >= it.seq {
		return
	}
	s.items = append(s.items, it)
	a.items = append(a.items, it)
	a.size += it.size()
	a.trim(now)
}

// trim drops the oldest while they are worth nothing to anybody.
func (a *archive) trim(now time.Time) {
	n := 0
	for n < len(a.items) && a.expired(a.items[n], len(a.items)-n, now) {
		a.drop(a.items[n])
		a.items[n] = nil
		n++
	}
	a.items = a.items[n:]
	if len(a.items) == 0 {
		a.items = nil
	}
}

// expired reports whether an item is worth nothing, with so many from it on.
func (a *archive) expired(it *item, count int, now time.Time) bool {
	if a.size > healingBytes {
		return true
	}
	age := now.Sub(it.at)
	return age > rememberFor && (count > a.history || a.size > historyBytes || age > historyAge)
}

func (a *archive) drop(it *item) {
	a.size -= it.size()
	s := a.shelves[it.origin]
	s.items[0] = nil
	if s.items = s.items[1:]; len(s.items) == 0 {
		s.items = nil
	}
}

// sweep forgets the records of origins that nothing is held of and that keep
// reports false for.
func (a *archive) sweep(keep func(Member) bool) {
	for who, s := range a.shelves {
		if len(s.items) == 0 && !keep(who) {
			delete(a.shelves, who)
		}
	}
}

// find returns the message of that sequence, or nil.
func (a *archive) find(origin Member, seq uint64) *item {
	s := a.shelves[origin]
	if s == nil {
		return nil
	}
	i := s.search(seq)
	if i == len(s.items) || s.items[i].seq != seq {
		return nil
	}
	return s.items[i]
}

// search returns the index of the first item from seq on.
func (s *shelf) search(seq uint64) int {
	return sort.Search(len(s.items), func(i int) bool { return s.items[i].seq >= seq })
}

// last returns the last item of an origin, or nil.
func (a *archive) last(origin Member) *item {
	s := a.shelves[origin]
	if s == nil || len(s.items) == 0 {
		return nil
	}
	return s.items[len(s.items)-1]
}

// newcomer returns how many messages it would get at the most.
func (a *archive) newcomer(now time.Time) uint64 {
	for i := len(a.items) - 1; i >= 0; i-- {
		if now.Sub(a.items[i].at) <= historyAge { // mostly the first that is looked at
			return uint64(min(i+1, a.history))
		}
	}
	return 0
}

// past returns the history for somebody who asks for limit messages: the last
// ones that skip is not true for.
func (a *archive) past(limit int, skip func(*item) bool, besides Member, now time.Time) []*item {
	limit = min(limit, a.history)
	var out []*item
	var size int64
	for i := len(a.items) - 1; i >= 0 && len(out) < limit; i-- {
		it := a.items[i]
		if now.Sub(it.at) > historyAge {
			continue // those before it may be younger: the age of some is another's word
		}
		if size += it.size(); size > historyBytes {
			break
		}
		if it.origin != besides && (skip == nil || !skip(it)) {
			out = append(out, it)
		}
	}
	return out
}

// answer returns what somebody lacks that asks, oldest first.
func (a *archive) answer(ask wire.Ask, asker Member, now time.Time) []*item {
	listed := make(map[Member]wire.Holding, len(ask.Holdings))
	for _, h := range ask.Holdings {
		listed[memberOf(h.Member)] = h
	}
	var out []*item
	for who, h := range listed {
		s := a.shelves[who]
		if s == nil || who == asker {
			continue
		}
		if it := a.find(who, h.Last); it != nil && it.digest() != h.Digest {
			out = append(out, it) // the origin said two things
		}
		if h.To == 0 {
			out = append(out, s.items[s.search(h.From):]...)
		}
	}
	out = append(out, a.past(int(ask.Limit), func(it *item) bool {
		h, ok := listed[it.origin]
		if !ok {
			return ask.Only
		}
		return h.To == 0 || it.seq < h.From || it.seq >= h.To
	}, asker, now)...)
	sort.SliceStable(out, func(i, j int) bool { return earlierItem(out[i], out[j]) })
	return out
}

// earlierItem orders messages by their senders' clocks. A clock that was far
// ahead when the message came counts as the time of receipt.
func earlierItem(a, b *item) bool {
	if x, y := a.order(), b.order(); x != y {
		return x < y
	}
	return a.seq < b.seq
}

func (it *item) order() uint64 {
	if clock(it.clock) > wall(it.at.Add(clockLead)) {
		return uint64(wall(it.at))
	}
	return it.clock
}

func memberOf(m wire.Member) Member { return Member{ID: m.ID, Instance: m.Instance} }
