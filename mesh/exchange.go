package mesh

import (
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/mesh/internal/contacts"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// Members tell each other whom they know, each only of those to whom the other
// has no link by its own word, see package paths. Who has only us has nobody else
// to tell it, and is told at once. Everybody else will most likely find the rest
// by discovery, or hears of them from others: it is told when it has not said
// anything new for a while of whom it reaches, and still lacks somebody. In a room
// where all find each other nobody is told anything: 64 nodes that start at once
// would otherwise tell each other 200,000 times.
const (
	exchangeQuiet  = 500 * time.Millisecond // longer than package paths gathers what is new
	exchangeLatest = time.Second            // there may always be something new
	// The same for members that discovery shows.
	exchangeSighted       = 2 * time.Second
	exchangeSightedLatest = 2 * time.Second
	// exchangeDials is how many dials' time more a busy machine gets.
	exchangeDials = 8
)

// hints is what the two sides of a link tell each other of where others are.
type hints struct {
	told       map[peer.Instance]bool // members that the other side was told of, or told us of
	peersDue   time.Time              // when to tell it of those it lacks; zero: nothing new
	peersSince time.Time              // since when that is put off
	peersNow   bool
	teller     budget.Bucket // new addresses that it may tell us of
}

func newHints() hints {
	return hints{
		told:   make(map[peer.Instance]bool),
		teller: budget.Bucket{Burst: 2 * wire.MaxPeers, PerSecond: 2},
	}
}

// exchangeSoonLocked schedules telling a new member of the others, and the
// others of it.
func (n *Node) exchangeSoonLocked(m *member, now time.Time) {
	for _, l := range n.links {
		if l.peersDue.IsZero() {
			l.peersSince = now
			n.putOffLocked(l, now)
		}
	}
}

// putOffLocked has the other side of a link told of others later: it is still
// finding them by itself.
func (n *Node) putOffLocked(l *link, now time.Time) {
	wait, latest := exchangeQuiet, exchangeLatest
	if n.contacts.IsSighted(l.conn.Remote().Instance) {
		wait, latest = exchangeSighted, exchangeSightedLatest
	}
	latest += exchangeDials * n.contacts.DialTakes(now)
	l.peersDue = earlier(now.Add(wait), l.peersSince.Add(latest))
}

// saidLocked takes in that the other side of a link has said whom it reaches.
func (n *Node) saidLocked(l *link, now time.Time) {
	if l.peersDue.IsZero() {
		return
	}
	if n.paths.IsAlone(l.conn.Remote().Instance) && !n.contacts.IsSighted(l.conn.Remote().Instance) {
		l.peersDue = now
		return
	}
	n.putOffLocked(l, now)
}

// exchangeLocked starts the exchanges that are due and returns when the next is.
func (n *Node) exchangeLocked(now time.Time) (next time.Time) {
	for _, l := range n.links {
		if l.peersDue.IsZero() {
			continue
		}
		if !l.peersDue.After(now) && !l.quiet && !n.paths.IsKnown(l.conn.Remote().Instance) {
			n.putOffLocked(l, now) // what it lacks cannot be told yet
		}
		if l.peersDue.After(now) {
			next = earlier(next, l.peersDue)
			continue
		}
		l.peersDue = time.Time{}
		l.peersNow = true
		l.wake.set()
	}
	return next
}

// appendPeersLocked tells the other side of those members that it does not
// know of, as many as fit.
func (n *Node) appendPeersLocked(l *link, buf []byte) []byte {
	room := batchSize - len(buf)
	if room <= 0 {
		return buf
	}
	l.peersNow = false
	if n.observer || l.tunnel != nil {
		return buf
	}
	var peers []wire.Peer
	for _, p := range n.present {
		if p.Instance == l.conn.Remote().Instance || l.told[p.Instance] || n.paths.IsLinked(l.conn.Remote().Instance, p.Instance) {
			continue
		}
		if other := n.links[p.Instance]; other != nil && other.tunnel == nil && !other.conn.Remote().Web {
			peers = append(peers, wire.Peer{
				Instance: p.Instance,
				Observed: other.conn.RemoteAddr(),
				Claimed:  other.conn.Remote().Addrs,
			})
		}
	}
	if len(peers) == 0 {
		return buf
	}
	buf, told := wire.AppendPeers(buf, peers, room)
	for _, p := range peers[:told] {
		l.told[p.Instance] = true
	}
	l.peersNow = told < len(peers)
	return buf
}

// peers takes in what the other side says of others.
func (n *Node) peers(l *link, p []byte) error {
	list, err := wire.ParsePeers(p)
	if err != nil {
		return err
	}
	addrs := make([][]netip.AddrPort, len(list))
	for i, one := range list {
		addrs[i] = n.believable(l, one) // asks the machine: not under the lock
	}
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, one := range list {
		instance := peer.Instance(one.Instance)
		if other := n.links[instance]; other != nil && other.tunnel == nil && other.m != nil && other.m.present {
			l.told[instance] = true
			continue
		}
		if n.observer && len(l.others) < wire.MaxRoutes {
			l.others[instance] = true // an observer opens no tunnels, but can say who could
		}
		n.contacts.Told(now, &l.teller, instance, addrs[i])
	}
	n.clockwork.set()
	return nil
}

// believable returns those addresses of a told member that a node may dial:
// what it claims only on our own networks, and where the teller found it also
// on other private ones, for members across a router. A member that lies
// cannot make us send anything to the rest of the world.
func (n *Node) believable(l *link, p wire.Peer) []netip.AddrPort {
	if n.self.Web {
		return nil // it dials nobody
	}
	over := l.conn.RemoteAddr().Addr()
	var out []netip.AddrPort
	if a := meant(p.Observed, over); a.IsValid() && (n.near(a.Addr()) || private(a.Addr())) {
		out = append(out, a)
	}
	for _, a := range p.Claimed {
		if a = meant(a, over); a.IsValid() && n.near(a.Addr()) {
			out = append(out, a)
		}
	}
	return out[:min(len(out), contacts.MaxTold)]
}

// shared is for networks between a carrier and its customers (RFC 6598), and
// what overlay networks such as Tailscale number their hosts from, each alone on
// its prefix.
var shared = netip.MustParsePrefix("100.64.0.0/10")

// private reports whether an address leads to nobody on the internet.
func private(ip netip.Addr) bool { return ip.IsPrivate() || shared.Contains(ip) }

// meant returns an address as it is to be understood here that was told over a
// link to another; zero if it means nothing here. A link-local IPv6 address has
// the zone of that link. A loopback address means the teller's own machine.
func meant(a netip.AddrPort, over netip.Addr) netip.AddrPort {
	ip := a.Addr()
	if a.Port() == 0 || !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() {
		return netip.AddrPort{}
	}
	if ip.IsLoopback() && over.IsValid() && !over.IsLoopback() {
		return netip.AddrPort{}
	}
	if !ip.IsLinkLocalUnicast() || ip.Is4() {
		return a
	}
	if over.Zone() == "" {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip.WithZone(over.Zone()), a.Port())
}

// answersAt returns where the other side of a link was found, if that is where it
// may be dialed again: a page cannot be, and dials nobody.
func (n *Node) answersAt(conn carrier) netip.AddrPort {
	if n.self.Web || conn.Remote().Web {
		return netip.AddrPort{}
	}
	return conn.RemoteAddr()
}

// linkAddrs returns where to dial the other side of a link again: where it was
// found, and on our networks what it says.
func (n *Node) linkAddrs(conn carrier) []netip.AddrPort {
	var out []netip.AddrPort
	found := n.answersAt(conn)
	if n.self.Web {
		return nil
	}
	if found.IsValid() && (n.near(found.Addr()) || private(found.Addr())) {
		out = append(out, found)
	}
	return append(out, n.nearOnly(conn.Remote().Addrs, found.Addr())...)
}

func (n *Node) nearOnly(addrs []netip.AddrPort, over netip.Addr) []netip.AddrPort {
	var out []netip.AddrPort
	for _, a := range addrs {
		if a.Addr().Zone() == "" {
			a = meant(a, over)
		}
		if a.IsValid() && n.near(a.Addr()) {
			out = append(out, a)
		}
	}
	return out
}

// near reports whether an address is on one of this machine's networks.
func (n *Node) near(ip netip.Addr) bool { return n.onLink == nil || n.onLink(ip) }

// earlier returns the earlier of two times; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
