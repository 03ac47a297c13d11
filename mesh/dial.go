package mesh

import (
	"errors"
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/contacts"
	"github.com/lanyap/lanyap/peer"
)

// startDialsLocked starts the dials that are due, and returns when the next is.
func (n *Node) startDialsLocked(now time.Time) (next time.Time) {
	for _, d := range n.contacts.Due(now) {
		if d.Address != nil {
			n.wg.Go(func() { n.dialHand(d) })
			continue
		}
		if !d.Over.IsZero() {
			n.wg.Go(func() { n.dialCarried(d) })
			continue
		}
		n.wg.Go(func() { n.dial(d) })
	}
	return n.contacts.Wake(now)
}

// progress returns what takes in how far a dial is.
func (n *Node) progress(d *contacts.Dial) func(peer.Step, netip.AddrPort) {
	return func(step peer.Step, at netip.AddrPort) {
		n.mu.Lock()
		n.contacts.Moved(time.Now(), d, step, at)
		n.mu.Unlock()
		if step == peer.StepCheck {
			n.clockwork.set() // its place may be free sooner than before
		}
	}
}

// instead returns what takes in who answers where another was meant.
func (n *Node) instead(d *contacts.Dial) func(peer.Instance, netip.AddrPort) {
	return func(who peer.Instance, at netip.AddrPort) {
		n.mu.Lock()
		n.contacts.Instead(time.Now(), d, who, at)
		n.mu.Unlock()
		n.clockwork.set()
	}
}

// dial dials a contact.
func (n *Node) dial(d *contacts.Dial) {
	to := peer.Target{Instance: d.Instance, Addrs: d.Addrs, Once: d.Once, Progress: n.progress(d), Instead: n.instead(d), Avoid: n.avoid}
	conn, err := n.transport.Dial(n.ctx, to)
	if err == nil {
		n.addLink(conn)
	} else {
		n.log.Debug("dial", "instance", to.Instance, "addrs", to.Addrs, "err", err)
	}
	n.mu.Lock()
	n.contacts.Ended(time.Now(), d, err)
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
func (n *Node) dialHand(d *contacts.Dial) {
	conn, addrs, err := n.dialPorts(d)
	who := peer.Instance{}
	if err == nil {
		who = conn.Remote().Instance
		n.addLink(conn)
	} else {
		n.log.Debug("dial", "peer", d.Address.Text, "err", err)
	}
	n.mu.Lock()
	n.contacts.EndedByHand(time.Now(), d, who, addrs, err)
	n.mu.Unlock()
	n.clockwork.set()
}

func (n *Node) dialPorts(d *contacts.Dial) (*peer.Conn, []netip.AddrPort, error) {
	ips, err := resolve(n.ctx, d.Address.Host)
	if err != nil {
		return nil, nil, err
	}
	var tried []netip.AddrPort
	var worst error
	for _, port := range d.Address.Ports {
		to := peer.Target{ByHand: true, Once: d.Once, Progress: n.progress(d), Avoid: n.avoid}
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
	return nil, tried[:min(len(tried), contacts.MaxAddrs)], worst
}

// handRank orders what went wrong on several ports by how much it tells.
func handRank(err error) int {
	switch {
	case errors.Is(err, peer.ErrRefused):
		return 0
	case errors.Is(err, peer.ErrSelf):
		return 1
	case errors.Is(err, peer.ErrSecret):
		return 3
	}
	return 2
}
