package mesh

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/name"
)

func TestLinkMessageFits(t *testing.T) {
	if wire.MaxMessage != peer.MaxMessage || wire.MaxBody != MaxBody || wire.MaxClaimed < peer.MaxAddrs {
		t.Error("package wire's limits are not those of packages peer and mesh")
	}
	private := wire.Message{Kind: wire.Private, Topic: strings.Repeat("t", name.Max), Body: make([]byte, MaxBody)}
	// A link message may hold a gap of each stream and an acknowledgement
	// beside the longest message.
	if n := wire.MessageSize(private) + 2*len(wire.AppendGap(nil, wire.Gap{})) + len(wire.AppendHave(nil, wire.Have{})) + 8; n > peer.MaxMessage {
		t.Errorf("the fullest link message has %d bytes, more than %d", n, peer.MaxMessage)
	}
}

// TestInstances holds that a record's instance is that of a link.
func TestInstances(t *testing.T) {
	id, salt := peer.NewIdentity().ID(), peer.NewSalt()
	if got := wire.InstanceOf(id, salt); got != id.Instance(salt) {
		t.Errorf("a record's instance is %x, a link's %x", got, id.Instance(salt))
	}
}

func TestLimitsFitTheMemory(t *testing.T) {
	full := limits{log: 32 << 20, behind: 4 << 20, private: 1 << 20, queued: 8 << 20, relayed: 16 << 20, history: 8 << 20}
	for _, memory := range []int64{math.MaxInt64, 1 << 30, 256 << 20} {
		if got := limitsFor(memory); got != full {
			t.Errorf("of %d bytes: %+v, want %+v", memory, got, full)
		}
	}
	for _, memory := range []int64{0, 1 << 20, 32 << 20, 64 << 20, 128 << 20} {
		l := limitsFor(memory)
		// Three logs, two queues of events, what is relayed and the history.
		if sum := 3*l.log + 2*int64(l.queued) + int64(l.relayed) + l.history; sum > max(memory*9/16, 7<<20) {
			t.Errorf("of %d bytes a node takes %d: %+v", memory, sum, l)
		}
		if l.behind > l.log/4 {
			t.Errorf("of %d bytes: %+v", memory, l)
		}
	}
}

func TestClock(t *testing.T) {
	var c clock
	first := c.tick(noon)
	if clockTime(first) != time.UnixMilli(noon.UnixMilli()) {
		t.Errorf("the first tick is %v, want the wall clock", clockTime(first))
	}
	if second := c.tick(noon); second <= first {
		t.Error("two ticks in one millisecond are equal")
	}
	c.observe(noon, uint64(wall(at(4*time.Second))))
	ahead := c.tick(noon)
	if got := clockTime(ahead).Sub(noon); got != 4*time.Second {
		t.Errorf("the clock follows another to %v, want 4s", got)
	}
	c.observe(noon, uint64(wall(at(6*time.Second))))
	if got := clockTime(c.tick(noon)).Sub(noon); got != 4*time.Second {
		t.Errorf("the clock follows one that is too far ahead, to %v", got)
	}
	if got := clockTime(c.tick(at(-time.Hour))).Sub(noon); got != -time.Hour {
		t.Errorf("after the wall clock was set back an hour the clock is at %v", got)
	}
}

