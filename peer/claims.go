package peer

import (
	"context"
	"errors"
	"net/netip"
	"sync"
)

// At most one link and one attempt at a link exist for each instance: pion's
// mux routes by remote address and the last writer wins, so two PeerConnections
// between the same two sockets would both say they are open while one hears
// nothing. Which attempt goes on is therefore settled before the second
// PeerConnection exists.

// attempt is a link in the making.
type attempt struct {
	instance Instance
	dialing  bool // ours; else an offer of theirs
	addr     netip.Addr
	from     netip.Prefix // the source that addr is of, see callers
	observer bool         // it only looks, as it says; of a dial of ours, once it answered
	known    bool         // it was linked before, as far as it can be told
	count    uint64       // of ours: how many dials were begun with it
	cancel   context.CancelCauseFunc

	place *place        // from seat on
	over  chan struct{} // closed when its PeerConnection, if any, is closed or has become a link
}

// claims are the links and attempts of a transport, by instance.
type claims struct {
	self Instance
	max  int // of members

	mu       sync.Mutex // guards what follows
	links    map[Instance]*link
	attempts map[Instance]*attempt
	seen     map[Instance]visit
}

func newClaims(self Instance, most int) claims {
	return claims{
		self: self, max: most,
		links: make(map[Instance]*link), attempts: make(map[Instance]*attempt), seen: make(map[Instance]visit),
	}
}

var (
	errGlare   = errors.New("peer: the other side's dial goes first")
	errRetried = errors.New("peer: the other side offered anew")
)

// dial claims an instance for a, a dial of ours that has reached the other side's
// port. Before that it claims nothing: behind a one-way firewall it never gets
// there, and must not stand in the way of the other side's. Who answers there
// proves nothing yet; that it is the one that was linked there before is likely.
func (c *claims) dial(a *attempt) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempts[a.instance] != nil {
		return ErrLinked
	}
	a.dialing = true
	before, ok := c.seen[a.instance]
	a.known = ok && before.from == a.from
	if c.hopelessLocked(a, false) && c.hopelessLocked(a, true) {
		return ErrFull
	}
	c.addLocked(a)
	return nil
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

func (c *claims) addLocked(a *attempt) {
	a.over = make(chan struct{})
	c.attempts[a.instance] = a
}

// accept claims an instance for a, an offer of theirs. If another attempt has to
// go first it is cancelled and returned to wait for; then the call is repeated.
//
// Of two dials that meet, the lower instance's goes on.
func (c *claims) accept(a *attempt) (before *attempt, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.attempts[a.instance]
	switch {
	case old == nil:
		if c.hopelessLocked(a, a.observer) {
			return nil, ErrFull
		}
		c.addLocked(a)
		return nil, nil
	case old.dialing && string(c.self[:]) < string(a.instance[:]):
		return nil, ErrLinked
	case old.dialing:
		old.cancel(errGlare)
		return old, nil
	case old.addr == a.addr:
		old.cancel(errRetried)
		return old, nil
	}
	return nil, ErrLinked
}

// end gives the instance up; the attempt came to nothing.
func (c *claims) end(a *attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempts[a.instance] == a {
		delete(c.attempts, a.instance)
	}
	close(a.over)
}

// link turns an attempt that has a seat into a link and returns the one it
// replaces.
func (c *claims) link(a *attempt, l *link) (old *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.place = *a.place
	c.rememberLocked(a.instance, l.place)
	old = c.links[a.instance]
	c.links[a.instance] = l
	delete(c.attempts, a.instance)
	close(a.over)
	return old
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

// isLinked reports whether an instance has a link with us.
func (c *claims) isLinked(in Instance) bool { return c.linked(in) != nil }

// at returns the link between the two addresses, whoever is at its end.
func (c *claims) at(local netip.Addr, remote netip.AddrPort) *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.links {
		if l.conn.LocalAddr() == local && l.conn.remoteAddr == remote {
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
