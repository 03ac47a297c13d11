package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/name"
)

// A member that wants a stream says first, over whatever carries it,
//
//	version 1 (1) | name length (1) | name of the service
//
// and the other side answers with one status byte. All that follows is the
// programs'.
const (
	serviceVersion = 1

	statusOpen    = 0
	statusNone    = 1 // nobody listens for the service
	statusBusy    = 2 // who does has too many that it has not accepted
	statusVersion = 3
	statusMute    = 255 // never sent: the other side has not said what it wants

	// serviceTimeout is how long either side waits for the other's part of that.
	serviceTimeout = 5 * time.Second

	// untilTCPAgain is how long a member that TCP does not reach is not tried over
	// it: what keeps it out is a firewall, and asking costs 1.5 s.
	untilTCPAgain = time.Minute
)

// What carries a stream, as Carrier returns it.
const (
	carrierTCP     = "tcp"
	carrierChannel = "channel"
	carrierMember  = "member"
	carrierOwn     = "own"
)

// Addr is the address of either end of a stream: who it is, and what for.
type Addr struct {
	Member  Member
	Service string
}

// Network returns "lanyap".
func (Addr) Network() string { return "lanyap" }

// String returns "ID/INSTANCE/SERVICE".
func (a Addr) String() string {
	return a.Member.ID.String() + "/" + a.Member.Instance.String() + "/" + a.Service
}

// streams is what a Transport may have beside links; see Network.
type streams interface {
	DialStream(context.Context, peer.Instance, []netip.AddrPort) (*peer.Stream, error)
	AcceptStream(context.Context) (*peer.Stream, error)
}

// serviceConn is a stream as the program has it.
type serviceConn struct {
	peer.HalfConn
	node          *Node
	local, remote Addr
	carrier       string
	accepted      bool        // the other side opened it
	gone          atomic.Bool // it was ended because the other side is
}

func (c *serviceConn) LocalAddr() net.Addr  { return c.local }
func (c *serviceConn) RemoteAddr() net.Addr { return c.remote }

func (c *serviceConn) Read(p []byte) (int, error) {
	n, err := c.HalfConn.Read(p)
	return n, c.errorOf("read", err)
}

func (c *serviceConn) Write(p []byte) (int, error) {
	n, err := c.HalfConn.Write(p)
	return n, c.errorOf("write", err)
}

// abort ends a stream that the program has yet to close: not in order, if what
// carries it can tell that.
func (c *serviceConn) abort() {
	if a, ok := c.HalfConn.(interface{ Abort() }); ok {
		a.Abort()
		return
	}
	_ = c.HalfConn.Close()
}

// drop ends a stream that no program has or will close: not in order.
func (c *serviceConn) drop() {
	c.abort()
	_ = c.Close()
}

// errorOf says what a stream was ended for.
func (c *serviceConn) errorOf(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case c.node.ctx.Err() != nil:
		return ErrClosed
	case c.gone.Load():
		return &net.OpError{Op: op, Net: c.local.Network(), Source: c.local, Addr: c.remote, Err: ErrNoMember}
	}
	return err
}

// Carrier returns what carries the stream: "tcp", "channel", "member" or "own".
func (c *serviceConn) Carrier() string { return c.carrier }

func (c *serviceConn) Close() error {
	c.node.services.remove(c)
	return c.HalfConn.Close()
}

