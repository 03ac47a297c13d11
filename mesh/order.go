package mesh

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// order is the order in which messages of several origins are told: by their
// senders' clocks, but those of one origin by its sequence alone. A clock may
// have been set back between two of them.
type order struct {
	now, wall time.Time // one moment, by the clock that nobody sets and by the other
}

func (n *Node) orderLocked() order { return order{now: time.Now(), wall: n.wall()} }

// key is where a message stands among those of other origins. A clock that was
// far ahead when the message came counts as the time of receipt.
func (o order) key(it *item) uint64 {
	received := o.wall.Add(-o.now.Sub(it.at))
	if clock(it.clock) > wall(received.Add(clockLead)) {
		return uint64(wall(received))
	}
	return it.clock
}

// keyed is a message in an order.
type keyed struct {
	*item
	key uint64
}

func (k keyed) compare(other keyed) int {
	return cmp.Or(cmp.Compare(k.key, other.key), cmp.Compare(k.seq, other.seq))
}

// keys returns the keys of one origin's messages, in the order of its sequence:
// none is before its predecessor.
func (o order) keys(items []*item) []keyed {
	list := make([]keyed, len(items))
	var least uint64
	for i, it := range items {
		least = max(least, o.key(it))
		list[i] = keyed{it, least}
	}
	return list
}

// sort puts messages in order.
func (o order) sort(items []*item) {
	slices.SortStableFunc(items, func(a, b *item) int {
		return cmp.Or(a.origin.compare(b.origin), cmp.Compare(a.seq, b.seq))
	})
	var all []keyed
	for rest := items; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].origin == rest[0].origin {
			n++
		}
		all = append(all, o.keys(rest[:n])...)
		rest = rest[n:]
	}
	slices.SortStableFunc(all, keyed.compare)
	for i, k := range all {
		items[i] = k.item
	}
}

func (m Member) compare(other Member) int {
	return cmp.Or(bytes.Compare(m.ID[:], other.ID[:]), bytes.Compare(m.Instance[:], other.Instance[:]))
}
