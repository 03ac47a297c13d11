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
// a visit that nobody saw begin is forgotten when it ends.
type queue struct {
	ready signal

	mu    sync.Mutex // guards what follows
	items []Event
	size  int            // of all but history
	past  int            // of history
	limit int            // of size, for messages
	most  int            // of past
	gaps  map[Member]int // index in items, from start, of a Gap that is its origin's last event
	start int            // how many events were ever taken out of the front
	ended error
	done  chan struct{}
}

func newQueue(bounds limits) *queue {
	return &queue{limit: bounds.queued, most: int(bounds.history) + maxHistory*eventCost, ready: newSignal(), gaps: make(map[Member]int), done: make(chan struct{})}
}

// push adds an event.
func (q *queue) push(ev Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended != nil {
		return
	}
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
		delete(q.gaps, ev.From.Member)
	case Gap:
		q.missedLocked(ev)
		return
	case Joined:
		delete(q.gaps, ev.Peer.Member)
	case Left:
		delete(q.gaps, ev.Peer.Member)
		if q.size >= 2*q.limit && q.forgetVisitLocked(ev.Peer.Member) {
			return
		}
	}
	q.addLocked(ev)
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

// missedLocked adds to the origin's last Gap if nothing of the origin follows it.
func (q *queue) missedLocked(g Gap) {
	if i, ok := q.gaps[g.From.Member]; ok && i >= q.start {
		last := q.items[i-q.start].(Gap)
		last.Count += g.Count
		q.items[i-q.start] = last
		return
	}
	q.gaps[g.From.Member] = q.start + len(q.items)
	q.addLocked(g)
}

// forgetVisitLocked removes everything of a member from its Joined on. It
// reports false if the program has seen the Joined already.
func (q *queue) forgetVisitLocked(m Member) bool {
	joined := -1
	for i, ev := range q.items {
		if j, ok := ev.(Joined); ok && j.Peer.Member == m {
			joined = i
		}
	}
	if joined < 0 {
		return false
	}
	kept := q.items[:0]
	clear(q.gaps)
	for i, ev := range q.items {
		if i >= joined && eventOf(ev) == m {
			*q.share(ev) -= cost(ev)
			continue
		}
		delete(q.gaps, eventOf(ev))
		if _, ok := ev.(Gap); ok {
			q.gaps[eventOf(ev)] = q.start + len(kept)
		}
		kept = append(kept, ev)
	}
	clear(q.items[len(kept):])
	q.items = kept
	return true
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
	if len(q.items) == 0 {
		return nil, q.ended
	}
	ev := q.items[0]
	q.items[0] = nil
	q.items = q.items[1:]
	q.start++
	*q.share(ev) -= cost(ev)
	if len(q.items) > 0 {
		q.ready.set() // for another reader
	}
	return ev, nil
}

// end lets readers take what is left, unless drop is set, and then tells them err.
func (q *queue) end(err error, drop bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if drop {
		q.items = nil
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