// Dial opens a stream to whoever listens for a service at a member. It returns
// when that is agreed, which takes two round trips.
//
// The stream goes over TLS and TCP where that reaches the member, otherwise over
// its link; one to the node itself stays in memory. Its RemoteAddr is an [Addr] with
// who that is, as proven. It also has the methods
//
//	CloseWrite() error // the other side reads io.EOF, and this side goes on reading
//	Carrier() string   // "tcp", "channel", "member" or "own"
//
// Errors are [ErrNoMember], [ErrNoService], [ErrBusy], [ErrService] if that is no
// name of one, [ErrClosed], [ErrObserver] and ctx's, and otherwise say why the
// member is not reached.
func (n *Node) Dial(ctx context.Context, m Member, service string) (net.Conn, error) {
	if err := checkService(service); err != nil {
		return nil, err
	}
	switch {
	case n.observer:
		return nil, ErrObserver
	case n.ctx.Err() != nil:
		return nil, ErrClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(n.ctx, func() { cancel(ErrClosed) })()
	conn, err := n.dialService(ctx, m, service)
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, fmt.Errorf("mesh: dial %s at %s: %w", service, m.Instance, err)
}

func checkService(service string) error {
	if err := name.Check(service); err != nil || service == "" {
		return ErrService
	}
	return nil
}

// dialService tries one way after the other.
func (n *Node) dialService(ctx context.Context, m Member, service string) (net.Conn, error) {
	worst := ErrNoMember
	for _, w := range n.waysTo(m) {
		raw, err := w.dial(ctx)
		if err == nil {
			var conn *serviceConn
			if conn, err = n.openService(ctx, raw, Addr{m, service}, w.carrier); err == nil {
				return conn, nil
			}
		}
		if ctx.Err() != nil || errors.Is(err, ErrNoService) || errors.Is(err, ErrBusy) || errors.Is(err, ErrClosed) {
			return nil, err
		}
		n.log.Debug("no stream", "instance", m.Instance, "carrier", w.carrier, "err", err)
		if errors.Is(worst, ErrNoMember) {
			worst = err
		}
		if w.carrier == carrierTCP && !errors.Is(err, peer.ErrFull) {
			n.avoidTCP(m)
		}
	}
	return nil, worst
}

// streamWay is one by which a stream may reach a member.
type streamWay struct {
	carrier string
	dial    func(context.Context) (peer.HalfConn, error)
}

// waysTo returns the ways to a member, the best first. TCP goes last for a minute
// after it has not reached the member: asking costs 1.5 s.
func (n *Node) waysTo(who Member) []streamWay {
	if who == n.self.Member {
		return []streamWay{n.ownWay()}
	}
	n.mu.Lock()
	m := n.members[who]
	if m == nil || !m.present && m.link == nil {
		n.mu.Unlock()
		return nil
	}
	l, found, avoid := m.link, m.peer.Addr, m.noTCP.After(time.Now())
	n.mu.Unlock()
	var ways []streamWay
	addrs := n.streamAddrs(l, found)
	if t, ok := n.transport.(streams); ok && len(addrs) > 0 {
		ways = append(ways, streamWay{carrierTCP, func(ctx context.Context) (peer.HalfConn, error) {
			return asHalf(t.DialStream(ctx, who.Instance, addrs))
		}})
	}
	if l != nil && !l.quiet {
		ways = append(ways, channelWay(l))
	}
	if avoid {
		slices.Reverse(ways)
	}
	return ways
}

func asHalf(s *peer.Stream, err error) (peer.HalfConn, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// streamAddrs returns where a member may answer TCP: where its link goes, or went,
// and on our networks where it says itself.
func (n *Node) streamAddrs(l *link, found netip.AddrPort) []netip.AddrPort {
	var addrs []netip.AddrPort
	if l != nil && l.tunnel == nil {
		addrs = append(addrs, l.conn.RemoteAddr())
		addrs = append(addrs, n.linkAddrs(l.conn)...)
	}
	addrs = append(addrs, found)
	var out []netip.AddrPort
	for _, a := range addrs {
		if a.IsValid() && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// avoidTCP has a member be tried over TCP last for some time.
func (n *Node) avoidTCP(who Member) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if m := n.members[who]; m != nil {
		m.noTCP = time.Now().Add(untilTCPAgain)
	}
}

// openService asks for a service over what was dialed, which it takes over.
func (n *Node) openService(ctx context.Context, raw peer.HalfConn, to Addr, carrier string) (*serviceConn, error) {
	_ = raw.SetDeadline(time.Now().Add(serviceTimeout))
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Now()) })
	err := askService(raw, to.Service)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	c := &serviceConn{
		HalfConn: raw, node: n, carrier: carrier,
		local: Addr{n.self.Member, to.Service}, remote: to,
	}
	if err == nil && !n.services.add(c) {
		err = ErrClosed
	}
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return c, raw.SetDeadline(time.Time{})
}

// askService says what a stream is for and reads the answer.
func askService(raw net.Conn, service string) error {
	if _, err := raw.Write(append([]byte{serviceVersion, byte(len(service))}, service...)); err != nil {
		return err
	}
	var status [1]byte
	if _, err := io.ReadFull(raw, status[:]); err != nil {
		return err
	}
	switch status[0] {
	case statusOpen:
		return nil
	case statusNone:
		return ErrNoService
	case statusBusy:
		return ErrBusy
	}
	return fmt.Errorf("answered with status %d", status[0])
}
