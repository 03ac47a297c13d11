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
	dialing  bool       // ours; else an offer of theirs
	from     netip.Addr // whose offer it is
	cancel   context.CancelCauseFunc
	over     chan struct{} // closed when its PeerConnection, if any, is closed or has become a link
}

// claims are the links and attempts of a transport, by instance.
type claims struct {
	self Instance
	max  int

	mu       sync.Mutex // guards what follows
	links    map[Instance]*link
	attempts map[Instance]*attempt
}

var (
	errGlare   = errors.New("peer: the other side's dial goes first")
	errRetried = errors.New("peer: the other side offered anew")
)

// dial claims an instance for a dial of ours that has reached the other side's
// port. Before that it claims nothing: behind a one-way firewall it never gets
// there, and must not stand in the way of the other side's.
func (c *claims) dial(in Instance, cancel context.CancelCauseFunc) (*attempt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempts[in] != nil {
		return nil, ErrLinked
	}
	return c.addLocked(&attempt{instance: in, dialing: true, cancel: cancel})
}

func (c *claims) addLocked(a *attempt) (*attempt, error) {
	if c.links[a.instance] == nil && len(c.links)+len(c.attempts) >= c.max {
		return nil, ErrFull
	}
	a.over = make(chan struct{})
	c.attempts[a.instance] = a
	return a, nil
}

// accept claims an instance for an offer of theirs. If an attempt has to go
// first it is cancelled and returned to wait for; then the call is repeated.
//
// Of two dials that meet, the lower instance's goes on.
func (c *claims) accept(in Instance, from netip.Addr, cancel context.CancelCauseFunc) (mine, before *attempt, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.attempts[in]
	switch {
	case old == nil:
		mine, err = c.addLocked(&attempt{instance: in, from: from, cancel: cancel})
		return mine, nil, err
	case old.dialing && string(c.self[:]) < string(in[:]):
		return nil, nil, ErrLinked
	case old.dialing:
		old.cancel(errGlare)
		return nil, old, nil
	case old.from == from:
		old.cancel(errRetried)
		return nil, old, nil
	}
	return nil, nil, ErrLinked
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

// link turns an attempt into a link and returns the one it replaces.
func (c *claims) link(a *attempt, l *link) (old *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
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