func TestStream(t *testing.T) {
	s := newStream(wire.Broadcast)
	frame := func(n int) []byte { return []byte(strings.Repeat(fmt.Sprint(n%10), 100)) }
	for i := 1; i <= 10; i++ {
		if s.next() != uint64(i) {
			t.Fatalf("next is %d, want %d", s.next(), i)
		}
		s.add(frame(i), 0, newReceipt(uint64(i), nil))
	}
	const each = 100 + entryCost
	if s.size() != 10*each || s.behind(1) != 10*each || s.behind(4) != 7*each || s.behind(11) != 0 {
		t.Errorf("size %d, behind %d %d %d", s.size(), s.behind(1), s.behind(4), s.behind(11))
	}
	if cut := s.overflow(5 * each); cut != 6 {
		t.Errorf("five of ten fit from %d on, want 6", cut)
	}
	if cut := s.overflow(5*each - 1); cut != 7 {
		t.Errorf("not quite five of ten fit from %d on, want 7", cut)
	}
	if cut := s.overflow(10 * each); cut != 1 {
		t.Errorf("all fit from %d on", cut)
	}
	s.trim(6)
	if s.first != 6 || s.next() != 11 || s.size() != 5*each || s.behind(2) != 5*each || s.behind(8) != 3*each {
		t.Errorf("after the trim: first %d, next %d, size %d, behind %d %d", s.first, s.next(), s.size(), s.behind(2), s.behind(8))
	}
	if n := len(s.span(1, 100)); n != 5 {
		t.Errorf("a span of all has %d entries, want 5", n)
	}
	buf, cursor := s.fill(nil, 3, wire.MaxSeq)
	f, rest, err := wire.Next(buf)
	if err != nil || f.Type != wire.TypeGap || cursor != 11 || len(rest) != 5*100 {
		t.Errorf("fill: frame %d, %v, %d bytes after it, cursor %d", f.Type, err, len(rest), cursor)
	}
	if g, err := wire.ParseGap(f.Payload); err != nil || g.From != 3 || g.To != 5 {
		t.Errorf("gap %v, %v; want 3 to 5", g, err)
	}
	s.trim(11)
	if s.size() != 0 || s.next() != 11 || s.skip(20) {
		t.Errorf("after all is trimmed: size %d, next %d", s.size(), s.next())
	}
}

func TestStreamFillsBatches(t *testing.T) {
	s := newStream(wire.Broadcast)
	for _, size := range []int{1000, batchSize, 60000, 1000, 1000} {
		s.add(make([]byte, size), 0, nil)
	}
	var cursors []uint64
	cursor := uint64(1)
	for cursor < s.next() {
		var buf []byte
		buf, cursor = s.fill(nil, cursor, wire.MaxSeq)
		if len(buf) == 0 {
			t.Fatal("nothing is filled")
		}
		cursors = append(cursors, cursor)
	}
	if want := []uint64{2, 3, 4, 6}; !reflect.DeepEqual(cursors, want) {
		t.Errorf("batches end at %v, want %v", cursors, want)
	}
}

func TestReceiptSettlesOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a, b, stranger := named(1), named(2), named(3)
	b.Name = "b\x1b"
	r := newReceipt(1, []Peer{a, b})
	r.lose(stranger)
	r.confirm(stranger.Member)
	if got := r.Pending(); len(got) != 2 {
		t.Errorf("pending at first: %v, want both", got)
	}
	r.lose(b)
	r.lose(b)
	if got := r.Pending(); len(got) != 1 || got[0].Member != a.Member {
		t.Errorf("pending: %v, want a", got)
	}
	if err := r.Delivered(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("before a has confirmed: %v", err)
	}
	r.confirm(a.Member)
	r.confirm(a.Member)
	r.lose(a)
	r.abandon(ErrClosed)
	if err := r.Delivered(ctx); err == nil || err.Error() != `mesh: not confirmed by "b\x1b"` {
		t.Errorf("got %v", err)
	}
	if got := r.Pending(); len(got) != 0 {
		t.Errorf("pending at the end: %v", got)
	}
	r = newReceipt(1, []Peer{a, b})
	r.confirm(a.Member)
	r.abandon(ErrClosed)
	r.confirm(b.Member)
	if got := r.Pending(); len(got) != 1 || got[0].Member != b.Member {
		t.Errorf("pending after the node ended: %v, want b", got)
	}
	if err := r.Delivered(ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("after the node ended: %v", err)
	}
}

