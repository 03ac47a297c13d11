package meshtest

import (
	"sync"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// link joins two nodes: each has one end of a Pipe, and the link carries
// messages between the two other ends.
type link struct {
	lan       *LAN
	near, far *transport    // near has dialed
	nodes     [2]*peer.Conn // what the two nodes have
	ends      [2]*peer.Conn // the other ends of these
	there     *direction    // from near to far
	back      *direction

	// Guarded by lan.mu.
	replaced bool
	death    *time.Timer
}

// connectLocked makes a link, leaves one end for the far side to accept and
// returns the other.
func (l *LAN) connectLocked(near, far *transport) *peer.Conn {
	a, x := peer.PipeAt(near.hello, far.hello, near.addr, far.addr)
	y, b := peer.PipeAt(near.hello, far.hello, near.addr, far.addr)
	k := &link{lan: l, near: near, far: far, nodes: [2]*peer.Conn{a, b}, ends: [2]*peer.Conn{x, y}}
	k.there = newDirection(k, x, y, far.host)
	k.back = newDirection(k, y, x, near.host)
	l.links[k] = true
	near.met[far.hello.Instance], far.met[near.hello.Instance] = true, true
	far.accepted = append(far.accepted, b)
	signal(far.arrived)
	go k.run()
	return a
}

// run carries messages until both directions have ended.
func (k *link) run() {
	var wg sync.WaitGroup
	for _, d := range []*direction{k.there, k.back} {
		wg.Go(d.collect)
		wg.Go(d.deliver)
	}
	wg.Go(func() { k.there.carryChannels(k.back) })
	wg.Go(func() { k.back.carryChannels(k.there) })
	wg.Wait()
	k.lan.mu.Lock()
	defer k.lan.mu.Unlock()
	delete(k.lan.links, k)
	if k.death != nil {
		k.death.Stop()
	}
}

func (k *link) pair() pair { return pairOf(k.near.host, k.far.host) }

// linkLocked returns the link that two nodes have, or nil.
func (l *LAN) linkLocked(a, b *transport) *link {
	for k := range l.links {
		if !k.replaced && k.alive() && (k.near == a && k.far == b || k.near == b && k.far == a) {
			return k
		}
	}
	return nil
}

// alive reports whether neither side has closed it.
func (k *link) alive() bool {
	for i := range k.nodes {
		if k.nodes[i].Err() != nil || k.ends[i].Err() != nil {
			return false
		}
	}
	return true
}

// pendingLocked reports whether the far side has yet to accept the link.
func (k *link) pendingLocked() bool {
	for _, c := range k.far.accepted {
		if c == k.nodes[1] {
			return true
		}
	}
	return false
}

// endLocked ends the link for both nodes at once, as package peer does when it
// finds out.
func (k *link) endLocked(cause error) {
	k.nodes[0].Close(cause)
	k.nodes[1].Close(cause)
	k.lan.announceLocked()
}

// replaceLocked takes the link out of service. Each side closes its own end
// when it has the new one.
func (k *link) replaceLocked() {
	k.replaced = true
	k.lan.announceLocked()
}

// cutChangedLocked starts or stops the time that the link has left.
func (k *link) cutChangedLocked(open bool) {
	if open && k.death != nil {
		k.death.Stop()
		k.death = nil
	}
	if open || k.death != nil {
		return
	}
	k.death = time.AfterFunc(deathAfter, func() {
		k.lan.mu.Lock()
		defer k.lan.mu.Unlock()
		if k.death != nil {
			k.endLocked(peer.ErrTimeout)
		}
	})
}

// killLocked ends the link because t crashed. The other side learns of it at
// once unless the path is cut.
func (k *link) killLocked(t *transport) {
	if t != k.near && t != k.far {
		return
	}
	if k.lan.openLocked(k.near.host, k.far.host) {
		k.endLocked(peer.ErrGone)
		return
	}
	mine := k.ends[0]
	if t == k.far {
		mine = k.ends[1]
	}
	mine.Close(peer.ErrGone)
}

// hangUpLocked closes t's own end, as its transport does when it closes; what
// it wrote before, and the farewell, still arrive.
func (k *link) hangUpLocked(t *transport) {
	if t == k.far && k.pendingLocked() {
		k.nodes[1].Close(peer.ErrClosed)
	}
}

// closeLocked closes t's own end, as its transport does when its page goes.
func (k *link) closeLocked(t *transport) {
	for i, side := range []*transport{k.near, k.far} {
		if side == t {
			k.nodes[i].Close(peer.ErrClosed)
		}
	}
}

func (k *link) delay() time.Duration {
	k.lan.mu.Lock()
	defer k.lan.mu.Unlock()
	return k.lan.pathLocked(k.near.host, k.far.host).delay
}

// look reports whether anything comes through in a direction now, or never
// will again, and what to wait for otherwise.
func (k *link) look(d *direction) (ok, replaced bool, changed <-chan struct{}) {
	k.lan.mu.Lock()
	defer k.lan.mu.Unlock()
	ok = k.lan.openLocked(k.near.host, k.far.host) && !d.target.held
	return ok, k.replaced, k.lan.changed
}
