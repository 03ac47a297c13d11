package mesh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
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
	accepted      bool // the other side opened it
}

func (c *serviceConn) LocalAddr() net.Addr  { return c.local }
func (c *serviceConn) RemoteAddr() net.Addr { return c.remote }

// Carrier returns what carries the stream: "tcp", "channel" or "member".
func (c *serviceConn) Carrier() string { return c.carrier }

func (c *serviceConn) Close() error {
	c.node.services.remove(c)
	return c.HalfConn.Close()
}

// Dial opens a stream to whoever listens for a service at a member. It returns
// when that is agreed, which takes two round trips.
//
// The stream goes over TLS and TCP where that reaches the member, otherwise over
// its link. Its RemoteAddr is an [Addr] with who that is, as proven. It also has
// the methods
//
//	CloseWrite() error // the other side reads io.EOF, and this side goes on reading
//	Carrier() string   // "tcp", "channel" or "member"
//
// Errors are [ErrNoMember], [ErrNoService], [ErrBusy], [ErrService] if that is no
// name of one, [ErrClosed], [ErrObserver] and ctx's, and otherwise say why the
// member is not reached.
func (n *Node) Dial(ctx context.Context, m Member, service string) (net.Conn, error) {
	if err := checkService(service); err != nil {
		return nil, err
	}
	if n.observer {
		return nil, ErrObserver
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

// dialService tries one carrier after the other.
func (n *Node) dialService(ctx context.Context, m Member, service string) (net.Conn, error) {
	err := ErrNoMember
	for _, w := range n.waysTo(m) {
		raw, e := w.dial(ctx)
		if e == nil {
			var conn *serviceConn
			if conn, e = n.openService(ctx, raw, Addr{m, service}, w.carrier); e == nil {
				return conn, nil
			}
		}
		if ctx.Err() != nil || errors.Is(e, ErrNoService) || errors.Is(e, ErrBusy) || errors.Is(e, ErrClosed) {
			return nil, e
		}
		n.log.Debug("no stream", "instance", m.Instance, "carrier", w.carrier, "err", e)
		if errors.Is(err, ErrNoMember) {
			err = e
		}
		if w.carrier == carrierTCP {
			n.avoidTCP(m, time.Now().Add(untilTCPAgain))
		}
	}
	return nil, err
}

// way is one by which a member may be reached.
type streamWay struct {
	carrier string
	dial    func(context.Context) (peer.HalfConn, error)
}

// waysTo returns the ways to a member, best first.
func (n *Node) waysTo(who Member) []streamWay {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.members[who]
	if m == nil || !m.present && m.link == nil {
		return nil
	}
	var ways []streamWay
	overTCP, ok := n.transport.(streams)
	addrs := n.addrsLocked(m)
	if m.link != nil && !m.link.quiet {
		ways = append(ways, channelWay(m.link))
	}
	if ok && len(addrs) > 0 {
		overTCP := streamWay{carrierTCP, func(ctx context.Context) (peer.HalfConn, error) {
			s, err := overTCP.DialStream(ctx, who.Instance, addrs)
			if err != nil {
				return nil, err
			}
			return s, nil
		}}
		if m.noTCP.After(time.Now()) {
			return append(ways, overTCP)
		}
		return append([]streamWay{overTCP}, ways...)
	}
	return ways
}

// addrsLocked returns where a member may answer TCP: not if only others reach it.
func (n *Node) addrsLocked(m *member) []netip.AddrPort {
	if m.peer.Addr.IsValid() && m.peer.Via == nil {
		return []netip.AddrPort{m.peer.Addr}
	}
	return nil
}

// avoidTCP has a member be tried over TCP last for some time.
func (n *Node) avoidTCP(who Member, until time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if m := n.members[who]; m != nil {
		m.noTCP = until
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
