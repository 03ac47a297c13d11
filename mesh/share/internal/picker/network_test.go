package picker

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

// network is nodes and the streams between them, in virtual time: what is sent
// shares the links of both ends as TCP would, each stream with a weight of its
// own, and what is announced waits behind the piece that is being sent.
type network struct {
	now     time.Duration
	random  *rand.Rand
	latency time.Duration // of a message, at most; a twentieth at least
	events  events
	number  int
	nodes   []*node
	streams []*stream
	next    time.Duration // when the next piece has been sent
	stale   bool          // the rates are not those of the streams that send
	offset  func(int) int64
	pieces  int
}

// event is something that happens at a time, in the order in which it was put in.
type event struct {
	at     time.Duration
	number int
	do     func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].number < e[j].number
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// stream is one direction between two nodes.
type stream struct {
	from, to *node
	queue    []bits.Run
	left     float64 // bytes of the first piece of the queue that are not sent
	weight   float64
	rate     float64 // bytes a second
	arrived  time.Duration
	closed   bool
}

func (n *network) at(d time.Duration, do func()) {
	n.number++
	heap.Push(&n.events, event{max(d, n.now), n.number, do})
}

func (n *network) time() time.Time { return time.Unix(0, 0).Add(n.now) }

func (n *network) stream(from, to *node) *stream {
	if s := from.streams[to]; s != nil {
		return s
	}
	s := &stream{from: from, to: to, weight: 0.7 + 0.7*n.random.Float64()}
	from.streams[to] = s
	n.streams = append(n.streams, s)
	return s
}

// send brings a message there, behind what was sent before and the piece under
// way.
func (n *network) send(from, to *node, do func()) {
	s := n.stream(from, to)
	at := n.now + n.latency/20 + time.Duration(n.random.Float64()*float64(n.latency)*19/20)
	if len(s.queue) > 0 && s.rate > 0 {
		at += min(time.Duration(s.left/s.rate*float64(time.Second)), time.Minute)
	}
	s.arrived = max(s.arrived, at)
	n.at(s.arrived, func() {
		if !s.closed && !to.gone {
			do()
		}
	})
}

// close ends both directions, whatever is under way.
func (n *network) close(a, b *node) {
	for _, s := range []*stream{n.stream(a, b), n.stream(b, a)} {
		s.closed = true
		s.queue = nil
		delete(s.from.streams, s.to)
	}
	n.stale = true
}

// enqueue has a run sent.
func (n *network) enqueue(s *stream, r bits.Run) {
	if len(s.queue) == 0 {
		s.left = float64(n.size(r.First))
		n.stale = true
	}
	s.queue = append(s.queue, r)
}

// dequeue takes what is not being sent yet out of the queue.
func (n *network) dequeue(s *stream, r bits.Run) {
	if len(s.queue) == 0 {
		return
	}
	h := &holder{}
	for _, q := range s.queue {
		h.asked = append(h.asked, ask{Run: q})
	}
	current := s.queue[0].First
	p := &Picker{offset: n.offset}
	p.cut(h, r)
	s.queue = s.queue[:0]
	if len(h.asked) == 0 || h.asked[0].First != current {
		s.queue = append(s.queue, bits.Run{First: current, Count: 1})
	}
	for _, a := range h.asked {
		s.queue = append(s.queue, a.Run)
	}
}

func (n *network) size(i int) int64 { return n.offset(i+1) - n.offset(i) }

// advance lets time pass up to at, in which nothing ends.
func (n *network) advance(at time.Duration) {
	d := (at - n.now).Seconds()
	if d > 0 {
		for _, s := range n.streams {
			if len(s.queue) > 0 {
				s.left -= s.rate * d
			}
		}
	}
	n.now = at
}

// share gives each stream that sends its rate: the one that gets least gets as
// much as it can, and so on.
func (n *network) share() {
	n.stale = false
	var active []*stream
	kept := n.streams[:0]
	for _, s := range n.streams {
		if s.closed {
			continue
		}
		kept = append(kept, s)
		s.rate = 0
		if len(s.queue) > 0 {
			active = append(active, s)
		}
	}
	n.streams = kept
	for len(active) > 0 {
		for _, v := range n.nodes {
			v.upload, v.download = load{left: v.up}, load{left: v.down}
		}
		for _, s := range n.streams {
			s.from.upload.left -= s.rate
			s.to.download.left -= s.rate
		}
		for _, s := range active {
			s.from.upload.weight += s.weight
			s.to.download.weight += s.weight
		}
		least := math.Inf(1)
		for _, v := range n.nodes {
			least = min(least, v.upload.each(), v.download.each())
		}
		rest := active[:0]
		for _, s := range active {
			if min(s.from.upload.each(), s.to.download.each()) > least*(1+1e-9) {
				rest = append(rest, s)
				continue
			}
			s.rate = least * s.weight
		}
		active = rest
	}
	n.next = math.MaxInt64
	for _, s := range n.streams {
		if len(s.queue) > 0 {
			n.next = min(n.next, n.ends(s))
		}
	}
}

// load is what a link has left, and the weight of those streams that have no rate
// yet.
type load struct{ left, weight float64 }

func (l load) each() float64 {
	if l.weight == 0 {
		return math.Inf(1)
	}
	return max(l.left, 0) / l.weight
}

// ends is when the piece has been sent that is being sent.
func (n *network) ends(s *stream) time.Duration {
	if s.rate <= 0 {
		return math.MaxInt64
	}
	return n.now + time.Duration(math.Ceil(max(s.left, 0)/s.rate*1e9))
}

// run lets everything happen until done, and says whether that came in time.
func (n *network) run(limit time.Duration, done func() bool) bool {
	for !done() {
		if n.stale {
			n.share()
		}
		if len(n.events) > 0 && n.events[0].at <= n.next {
			e := heap.Pop(&n.events).(event)
			n.advance(e.at)
			e.do()
		} else {
			n.advance(n.next)
			n.sent()
		}
		if n.now > limit {
			return false
		}
	}
	return true
}

// sent hands over the pieces that have been sent by now.
func (n *network) sent() {
	n.next = math.MaxInt64
	for _, s := range n.streams {
		if len(s.queue) == 0 {
			continue
		}
		if s.left < 1e-3*float64(max(s.rate/1e6, 1)) {
			n.piece(s)
		}
		if len(s.queue) > 0 {
			n.next = min(n.next, n.ends(s))
		}
	}
}

func (n *network) piece(s *stream) {
	i := s.queue[0].First
	s.queue[0].First++
	if s.queue[0].Count--; s.queue[0].Count == 0 {
		s.queue = s.queue[1:]
	}
	if len(s.queue) > 0 {
		s.left = float64(n.size(s.queue[0].First))
	} else {
		n.stale = true
	}
	s.from.sent += n.size(i)
	from, to := s.from, s.to
	left := s.left
	s.left = 0 // it is not behind itself
	n.send(from, to, func() { to.piece(from, i) })
	s.left = left
}
