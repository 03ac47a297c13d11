package peer

import (
	"errors"
	"math"
	"net/netip"
	"sync"
	"time"
)

// Who offers a link says which instance it is, and proves it only in hello. So
// what has not done hello stands in nobody's way but at its own address: there is
// one attempt for each pair of addresses, because pion's mux routes by those and
// the last writer wins. Two PeerConnections between the same two sockets would
// both say they are open while one hears nothing; which of two goes on is
// therefore settled before the second exists.
//
// Hello done, there is one link for each instance. Which of two counts both sides
// tell alike, in whatever order they come to see them: see outranks.

// pair is what pion's mux tells PeerConnections apart by. Of a page the port is not
// known: it is 0, and the mux goes by what the checks say. So several pages on one
// host are in nobody's way. A browser's are apart anyway: in a page it is the
// instance alone, and of two offers between the same two one goes on.
type pair struct {
	local  netip.Addr
	remote netip.AddrPort
	page   Instance // unless its port is known
}

func pairOf(local netip.Addr, remote netip.AddrPort, in Instance) pair {
	p := pair{local: local, remote: remote}
	if remote.Port() == 0 {
		p.page = in
	}
	return p
}

// claims are the attempts and links of a transport.
type claims struct {
	self Instance
	max  int // of members

	mu       sync.Mutex // guards what follows
	attempts map[pair]*attempt
	links    map[Instance]*link
	seen     map[Instance]visit
	offers   uint64        // that we have begun
	change   chan struct{} // closed at the next link
}

func newClaims(self Instance, most int) claims {
	return claims{
		self: self, max: most,
		attempts: make(map[pair]*attempt), links: make(map[Instance]*link), seen: make(map[Instance]visit),
		change: make(chan struct{}),
	}
}

var (
	errGlare   = errors.New("peer: the other side's dial goes first")
	errRetried = errors.New("peer: the other side offered anew")
)

// claim takes an attempt's pair of addresses for it. If another attempt has to go
// first it is cancelled and returned to wait for; then the call is repeated.
//
// Of two dials that meet, the lower instance's goes on. Whoever is at an address
// may take back its own offers, but not those that a member has proven.
func (c *claims) claim(a *attempt) (before *attempt, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.attempts[a.pair]
	if old == nil {
		return nil, c.addLocked(a)
	}
	same := old.instance == a.instance
	switch {
	case a.dialing && (old.dialing || same || old.known): // it goes on
		return nil, ErrLinked
	case a.dialing: // nobody says no more than that it is there
		old.cancel(errRetried)
	case old.dialing && (!same || string(c.self[:]) < string(a.instance[:])):
		return nil, ErrLinked
	case old.dialing:
		old.cancel(errGlare)
	case old.known && !a.known:
		return nil, ErrLinked
	default:
		old.cancel(errRetried)
	}
	return old, nil
}

// addLocked adds an attempt, unless there is no place for what it may become. A
// dial of ours has reached the other side's port by now: behind a one-way
// firewall it never gets there, and must not stand in the way of the other
// side's. Who answers there proves nothing yet; that it is the one that was
// linked there before is likely.
func (c *claims) addLocked(a *attempt) error {
	hopeless := c.hopelessLocked(a, a.observer)
	if a.dialing {
		before, ok := c.seen[a.instance]
		a.known = ok && before.from == a.from
		hopeless = c.hopelessLocked(a, false) && c.hopelessLocked(a, true)
	}
	if hopeless {
		return ErrFull
	}
	if a.dialing {
		a.count = c.nextOfferLocked(a.instance)
	}
	c.attempts[a.pair] = a
	return nil
}

// nextOfferLocked counts an offer of ours to an instance: further than any that we
// know of between the two of us, so that it outranks them (a Lamport clock).
func (c *claims) nextOfferLocked(in Instance) uint64 {
	c.offers++
	v, ok := c.seen[in]
	count := c.offers
	if ok && v.offers >= count {
		count = v.offers
		if count < math.MaxUint64 {
			count++
		}
	}
	if ok {
		v.offers = count
		c.seen[in] = v
	}
	return count
}

// highest returns the highest count of an offer that we know of between an
// instance and us. It is told the one that dials: if that has forgotten us, and we
// believe in an old link of higher count, its next dial outranks that.
func (c *claims) highest(in Instance) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[in].offers
}

// outranks reports whether a link counts, and not another between the same two
// instances. The offer of higher count was made by who knew of the other one, or
// made that one itself. Of two that crossed with the same count it is the lower
// instance's.
func (c *claims) outranks(l, old *link) bool {
	if l.offer != old.offer {
		return l.offer > old.offer
	}
	lower := string(c.self[:]) < string(l.conn.remote.Instance[:])
	return l.conn.dialed == lower
}

// is notes what the other side of a dial of ours says it is, unless there is no
// place for one of that kind.
func (c *claims) is(a *attempt, observer bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	a.observer = observer
	_, err := c.roomLocked(a, observer)
	return err
}

// drop gives up the pair of an attempt that came to nothing.
func (c *claims) drop(a *attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropLocked(a)
}

func (c *claims) dropLocked(a *attempt) {
	if c.attempts[a.pair] == a {
		delete(c.attempts, a.pair)
	}
	close(a.over)
}

// link turns an attempt that has done hello into a link, and calls won before
// anybody sees it. It returns the link that it replaces and the one that has to
// go because there is no other place, if any. ErrLinked says that there is a link
// that outranks it; then, and if there is no place, the attempt is as before.
func (c *claims) link(a *attempt, l *link, won func(linked func(Instance) bool)) (old, loser *link, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old = c.links[a.instance]
	if old != nil && old.conn.Err() == nil && !old.evicted && !c.outranks(l, old) {
		c.rememberLocked(a.instance, old.place, max(l.offer, a.heard))
		return nil, nil, ErrLinked
	}
	a.known = true // hello has proven it
	if loser, err = c.roomLocked(a, a.observer); err != nil {
		return nil, nil, err
	}
	if loser != nil {
		loser.evicted = true
	}
	l.place = place{from: a.from, observer: a.observer, first: c.firstLocked(a)}
	c.rememberLocked(a.instance, l.place, max(l.offer, a.heard))
	c.links[a.instance] = l
	won(func(in Instance) bool { return c.links[in] != nil })
	c.dropLocked(a)
	close(c.change)
	c.change = make(chan struct{})
	return old, loser, nil
}

func (c *claims) unlink(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if in := l.conn.remote.Instance; c.links[in] == l {
		delete(c.links, in)
	}
}

func (c *claims) linked(in Instance) *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.links[in]
}

// linkedSince returns the link to an instance if it was made after a time.
func (c *claims) linkedSince(in Instance, when time.Time) *link {
	l := c.linked(in)
	if l == nil || l.conn.Err() != nil || !l.conn.born.After(when) {
		return nil
	}
	return l
}

// making reports whether a page offers a link that is not made yet.
func (c *claims) making(in Instance) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := range c.attempts {
		if p.page == in {
			return true
		}
	}
	return false
}

// joined returns what is closed when the next link is made.
func (c *claims) joined() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.change
}

// at returns the link between two addresses, whoever is at its end. A page is at
// none: where it sends from is nobody's port.
func (c *claims) at(p pair) *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.links {
		if !l.conn.remote.Web && l.conn.LocalAddr() == p.local && l.conn.remoteAddr == p.remote {
			return l
		}
	}
	return nil
}

func (c *claims) all() []*link {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*link, 0, len(c.links))
	for _, l := range c.links {
		all = append(all, l)
	}
	return all
}
