package mesh

import (
	"cmp"
	"context"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/mesh/internal/contacts"
	"github.com/lanyap/lanyap/mesh/internal/hpke"
	"github.com/lanyap/lanyap/mesh/internal/paths"
	"github.com/lanyap/lanyap/mesh/internal/store"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/logger"
)

// Node is a member of one room, or an observer of it. Its methods may be used
// by several goroutines at once.
type Node struct {
	log       *logger.Logger
	logs      *logs // what log writes to
	identity  *peer.Identity
	self      Peer
	salt      peer.Salt
	observer  bool
	room      wire.RoomKey
	tag       string // the room as discovery shows it
	most      int    // members beside this node
	transport Transport
	discovery Discovery
	onLink    func(netip.Addr) bool // nil: everything is near
	tunnelKey *hpke.Key
	window    atomic.Int64 // of each of our tunnels, see windowLocked
	burden    burden
	through   pace // of streams in tunnels
	main      *Topic
	topicTurn sync.Mutex // held while the topics change; taken before mu
	revision  uint64     // of record; guarded by topicTurn
	examined  chan *ask  // what came of asks, to be checked
	wanted    int        // messages of history that are asked for and shown
	clockwork signal     // something that the clockwork looks at has changed
	born      time.Time
	services  services

	ctx    context.Context // ends when the node closes
	cancel context.CancelFunc
	done   <-chan struct{} // of ctx
	wg     sync.WaitGroup
	hush   sync.Once // closes discovery

	mu         sync.Mutex // guards what follows; taken before the locks of events and receipts
	state      state
	limits     limits
	addrs      []netip.AddrPort // where we answer
	wall       wallClock
	clock      clock
	stream     *stream  // our broadcasts
	record     []byte   // of ourselves, signed
	topics     []*Topic // that are open, main first
	unkept     error    // the history file cannot be written; nil: it can
	members    map[Member]*member
	present    []Peer    // in the order in which they joined; never changed in place
	arrived    time.Time // when the first of them was met
	links      map[peer.Instance]*link
	tunnels    map[[wire.TagSize]byte]*tunnelLink // by their tag, those being opened too
	seeks      map[peer.Instance]*seek            // who is reached by others only
	nonces     map[[wire.NonceSize]byte]time.Time // of opens that were answered
	seekDue    time.Time                          // when to look at seeks; zero: nothing to do
	linkedAt   time.Time                          // when the last direct link came up
	paths      *paths.Table
	reachDue   time.Time // when to look whom to tell of whom we reach; zero: nothing new
	archive    *archive
	store      *store.Store // nil: the history is kept in memory alone
	loading    bool         // the history file is being read
	unshown    int          // of what is in it: kept for others, not asked for
	marks      map[Member]mark
	gather     *gathering // nil: none under way
	accused    budget.Bucket
	refusals   refusals
	compares   []*link // to be compared, one after the other
	compareDue time.Time
	contacts   *contacts.Table
	carries    carries
	swept      time.Time

	turned       notice // the clockwork has looked at something that changed
	progressed   notice // a member has confirmed something, or left
	linksChanged notice // a link has ended, or its last word was heard
}

type state int

const (
	running state = iota
	leaving
	closed
)

func (n *Node) service() discovery.Service {
	s := discovery.Service{Instance: n.self.Instance.String(), Room: n.tag}
	if len(n.addrs) > 0 {
		s.Port = n.addrs[0].Port()
	}
	return s
}

// Self returns this node as others see it.
func (n *Node) Self() Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.self
}

// Addrs returns where this node answers.
func (n *Node) Addrs() []netip.AddrPort { return n.transport.Addrs() }

// Members returns who is here now and takes part in the node's own topic, in the
// order in which they joined it, without this node and without observers. Of an
// observer's it returns all members of the room.
func (n *Node) Members() []Peer { return n.main.Members() }

// Present returns who is in the room now, whatever it takes part in, in the order
// in which they came, without this node and without observers.
func (n *Node) Present() []Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.present)
}

// Events yields what happens in the node's own topic, in order, from the node's
// start on; each event once, whoever reads. It ends without an error after
// [Node.Leave], when everything before has been read, with [ErrClosed] after
// [Node.Close], at once, and with ctx's error. To an observer it tells who comes
// and goes, whatever they take part in.
//
// A program that does not read its events stalls nobody, and no other topic.
// Past 8 MiB of them messages are dropped, and a [Gap] tells of them in their
// place. Past 16 MiB, which takes some 30,000 members that came and went, those
// visits are left out that ended before the program read of their beginning.
func (n *Node) Events(ctx context.Context) iter.Seq2[Event, error] { return n.main.Events(ctx) }

// Ping measures one round trip over the link to a member.
func (n *Node) Ping(ctx context.Context, m Member) (time.Duration, error) {
	n.mu.Lock()
	l := n.links[m.Instance]
	n.mu.Unlock()
	if l == nil || l.conn.Remote().ID != m.ID {
		return 0, ErrNoMember
	}
	return l.conn.Ping(ctx)
}

