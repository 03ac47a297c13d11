package mesh

import (
	"context"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// lookAround is how long a node has to have been here before it can have seen
// everybody: answers to its first questions may take 120 ms (RFC 6762, section
// 6), and a dial some ten more. Who meets a member that has been here for as
// long hears of everybody from that one. But two that start at one moment may
// well meet each other before either has heard of the rest.
const lookAround = 250 * time.Millisecond

// meetWithin is how long it takes to meet whom one has heard of, at the most that
// is waited for: on a LAN ten milliseconds, over a third a second or two.
const meetWithin = 3 * time.Second

// liveFromLocked returns from which of our broadcasts on all are live for
// somebody whom we meet for the first time: from the first that we accepted
// when we had heard that it is here, or could have, since we had only just come
// into the room ourselves. It was here then; that others were met sooner is
// chance. Whoever comes later gets it as history.
func (n *Node) liveFromLocked(in peer.Instance, now time.Time) uint64 {
	since := now
	if known, ok := n.contacts.Known(in); ok && known.Before(since) {
		since = known
	}
	if at := n.paths.HeardOf(in); !at.IsZero() && at.Before(since) {
		since = at
	}
	if len(n.present) > 0 && since.Before(n.arrived.Add(lookAround)) && !since.Before(n.arrived) {
		since = n.arrived.Add(-1) // that moment counts
	}
	if first := now.Add(-meetWithin); since.Before(first) {
		since = first
	}
	items := n.archive.shelf(n.self.Member).items
	i := sort.Search(len(items), func(i int) bool { return items[i].at.After(since) })
	if i == len(items) {
		return n.stream.next()
	}
	return items[i].seq
}

// Settle waits until this node has met everybody of whom it knows that they are
// here: whom discovery sights in this room, whom [Config.Peers] names and who
// has not refused, and whom a member says that it reaches. What was said since
// these were heard of is live for all of them, if it was said in the last three
// seconds; what was said before reaches them as history, or not at all if they
// take none.
//
// It takes as long as the slowest dial; if nobody who was met had been here for a
// quarter of a second, it takes that long after [Join] at the least. When ctx
// ends first it returns who is missing, ordered by instance, and ctx's error;
// nobody may be missing then, when a member has not told yet whom it knows. Whom
// nobody reaches is missing for as long as it is sighted, so give ctx a deadline.
func (n *Node) Settle(ctx context.Context) (missing []Sighting, err error) {
	for {
		n.mu.Lock()
		missing = n.missingLocked()
		wait := n.unsettledLocked(time.Now())
		turned := n.turned.channel()
		n.mu.Unlock()
		if len(missing) == 0 && wait == 0 {
			return nil, nil
		}
		var looked <-chan time.Time
		if wait > 0 {
			looked = time.After(wait)
		}
		select {
		case <-turned:
		case <-looked:
		case <-n.done:
			return missing, ErrClosed
		case <-ctx.Done():
			return missing, ctx.Err()
		}
	}
}

// unsettledLocked returns how long it takes until everybody can have been heard
// of: 0 when that is so, negative while a member has not said whom it knows.
func (n *Node) unsettledLocked(now time.Time) time.Duration {
	told := false
	for instance, l := range n.links {
		if l.tunnel != nil || l.quiet {
			continue
		}
		if n.paths.Pending(instance, now) {
			return -1
		}
		told = told || l.settled
	}
	if told {
		return 0
	}
	return max(0, n.born.Add(lookAround).Sub(now))
}

// missingLocked returns who is said to be here and is no member.
func (n *Node) missingLocked() []Sighting {
	absent := make(map[peer.Instance]bool)
	for _, instance := range n.contacts.Expected() {
		absent[instance] = true
	}
	for instance, l := range n.links {
		if l.m != nil && !l.m.present && !l.m.gone {
			absent[instance] = true
		}
	}
	for _, to := range n.paths.Targets() {
		absent[to] = absent[to] || !n.contacts.IsGone(to)
	}
	for _, p := range n.present {
		absent[p.Instance] = false
	}
	var out []Sighting
	for instance, is := range absent {
		if !is {
			continue
		}
		c, ok := n.contacts.Of(instance)
		if !ok {
			c.Instance = instance
		}
		out = append(out, n.sightingLocked(c))
	}
	slices.SortStableFunc(out, func(a, b Sighting) int { return strings.Compare(a.Instance, b.Instance) })
	for _, c := range n.contacts.Unanswered() {
		out = append(out, n.sightingLocked(c))
	}
	return out
}