func (q *queue) drain() []Event {
	var out []Event
	for {
		ev, _ := q.pop()
		if ev == nil {
			return out
		}
		out = append(out, ev)
	}
}

func named(n byte) Peer { return Peer{Member: Member{Instance: peer.Instance{n}}} }

func TestQueueGapsStayInOrder(t *testing.T) {
	q := newQueue(limits{queued: 4 * eventCost})
	a, b := named(1), named(2)
	q.push(Joined{Peer: a})
	q.push(Joined{Peer: b})
	q.push(Message{From: a, Seq: 1})
	q.push(Message{From: b, Seq: 1})
	q.push(Message{From: a, Seq: 2}) // full
	q.push(Message{From: b, Seq: 2})
	q.push(Message{From: a, Seq: 3})
	q.push(Gap{From: a, Count: 5})
	q.push(Left{Peer: b, Reason: errLeft})
	q.push(Joined{Peer: b})
	q.push(Message{From: b, Seq: 3})
	want := []Event{
		Joined{Peer: a}, Joined{Peer: b}, Message{From: a, Seq: 1}, Message{From: b, Seq: 1},
		Gap{From: a, Count: 7}, Gap{From: b, Count: 1}, Left{Peer: b, Reason: errLeft}, Joined{Peer: b}, Gap{From: b, Count: 1},
	}
	if got := q.drain(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	q.push(Message{From: b, Seq: 4})
	q.push(Gap{From: b, Count: 1})
	if got := q.drain(); !reflect.DeepEqual(got, []Event{Message{From: b, Seq: 4}, Gap{From: b, Count: 1}}) {
		t.Errorf("when there is room again: got %v", got)
	}
	if q.size != 0 {
		t.Errorf("an empty queue has size %d", q.size)
	}
}

// TestQueueIsBounded lets members come and go before a program that never
// reads.
func TestQueueIsBounded(t *testing.T) {
	q := newQueue(limits{queued: 100 * eventCost})
	seen := named(0)
	q.push(Joined{Peer: seen})
	q.pop()
	for i := range 10000 {
		p := Peer{Member: Member{Instance: peer.Instance{1, byte(i >> 8), byte(i)}}}
		q.push(Joined{Peer: p})
		q.push(Message{From: p})
		q.push(Left{Peer: p})
		q.push(Left{Peer: seen})
		q.push(Joined{Peer: seen})
	}
	if n := len(q.items) - q.holes; n > 2*100+10 || q.holes > n+64 {
		t.Errorf("%d events are queued, and %d were", n, q.holes)
	}
	if len(q.ends) > len(q.items) {
		t.Errorf("%d ends of %d events", len(q.ends), len(q.items))
	}
	here := true
	for _, ev := range q.drain() {
		switch ev := ev.(type) {
		case Joined:
			if ev.Peer.Member == seen.Member && here {
				t.Fatal("joined twice")
			}
			here = here || ev.Peer.Member == seen.Member
		case Left:
			if ev.Peer.Member == seen.Member && !here {
				t.Fatal("left twice")
			}
			here = here && ev.Peer.Member != seen.Member
		}
	}
	if !here {
		t.Error("who joined last is not here")
	}
}

// TestUnreadEventsAreBounded tells a program that never reads of what costs its
// cause little: contradictions, and ways that change.
func TestUnreadEventsAreBounded(t *testing.T) {
	q := newQueue(limits{queued: 100 * eventCost})
	moves := named(0)
	q.push(Joined{Peer: moves})
	for i := range 10000 {
		moves.Addr = netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(i))
		q.push(Rerouted{Peer: moves})
		q.push(Conflict{From: Peer{Member: Member{Instance: peer.Instance{1, byte(i >> 8), byte(i)}}}})
	}
	if n := len(q.items); n > 2*100+10 {
		t.Errorf("%d events are queued", n)
	}
	var last Peer
	for _, ev := range q.drain() {
		if r, ok := ev.(Rerouted); ok {
			last = r.Peer
		}
	}
	if last.Addr != moves.Addr {
		t.Errorf("the last way told is %v, want %v", last.Addr, moves.Addr)
	}
	if q.size != 0 || len(q.ends) != 0 {
		t.Errorf("an empty queue has size %d and %d ends", q.size, len(q.ends))
	}
}