// Binding returns what this node and a member have alike, and nobody else can have,
// for as long as their present link lasts: for people, or programs, that compare
// it over another way. Errors are [ErrNoMember], and [ErrIndirect] if the member is
// reached through others, which have no part in it.
func (n *Node) Binding(m Member) ([32]byte, error) {
	n.mu.Lock()
	l := n.links[m.Instance]
	n.mu.Unlock()
	if l == nil || l.conn.Remote().ID != m.ID {
		return [32]byte{}, ErrNoMember
	}
	conn, ok := l.conn.(*peer.Conn)
	if !ok {
		return [32]byte{}, ErrIndirect
	}
	return conn.Binding(), nil
}

// DiscoveryErr returns why discovery does not work on this machine at all, so
// that only those are met who are named by hand or told of by others; nil if it
// works, as far as is known.
func (n *Node) DiscoveryErr() error {
	if d, ok := n.discovery.(interface{ Err() error }); ok {
		return d.Err()
	}
	return nil
}

// Sightings returns the nodes that were discovered, or named by hand, and are
// not linked now, ordered by instance: of a page, to whom members reach and it has
// no link; of an observer, also pages, which nobody can dial.
func (n *Node) Sightings() []Sighting {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Sighting
	for _, c := range n.contacts.All() {
		out = append(out, n.sightingLocked(c))
	}
	out = append(out, n.pageSightingsLocked()...)
	slices.SortStableFunc(out, func(a, b Sighting) int { return strings.Compare(a.Instance, b.Instance) })
	return out
}

// accept takes in the links that others make.
func (n *Node) accept() {
	for {
		conn, err := n.transport.Accept(n.ctx)
		if err != nil {
			if n.ctx.Err() == nil {
				n.log.Error("no more links can be accepted", "err", err)
			}
			return
		}
		n.addLink(conn)
	}
}

// browse takes in what discovery sees.
func (n *Node) browse() {
	for seen, err := range n.discovery.Browse(n.ctx) {
		if err != nil {
			n.log.Warn("discovery", "err", err)
			continue
		}
		instance, err := peer.ParseInstance(seen.Instance)
		if err != nil {
			continue
		}
		now := time.Now()
		addrs := n.nearOnly(seen.Addrs, netip.Addr{})
		n.mu.Lock()
		if seen.Gone {
			n.contacts.Vanished(instance)
		} else {
			n.contacts.Sighted(now, instance, seen.Room != n.tag, slices.DeleteFunc(addrs, n.isOursLocked))
		}
		n.mu.Unlock()
		n.clockwork.set()
	}
}

// isOursLocked reports whether we answer there ourselves: hosts with the same
// bridge address all advertise it.
func (n *Node) isOursLocked(a netip.AddrPort) bool { return slices.Contains(n.addrs, a) }

// runClockwork does what is to be done at some time: dials, exchanges, ends of
// grace, and forgetting.
func (n *Node) runClockwork() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		n.mu.Lock()
		now := time.Now()
		next := n.turnLocked(now)
		n.turned.announce()
		n.mu.Unlock()
		timer.Reset(max(next.Sub(now), time.Millisecond))
		select {
		case <-n.clockwork:
		case <-timer.C:
		case <-n.done:
			return
		}
	}
}

// sweepInterval is how often what is too old is forgotten, at the least.
const sweepInterval = 10 * time.Second

func (n *Node) turnLocked(now time.Time) (next time.Time) {
	next = now.Add(sweepInterval)
	if n.state != running {
		return next
	}
	for _, m := range n.members {
		if !m.missing() {
			continue
		}
		if m.grace.After(now) {
			next = earlier(next, m.grace)
			continue
		}
		n.leftLocked(m, cmp.Or(m.lost, errNoLink), now)
	}
	if now.Sub(n.swept) >= sweepInterval {
		n.swept = now
		n.expireLocked(now)
		n.contacts.Expire(now)
		n.endGoneLocked(now)
	}
	n.reachedLocked(now)
	next = earlier(next, n.startDialsLocked(now))
	next = earlier(next, n.exchangeLocked(now))
	next = earlier(next, n.reachLocked(now))
	next = earlier(next, n.seekLocked(now))
	next = earlier(next, n.compareLocked(now))
	return next
}

// networkChanged is called when this machine's addresses have changed.
func (n *Node) networkChanged() {
	addrs := n.transport.Addrs()
	now := time.Now()
	n.mu.Lock()
	n.addrs = addrs
	n.contacts.NetworkChanged(now)
	for instance, l := range n.links {
		l.served = l.served || n.servesLocked(l.conn.LocalAddr())
		n.contacts.Replace(now, instance, n.addressLostLocked(l))
	}
	n.mu.Unlock()
	n.clockwork.set()
}

// notice tells waiters that something has happened. It is guarded by Node.mu, if nothing
// else is said.
type notice struct{ ch chan struct{} }

// channel is closed at the next announcement.
func (c *notice) channel() <-chan struct{} {
	if c.ch == nil {
		c.ch = make(chan struct{})
	}
	return c.ch
}

func (c *notice) announce() {
	if c.ch != nil {
		close(c.ch)
		c.ch = nil
	}
}
