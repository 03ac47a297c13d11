package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// resolveTimeout bounds looking up a name given by hand.
const resolveTimeout = 5 * time.Second

// startDialsLocked starts the dials that are due, and returns when the next is.
func (n *Node) startDialsLocked(now time.Time) (next time.Time) {
	for {
		p := n.hand.due(now, n.handDials.vacancy(now), n.linkedLocked)
		if p == nil {
			break
		}
		a := n.handDials.begin(now, 1, p.fails > 0)
		p.attempt = a
		n.wg.Go(func() { n.dialHand(p, a) })
	}
	for _, e := range n.sightings.due(now, n.seenDials.vacancy(now)) {
		a := n.seenDials.begin(now, len(e.dialing), e.fails > 0)
		e.attempt = a
		to := peer.Target{Instance: e.instance, Addrs: e.dialing, Once: e.once, Progress: n.progress(a), Instead: n.instead(e.instance)}
		n.wg.Go(func() { n.dial(to, a) })
	}
	next = earlier(n.seenDials.wake(now), n.handDials.wake(now))
	next = earlier(next, n.sightings.wake(n.seenDials.vacancy(now)))
	return earlier(next, n.hand.wake(n.handDials.vacancy(now), n.linkedLocked))
}

// progress returns what keeps an attempt's step.
func (n *Node) progress(a *attempt) func(peer.Step, netip.AddrPort) {
	return func(step peer.Step, at netip.AddrPort) {
		n.mu.Lock()
		a.move(time.Now(), step, at)
		n.mu.Unlock()
		if step == peer.StepCheck {
			n.clockwork.set() // its place may be free sooner than before
		}
	}
}

// instead returns what takes in who answers where an instance was meant.
func (n *Node) instead(meant peer.Instance) func(peer.Instance, netip.AddrPort) {
	return func(who peer.Instance, at netip.AddrPort) {
		n.mu.Lock()
		n.sightings.instead(time.Now(), meant, who, at)
		n.mu.Unlock()
		n.clockwork.set()
	}
}

// linkedLocked reports whether there is a direct link to the instance.
func (n *Node) linkedLocked(instance peer.Instance) bool {
	l := n.links[instance]
	return l != nil && l.tunnel == nil
}

func (n *Node) dial(to peer.Target, a *attempt) {
	conn, err := n.transport.Dial(n.ctx, to)
	if err == nil {
		n.addLink(conn)
	} else {
		n.log.Debug("dial", "instance", to.Instance, "addrs", to.Addrs, "err", err)
	}
	n.mu.Lock()
	n.dialEndedLocked(time.Now(), to.Instance, a, err)
	stale := n.staleLocked(to.Instance, err)
	n.mu.Unlock()
	if stale != nil {
		// Refused may mean a firewall: only who finds another there knows that
		// the instance is gone.
		cause := peer.ErrTimeout
		if errors.Is(err, peer.ErrInstance) {
			cause = peer.ErrGone
		}
		_ = stale.Close(cause)
	}
	n.clockwork.set()
}

// dialEndedLocked takes in how the dial to a sighting ended.
func (n *Node) dialEndedLocked(now time.Time, instance peer.Instance, a *attempt, err error) {
	delete(n.seenDials, a)
	n.sightings.tried(instance, a.tried)
	if errors.Is(err, peer.ErrLinked) && !a.stalled(now) {
		n.sightings.answered(instance, a.at)
	}
	n.sightings.dialedTo(now, instance, err)
}

// staleLocked returns the link that was to be replaced because it runs over an
// address that we no longer have, if the dial found that nobody is there any
// more. Its own watch would notice seconds later: nothing reaches us there.
func (n *Node) staleLocked(instance peer.Instance, err error) carrier {
	l := n.links[instance]
	if l == nil || l.tunnel != nil || !n.addressLostLocked(l) {
		return nil
	}
	if errors.Is(err, peer.ErrRefused) || errors.Is(err, peer.ErrInstance) {
		return l.conn
	}
	return nil
}

// dialHand dials an address given by hand, one port after the other: a host
// may run several nodes, of several rooms.
func (n *Node) dialHand(p *handPeer, a *attempt) {
	conn, addrs, err := n.dialPorts(p, a)
	who := peer.Instance{}
	if err == nil {
		who = conn.Remote().Instance
		n.addLink(conn)
	} else {
		n.log.Debug("dial", "peer", p.text, "err", err)
	}
	n.mu.Lock()
	delete(n.handDials, a)
	p.addrs = addrs
	p.dialed(time.Now(), who, err)
	n.mu.Unlock()
	n.clockwork.set()
}

func (n *Node) dialPorts(p *handPeer, a *attempt) (*peer.Conn, []netip.AddrPort, error) {
	ips, err := resolve(n.ctx, p.host)
	if err != nil {
		return nil, nil, err
	}
	var tried []netip.AddrPort
	var worst error
	for _, port := range p.ports {
		to := peer.Target{ByHand: true, Once: a.retry, Progress: n.progress(a)}
		for _, ip := range ips {
			to.Addrs = append(to.Addrs, netip.AddrPortFrom(ip, port))
		}
		tried = append(tried, to.Addrs...)
		conn, err := n.transport.Dial(n.ctx, to)
		if err == nil || errors.Is(err, peer.ErrLinked) {
			return conn, tried, err
		}
		if worst == nil || handRank(err) > handRank(worst) {
			worst = err
		}
		if errors.Is(err, peer.ErrTimeout) || n.ctx.Err() != nil {
			break // a host that does not answer on one port answers on none
		}
	}
	return nil, tried[:min(len(tried), maxAddrs)], worst
}

// handRank orders what went wrong on several ports by how much it tells.
func handRank(err error) int {
	switch {
	case errors.Is(err, peer.ErrRefused):
		return 0
	case errors.Is(err, peer.ErrSelf):
		return 1
	}
	return 2
}

// resolve looks a host up; at most maxAddrs addresses.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	if strings.EqualFold(host, "localhost") {
		// Nobody has to be asked (RFC 6761, section 6.3), and where /etc/hosts
		// is missing nobody can tell.
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("mesh: peer %q: %w", host, err)
	}
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	return ips[:min(len(ips), maxAddrs)], nil
}