// TestFlappingBeforeAFullQueue has a member come and go before a program that has
// not read of many others: what is forgotten is not looked for from the front,
// and what the queue says of others stays.
func TestFlappingBeforeAFullQueue(t *testing.T) {
	q := newQueue(limits{queued: 100 * eventCost})
	for i := range 300 {
		q.push(Joined{Peer: numbered(i)})
	}
	for i := range 1000 {
		q.push(Joined{Peer: named(0)})
		q.push(Gap{From: numbered(i % 300), Count: 1})
		q.push(Rerouted{Peer: numbered(i % 300)})
		q.push(Left{Peer: named(0)})
	}
	for i := range 150 {
		q.push(Left{Peer: numbered(i)})
	}
	var missed uint64
	kinds := make(map[string]int)
	for _, ev := range q.drain() {
		kinds[fmt.Sprintf("%T", ev)]++
		if g, ok := ev.(Gap); ok {
			missed += g.Count
		}
	}
	want := map[string]int{"mesh.Joined": 150, "mesh.Gap": 150, "mesh.Rerouted": 150}
	if !reflect.DeepEqual(kinds, want) || missed != 150*3 {
		t.Errorf("got %v and %d missed, want %v", kinds, missed, want)
	}
	if q.size != 0 || q.holes != 0 || len(q.ends) != 0 {
		t.Errorf("an empty queue has size %d, %d holes and %d ends", q.size, q.holes, len(q.ends))
	}
}

func numbered(i int) Peer {
	return Peer{Member: Member{Instance: peer.Instance{1, byte(i >> 8), byte(i)}}}
}

// silent is a carrier that nothing goes over.
type silent struct {
	carrier
	hello peer.Hello
}

func (s silent) Remote() peer.Hello { return s.hello }

// TestHistoryFitsTheMemory holds that what is on its way to the archive, and from
// it to the program, takes no more than the archive may.
func TestHistoryFitsTheMemory(t *testing.T) {
	bounds := limitsFor(32 << 20)
	q := newQueue(bounds)
	for range 200 {
		q.push(Message{History: true, Data: make([]byte, MaxBody)})
	}
	if most := int(bounds.history) + maxHistory*eventCost; q.past > most || q.past < int(bounds.history)/2 {
		t.Errorf("%d bytes of history wait for the program, the bound is %d", q.past, most)
	}

	id := peer.NewIdentity()
	who := Member{ID: id.ID(), Instance: upper}
	n := &Node{limits: bounds, links: make(map[peer.Instance]*link), examined: make(chan *ask, 1000), wall: time.Now}
	l := newLink(silent{hello: peer.Hello{ID: who.ID, Instance: who.Instance}}, false, time.Now())
	n.links[who.Instance] = l
	l.asked = &ask{records: make(map[Member][]byte)}
	frame := wire.AppendMessage(nil, n.room, wire.Message{Kind: wire.Broadcast, Topic: "main", Origin: wireMember(who), Seq: 1, Clock: 1, Body: make([]byte, MaxBody/2)}, id.Sign)
	f, _, _ := wire.Next(frame)
	past, _, _ := wire.Next(wire.AppendPast(nil, 0, f.Payload))
	var most int64
	for range 200 {
		if err := n.pastOf(l, past.Payload); err != nil {
			t.Fatal(err)
		}
		most = max(most, l.asked.size)
	}
	if most > bounds.history || most < bounds.history/2 {
		t.Errorf("an answer takes %d bytes before it is looked at, the bound is %d", most, bounds.history)
	}
}
