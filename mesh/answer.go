package mesh

import (
	"cmp"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// cursor is a part of an answer that is still to be written: messages of one
// origin. Like a link's cursor into the stream it keeps nothing alive: what the
// archive forgets meanwhile is left out.
type cursor struct {
	origin    Member
	next, end uint64 // sequences; end is not part of it
	key       uint64 // orders next among what others said
}

// answer is what is left of an answer to an ask.
type answer struct {
	cursors []cursor        // by key
	told    map[Member]bool // whose record is in it
	due     bool            // it is not complete
}

// answer returns what somebody lacks that asks.
func (a *archive) answer(ask wire.Ask, asker Member, order order) []cursor {
	var list []cursor
	listed := make(map[Member]wire.Holding, len(ask.Holdings))
	for _, h := range ask.Holdings {
		listed[memberOf(h.Member)] = h
	}
	for who, h := range listed {
		if who == asker {
			continue
		}
		if it := a.find(who, h.Last); it != nil && it.digest != h.Digest {
			list = append(list, cursor{origin: who, next: it.seq, end: it.seq + 1}) // the origin said two things
		}
		if last := a.last(who); last != nil && h.To == 0 {
			list = append(list, cursor{origin: who, next: h.From, end: last.seq + 1})
		}
	}
	list = append(list, a.pastCursors(ask, listed, asker, order)...)
	kept := list[:0]
	for _, c := range list {
		if a.settle(&c, order) {
			kept = append(kept, c)
		}
	}
	slices.SortStableFunc(kept, cursor.compare)
	return kept
}

// pastCursors returns the history for somebody: the last messages, as many as
// it asks for, but for those that are listed without an end.
func (a *archive) pastCursors(ask wire.Ask, listed map[Member]wire.Holding, asker Member, order order) []cursor {
	var all []keyed
	for who, s := range a.shelves {
		h, ok := listed[who]
		if who == asker || ok && h.To == 0 || !ok && ask.Only {
			continue
		}
		items := s.items[s.past:]
		if ok {
			items = s.items[max(s.past, s.search(h.From)):max(s.past, s.search(h.From), s.search(h.To))]
		}
		all = append(all, order.keys(items)...)
	}
	slices.SortStableFunc(all, keyed.compare)
	all = all[max(0, len(all)-int(ask.Limit)):]
	var list []cursor
	index := make(map[Member]int)
	for _, k := range all {
		i, ok := index[k.origin]
		if !ok {
			i = len(list)
			index[k.origin] = i
			list = append(list, cursor{origin: k.origin, next: k.seq})
		}
		list[i].end = k.seq + 1
	}
	return list
}

// settle puts a cursor on the next message that is held. It reports false if
// there is none.
func (a *archive) settle(c *cursor, order order) bool {
	it := a.from(c.origin, c.next)
	if it == nil || it.seq >= c.end {
		return false
	}
	c.next, c.key = it.seq, max(c.key, order.key(it))
	return true
}

// compare orders cursors by what they are on.
func (c cursor) compare(d cursor) int {
	return cmp.Or(cmp.Compare(c.key, d.key), cmp.Compare(c.next, d.next))
}

// appendAnswer appends what fits of an answer.
func (n *Node) appendAnswer(l *link, buf []byte, now time.Time) []byte {
	order := n.orderLocked()
	for l.answer.settle(n.archive, order) {
		it := n.archive.find(l.answer.cursors[0].origin, l.answer.cursors[0].next)
		if record := n.archive.recordOf(it.origin); record != nil && !l.answer.told[it.origin] {
			if len(buf)+wire.FrameHeader+len(record) > batchSize {
				return buf
			}
			buf = wire.AppendRecordFrame(buf, record)
		}
		l.answer.told[it.origin] = true
		// Beside its record the longest message does not fit a link message.
		if len(buf) > 0 && len(buf)+wire.FrameHeader+8+len(it.frame) > batchSize {
			return buf
		}
		buf = wire.AppendPast(buf, now.Sub(it.at), it.frame)
		l.answer.advance(n.archive, order)
	}
	l.answer.due = false
	return wire.AppendAsked(buf)
}

// settle puts the first cursor on a message that is still held. It reports false
// when there is nothing more to be written.
func (w *answer) settle(a *archive, order order) bool {
	for len(w.cursors) > 0 {
		c := w.cursors[0]
		if a.find(c.origin, c.next) != nil {
			return true
		}
		w.move(c, a, order)
	}
	return false
}

// advance moves the first cursor past the message that it is on.
func (w *answer) advance(a *archive, order order) {
	c := w.cursors[0]
	c.next++
	w.move(c, a, order)
}

// move puts c on the next message that is held, and has it in the place of the
// first cursor where that belongs.
func (w *answer) move(c cursor, a *archive, order order) {
	w.cursors = w.cursors[1:]
	if !a.settle(&c, order) {
		return
	}
	i, _ := slices.BinarySearchFunc(w.cursors, c, cursor.compare)
	w.cursors = slices.Insert(w.cursors, i, c)
}
