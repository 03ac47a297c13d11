package mesh

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// eventCost is what an event counts for beside its data.
const eventCost = 256

// errEnd ends a queue quietly.
var errEnd = errors.New("end of events")

// queue holds the events that the program has not read yet. It never blocks
// whoever adds: past its bound, messages become a Gap in their place. Past
// twice its bound, which takes tens of thousands of members that come and go,
// a visit that nobody saw begin is forgotten when it ends, and what is told only
// once is lost. All of it is done under [Node]'s lock, so none of it looks through
// the whole queue.
type queue struct {
	ready signal

	mu    sync.Mutex     // guards what follows
	items []Event        // nil where one was forgotten
	holes int            // in items
	size  int            // of all but history
	past  int            // of history
	limit int            // of size, for messages
	most  int            // of past
	ends  map[Member]end // of those of whom there is any
	start int            // the position of the first of items; from 1 on
	ended error
	done  chan struct{}
}

// end is where the queue has what may still change of a member: positions, of
// which those before the start, as 0, are of none.
type end struct {
	joined   int // its Joined, unless a Left follows
	gap      int // a Gap that no message of it follows
	rerouted int // its last Rerouted since then
}

func newQueue(bounds limits) *queue {
	return &queue{limit: bounds.queued, most: int(bounds.history) + maxHistory*eventCost, ready: newSignal(), ends: make(map[Member]end), start: 1, done: make(chan struct{})}
}

// push adds an event.
func (q *queue) push(ev Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended != nil {
		return
	}
	who := eventOf(ev)
	e := q.ends[who]
	switch ev := ev.(type) {
	case Message:
		if ev.History {
			if q.past+cost(ev) <= q.most {
				q.addLocked(ev)
			}
			return
		}
		if q.size+cost(ev) > q.limit {
			q.missedLocked(Gap{From: ev.From, Count: 1})
			return
		}
		e.gap = 0
	case Gap:
		q.missedLocked(ev)
		return
	case Joined:
		e = end{joined: q.nextLocked()}
	case Left:
		if q.size >= 2*q.limit && e.joined >= q.start {
			q.forgetLocked(who, e.joined)
			return
		}
		e = end{}
	case Rerouted:
		if q.size >= q.limit && e.rerouted >= q.start { // only the last way matters
			q.items[e.rerouted-q.start] = ev
			return
		}
		e.rerouted = q.nextLocked()
	case Conflict, HistoryFailed, Refused:
		if q.size >= 2*q.limit {
			return
		}
	}
	q.endsLocked(who, e)
	q.addLocked(ev)
}

// nextLocked is the position of the next event.
func (q *queue) nextLocked() int { return q.start + len(q.items) }

func (q *queue) endsLocked(who Member, e end) {
	if max(e.joined, e.gap, e.rerouted) < q.start {
		delete(q.ends, who)
		return
	}
	q.ends[who] = e
}

func (q *queue) addLocked(ev Event) {
	q.items = append(q.items, ev)
	*q.share(ev) += cost(ev)
	q.ready.set()
}

// share is what an event counts for. History comes in bursts of its own bound:
// it must not cost a program that reads a live message.
func (q *queue) share(ev Event) *int {
	if m, ok := ev.(Message); ok && m.History {
		return &q.past
	}
	return &q.size
}

// missedLocked adds to the origin's last Gap if nothing that it said follows it.
func (q *queue) missedLocked(g Gap) {
	e := q.ends[g.From.Member]
	if e.gap >= q.start {
		last := q.items[e.gap-q.start].(Gap)
		last.Count += g.Count
		q.items[e.gap-q.start] = last
		return
	}
	e.gap = q.nextLocked()
	q.ends[g.From.Member] = e
	q.addLocked(g)
}

// forgetLocked removes everything of a member from its Joined on.
func (q *queue) forgetLocked(who Member, joined int) {
	delete(q.ends, who)
	for i := joined - q.start; i < len(q.items); i++ {
		if ev := q.items[i]; ev != nil && eventOf(ev) == who {
			*q.share(ev) -= cost(ev)
			q.items[i] = nil
			q.holes++
		}
	}
	if q.holes > 64 && q.holes > len(q.items)/2 {
		q.closeLocked()
	}
}

// closeLocked closes the holes.
func (q *queue) closeLocked() {
	kept, moved := q.items[:0], make(map[Member]end, len(q.ends))
	for i, ev := range q.items {
		if ev == nil {
			continue
		}
		who, was, now := eventOf(ev), q.start+i, q.start+len(kept)
		e, old := moved[who], q.ends[who]
		switch was {
		case old.joined:
			e.joined = now
		case old.gap:
			e.gap = now
		case old.rerouted:
			e.rerouted = now
		}
		if e != (end{}) {
			moved[who] = e
		}
		kept = append(kept, ev)
	}
	clear(q.items[len(kept):])
	q.items, q.holes, q.ends = kept, 0, moved
}

// all yields what is added, until the queue ends.
func (q *queue) all(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			ev, err := q.next(ctx)
			if errors.Is(err, errEnd) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(ev, nil) {
				return
			}
		}
	}
}

// next waits for an event.
func (q *queue) next(ctx context.Context) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ev, err := q.pop()
		if ev != nil || err != nil {
			return ev, err
		}
		select {
		case <-q.ready:
		case <-q.done:
		case <-ctx.Done():
		}
	}
}

func (q *queue) pop() (Event, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) > 0 {
		ev := q.items[0]
		q.items[0] = nil
		q.items = q.items[1:]
		q.start++
		if ev == nil {
			q.holes--
			continue
		}
		*q.share(ev) -= cost(ev)
		q.endsLocked(eventOf(ev), q.ends[eventOf(ev)])
		if len(q.items) > 0 {
			q.ready.set() // for another reader
		}
		return ev, nil
	}
	return nil, q.ended
}

// end lets readers take what is left, unless drop is set, and then tells them err.
func (q *queue) end(err error, drop bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if drop {
		q.items, q.holes = nil, 0
		clear(q.ends)
	}
	if q.ended == nil {
		q.ended = err
		close(q.done)
	}
}

func cost(ev Event) int {
	switch ev := ev.(type) {
	case Message:
		return eventCost + len(ev.Data)
	case Joined:
		return eventCost + topicsCost(ev.Peer)
	case Left:
		return eventCost + topicsCost(ev.Peer)
	}
	return eventCost
}

// topicsCost is what the topics of a peer take, which are no other event's.
func topicsCost(p Peer) int {
	size := 0
	for _, t := range p.Topics {
		size += len(t) + 16
	}
	return size
}

func eventOf(ev Event) Member {
	switch ev := ev.(type) {
	case Joined:
		return ev.Peer.Member
	case Left:
		return ev.Peer.Member
	case Rerouted:
		return ev.Peer.Member
	case Message:
		return ev.From.Member
	case Gap:
		return ev.From.Member
	case Conflict:
		return ev.From.Member
	}
	return Member{}
}

// signal wakes one waiter; set before anybody waits, it is not lost. It never
// blocks, so it may be set with a lock held.
type signal chan struct{}

func newSignal() signal { return make(chan struct{}, 1) }

func (s signal) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}
