package mesh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/peer"
)

const (
	// maxDials is how many dials are under way at once. More make a start of
	// many nodes slower: each dial then takes longer than the other side waits.
	maxDials = 4
	// maxRetrying is how many of these may have failed before.
	maxRetrying = maxDials / 2
	// resolveTimeout bounds looking up a name given by hand.
	resolveTimeout = 5 * time.Second
)

// startDialsLocked starts the dials that are due.
func (n *Node) startDialsLocked(now time.Time) {
	for n.dialing < maxDials {
		p := n.hand.due(now, n.linkedLocked)
		if p == nil {
			break
		}
		n.dialing++
		n.wg.Go(func() { n.dialHand(p) })
	}
	for _, to := range n.sightings.due(now, maxDials-n.dialing) {
		n.dialing++
		n.wg.Go(func() { n.dial(to) })
	}
}

// linkedLocked reports whether there is a direct link to the instance.
func (n *Node) linkedLocked(instance peer.Instance) bool {
	l := n.links[instance]
	return l != nil && l.tunnel == nil
}

func (n *Node) dial(to peer.Target) {
	conn, err := n.transport.Dial(n.ctx, to)
	if err == nil {
		n.addLink(conn)
	} else {
		n.log.Debug("dial", "instance", to.Instance, "addrs", to.Addrs, "err", err)
	}
	n.mu.Lock()
	n.dialing--
	n.sightings.dialedTo(time.Now(), to.Instance, err)
	stale := n.staleLocked(to.Instance, err)
	n.mu.Unlock()
	if stale != nil {
		_ = stale.Close(peer.ErrGone)
	}
	n.clockwork.set()
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
func (n *Node) dialHand(p *handPeer) {
	conn, addrs, err := n.dialPorts(p)
	who := peer.Instance{}
	if err == nil {
		who = conn.Remote().Instance
		n.addLink(conn)
	} else {
		n.log.Debug("dial", "peer", p.text, "err", err)
	}
	n.mu.Lock()
	n.dialing--
	p.addrs = addrs
	p.dialed(time.Now(), who, err)
	n.mu.Unlock()
	n.clockwork.set()
}

func (n *Node) dialPorts(p *handPeer) (*peer.Conn, []netip.AddrPort, error) {
	ips, err := resolve(n.ctx, p.host)
	if err != nil {
		return nil, nil, err
	}
	var tried []netip.AddrPort
	var worst error
	for _, port := range p.ports {
		to := peer.Target{ByHand: true}
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
