package mesh

import (
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

const (
	// A tunnel is opened to a member that others reach when no direct link to it
	// may come any more, which is looked at each pendingEvery. Where nobody has
	// told where it may be dialed, it is given addressPatience since it was heard
	// of and since our last direct link, for while a room forms news of all kinds
	// keep coming. Neither is for
	// ever: dials may take turns for maxPending, addresses come for maxPatience.
	pendingEvery    = 200 * time.Millisecond
	maxPending      = 30 * time.Second
	addressPatience = 600 * time.Millisecond
	maxPatience     = 8 * time.Second
	// openTimeout is how long an open may go unanswered; with lastSeek it
	// bounds what a route that leads nowhere costs.
	openTimeout = 2 * time.Second
	firstSeek   = 500 * time.Millisecond
	lastSeek    = 8 * time.Second
	// openWays is over how many neighbours an open goes: the first that leads
	// anywhere is used.
	openWays = 3
	// maxTunnels bounds tunnels, half-open ones too.
	maxTunnels = 256
	// maxSeeks bounds the members that tunnels are opened to, and maxOpening the
	// tunnels that are not up yet. Both are shared out among the neighbours:
	// see turnsLocked and mayOpenLocked.
	maxSeeks   = 4 * wire.MaxRoutes
	maxOpening = maxTunnels / 2
	// maxNonces is how many opens are remembered, not to answer one again.
	maxNonces = 4096
)

// seek is a member that others reach and we do not.
type seek struct {
	born  time.Time
	tried bool      // or not to be left to direct dials: it was here
	next  time.Time // when to open a tunnel
	wait  time.Duration
	until time.Time   // how long the one being opened may take
	t     *tunnelLink // being opened; nil: none
	over  *link       // the neighbour that it is opened over, as far as its share goes
}

// opening reports whether a tunnel is being opened that is not up.
func (s *seek) opening() bool { return s.t != nil && !s.t.Up() }

// seekLocked opens tunnels to those that only others reach, when that is due.
func (n *Node) seekLocked(now time.Time) (next time.Time) {
	if n.seekDue.IsZero() || n.seekDue.After(now) || n.observer {
		return n.seekDue
	}
	n.seekDue = time.Time{}
	turns := n.turnsLocked()
	wanted := make(map[peer.Instance]bool, len(turns))
	for _, to := range turns {
		wanted[to] = true
	}
	for to, s := range n.seeks {
		if wanted[to] {
			continue
		}
		if s.opening() && s.until.After(now) {
			n.seekDue = earlier(n.seekDue, s.until) // the other side wants it
			continue
		}
		n.dropSeekLocked(to, s)
	}
	for _, to := range turns {
		if s := n.seekOfLocked(now, to); s != nil {
			n.seekDue = earlier(n.seekDue, n.tryLocked(now, to, s))
		}
	}
	return n.seekDue
}

func (n *Node) seekOfLocked(now time.Time, to peer.Instance) *seek {
	s := n.seeks[to]
	if s == nil && len(n.seeks) < maxSeeks {
		s = &seek{born: now, wait: firstSeek}
		n.seeks[to] = s
	}
	return s
}

func (n *Node) dropSeekLocked(to peer.Instance, s *seek) {
	if s.t != nil && !s.t.Up() {
		n.dropTunnelLocked(s.t)
	}
	delete(n.seeks, to)
}

// tryLocked opens a tunnel, or gives one up that nobody answered.
func (n *Node) tryLocked(now time.Time, to peer.Instance, s *seek) (next time.Time) {
	if s.t != nil && s.until.After(now) {
		return s.until
	}
	if s.t != nil {
		if via := s.t.unanswered(); via != nil {
			via.doubtLocked(to, now, doubtBriefly)
		} else if !s.t.Up() {
			n.forgiveLocked(to) // nobody answers on the ways that are left
		}
		n.dropTunnelLocked(s.t)
		s.t = nil
	}
	if !s.tried {
		s.next = n.hopeLocked(now, to, s)
	}
	if s.next.After(now) {
		return s.next
	}
	var ways []*link
	for _, l := range n.waysLocked(to) {
		if len(ways) < openWays && !n.doubtedLocked(l, to, now) {
			ways = append(ways, l)
		}
	}
	if len(ways) > 0 && !ways[0].conn.Remote().Web {
		// The first to answer is used, and a page is no relay for long.
		ways = slices.DeleteFunc(ways, func(l *link) bool { return l.conn.Remote().Web })
	}
	i := slices.IndexFunc(ways, n.mayOpenLocked)
	if i < 0 && len(ways) > 0 {
		s.next = now.Add(firstSeek) // some of those that are under way will be over
		return s.next
	}
	s.tried = true
	s.wait = min(2*s.wait, lastSeek)
	s.next = now.Add(s.wait)
	if len(ways) == 0 {
		return s.next
	}
	if s.t = n.newTunnelLocked(to, now); s.t == nil {
		return s.next
	}
	n.log.Debug("tunnel opened", "instance", to)
	s.until, s.over = now.Add(openTimeout), ways[i]
	for _, l := range ways {
		n.post(l, to, s.t.Hello(n.record))
	}
	return s.until
}

// hopeLocked returns when to look again whether a member is to be left to direct
// dials; now if it is not.
func (n *Node) hopeLocked(now time.Time, to peer.Instance, s *seek) time.Time {
	if n.contacts.Pending(now, to) {
		return earlier(now.Add(pendingEvery), s.born.Add(maxPending))
	}
	if _, known := n.contacts.Known(to); known || n.self.Web || n.isPageLocked(to) {
		return now
	}
	since := n.linkedAt
	if heard := n.paths.HeardOf(to); heard.After(since) {
		since = heard // who comes and goes is sought by nobody
	}
	return earlier(since.Add(addressPatience), s.born.Add(maxPatience))
}

func (n *Node) newTunnelLocked(to peer.Instance, now time.Time) *tunnelLink {
	if len(n.tunnels) >= maxTunnels {
		return nil
	}
	t := n.newTunnel(to, now)
	n.tunnels[t.Tag()] = t
	n.wg.Go(func() {
		t.Watch(n.done)
		n.mu.Lock()
		delete(n.tunnels, t.Tag())
		n.mu.Unlock()
	})
	return t
}

func (n *Node) dropTunnelLocked(t *tunnelLink) {
	delete(n.tunnels, t.Tag())
	t.lose()
}

// relay takes in a frame that travels through members. What is wrong with it is
// not the fault of the one it came from, who cannot read it.
func (n *Node) relay(l *link, p []byte) error {
	r, err := wire.ParseRelay(p)
	if err != nil {
		return err
	}
	if l.quiet || l.tunnel != nil {
		return nil
	}
	if r.To == n.self.Instance {
		n.tunnelRecord(l, r.From, r.Payload)
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if r.Hops == 0 || !n.currentLocked(l) {
		return nil
	}
	from := l.conn.Remote().Instance
	in, ok := n.paths.Best(r.To, from)
	next := n.links[in]
	if !ok || next == nil {
		// While l has not been told that there is no way it is not to blame.
		if !n.paths.Told(from, r.To) {
			l.effort.wasted += nobodyWork
		}
		return nil
	}
	r.Hops--
	if r.Payload = n.stampLocked(l, next, r.From, r.Payload); r.Payload == nil {
		return nil
	}
	next.forwards.push(wire.AppendRelay(nil, r), from, &n.burden, len(n.links))
	next.wake.set()
	return nil
}

func (n *Node) tunnelRecord(l *link, from peer.Instance, p []byte) {
	if len(p) == 0 {
		return
	}
	switch kind, p := p[0], p[1:]; kind {
	case wire.TunnelOpen:
		n.tunnelOpen(l, from, p)
	case wire.TunnelKeys:
		n.tunnelKeys(l, from, p)
	case wire.CarriedOffer:
		n.carriedOffer(l, from, p)
	case wire.CarriedAnswer:
		n.carriedAnswer(l, from, p)
	case wire.TunnelSealed:
		if len(p) < wire.TagSize {
			return
		}
		n.mu.Lock()
		t := n.tunnels[[wire.TagSize]byte(p)]
		n.mu.Unlock()
		if t != nil && t.To() == from {
			t.from.Store(l)
			t.Open(p[wire.TagSize:], time.Now())
			t.unstall()
		}
	}
}

// tunnelOpen takes in that somebody wants a tunnel, or answers our wish for
// one.
func (n *Node) tunnelOpen(l *link, from peer.Instance, p []byte) {
	now := time.Now()
	n.mu.Lock()
	admitted := l.opens.Take(now, 1)
	n.mu.Unlock()
	if !admitted {
		return
	}
	o, err := wire.ParseOpen(p)
	if err != nil || o.Record.Instance != from || from == n.self.Instance || n.observer {
		return
	}
	if !o.Verify(n.room, n.self.Instance, peer.ID(o.Record.ID).Verify) {
		n.log.Debug("tunnel refused: signature does not fit", "instance", from)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state != running || !n.currentLocked(l) || !l.direct() || n.takenLocked(memberOf(o.Record.Member)) {
		return
	}
	if n.doubtedLocked(l, from, now) {
		return
	}
	if _, met := n.nonces[o.Nonce]; met {
		return // another copy, or an old one that somebody plays again
	}
	n.answerOpenLocked(now, l, from, o)
}

func (n *Node) answerOpenLocked(now time.Time, l *link, from peer.Instance, o wire.Open) {
	s := n.seekOfLocked(now, from)
	if s == nil {
		return
	}
	if s.t != nil && s.t.Up() {
		s.t = nil // the other side has lost it
	}
	if s.t == nil && !n.mayOpenLocked(l) {
		return
	}
	// One that is not up yet goes on with its own nonce, whatever it met
	// before: if both sides began anew at each open of the other, they might
	// never meet.
	if s.t == nil {
		if s.t = n.newTunnelLocked(from, now); s.t == nil {
			return
		}
		s.over = l
	}
	n.noteNonceLocked(o.Nonce, now)
	s.until = now.Add(openTimeout)
	n.seekDue = earlier(n.seekDue, s.until)
	n.post(l, from, s.t.Hello(n.record))
	if err := n.meet(s.t, l, o); err != nil {
		n.dropTunnelLocked(s.t)
		s.t = nil
	}
	n.clockwork.set()
}

// noteNonceLocked remembers an open, the oldest in its place when there are
// too many.
func (n *Node) noteNonceLocked(nonce [wire.NonceSize]byte, now time.Time) {
	if len(n.nonces) >= maxNonces {
		oldest, at := nonce, now
		for other, t := range n.nonces {
			if t.Before(at) {
				oldest, at = other, t
			}
		}
		delete(n.nonces, oldest)
	}
	n.nonces[nonce] = now
}

// tunnelKeys takes in the other's keys, with which the tunnel is up.
func (n *Node) tunnelKeys(l *link, from peer.Instance, p []byte) {
	k, err := wire.ParseKeys(p)
	if err != nil {
		return
	}
	n.mu.Lock()
	t := n.tunnels[[wire.TagSize]byte(k.Other[:])]
	old := n.links[from]
	if t != nil && old != nil && old.tunnel == nil && old.since.After(t.born) {
		n.dropTunnelLocked(t) // a direct link came first
		t = nil
	}
	n.mu.Unlock()
	if t == nil || t.To() != from || !t.Agree(k, time.Now()) {
		return
	}
	t.from.Store(l)
	n.addLink(t)
}
