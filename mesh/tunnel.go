package mesh

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/tunnel"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
	bytestream "github.com/lanyap/lanyap/peer/stream"
)

// carrier is what a link runs over: a *[peer.Conn], or a tunnel.
type carrier interface {
	Remote() peer.Hello
	RemoteAddr() netip.AddrPort // invalid for a tunnel
	LocalAddr() netip.Addr      // the same
	ReadMessage() ([]byte, error)
	WriteMessage([]byte) error
	Ping(context.Context) (time.Duration, error)
	Close(cause error) error
	Done() <-chan struct{}
	OpenChannel() (*bytestream.Conn, error)
	AcceptChannel(context.Context) (*bytestream.Conn, error)
}

var errPath = errors.New("mesh: the path is gone")

// tunnelLink is a tunnel with the neighbours that it goes through: a carrier as
// good as a direct link to whoever uses it. When a path breaks the tunnel ends,
// and the members' streams go on over the next.
type tunnelLink struct {
	*tunnel.Tunnel
	born   time.Time
	via    atomic.Pointer[link] // where our records go; nil: the other's open is not here
	from   atomic.Pointer[link] // where the other's last came from
	queued atomic.Bool          // it is among the outlets of via

	streams *bytestream.Mux
	opened  chan *bytestream.Conn // by the other side
	own     atomic.Pointer[link]  // whose conn it is; nil: it is not up
	stalled atomic.Bool           // a stream waits for what is under way to be read

	accepting sync.Once // see streamFrame
}

func (n *Node) newTunnel(to peer.Instance, now time.Time) *tunnelLink {
	t := &tunnelLink{born: now, opened: make(chan *bytestream.Conn, maxUnopened)}
	t.streams = bytestream.NewMux(bytestream.Config{Accept: t.opened, Wake: t.wakeOwn, Local: noAddr{}, Remote: noAddr{}})
	t.Tunnel = tunnel.New(tunnel.Config{
		Room: n.room, Self: wireMember(n.self.Member), Sign: n.identity.Sign, Key: n.tunnelKey,
		To: to, Window: &n.window, Wake: t.wake,
	}, now)
	return t
}

// wake has what is due sent by the writer of the link that it goes over.
func (t *tunnelLink) wake() {
	if l := t.via.Load(); l != nil {
		l.outlets.add(t)
		l.wake.set()
	}
}

// meet takes in the other's open, which came over l: that way our keys go back.
func (n *Node) meet(t *tunnelLink, l *link, o wire.Open) error {
	keys, err := t.Meet(o)
	if err != nil || keys == nil {
		return err
	}
	t.via.Store(l)
	n.post(l, t.To(), keys)
	return nil
}

// post sends a record that belongs to no tunnel that is up.
func (n *Node) post(l *link, to peer.Instance, record []byte) {
	l.outlets.post(n.wrap(to, record))
	l.wake.set()
}

// wrap makes a record of ours a relay frame.
func (n *Node) wrap(to peer.Instance, record []byte) []byte {
	return wire.AppendRelay(nil, wire.Relay{To: to, From: n.self.Instance, Hops: wire.MaxHops, Payload: record})
}

// Close ends the tunnel and tells the other side why, if it listens.
func (t *tunnelLink) Close(cause error) error {
	if errors.Is(cause, peer.ErrReplaced) {
		return t.CloseAs(cause, tunnel.Replaced)
	}
	return t.Tunnel.Close(cause)
}

// lose ends a tunnel whose path is gone.
func (t *tunnelLink) lose() { _ = t.CloseAs(errPath, "") }

// relayer returns who is next on the way.
func (t *tunnelLink) relayer() *Peer {
	p := t.via.Load().m.peer
	return &p
}

// spread is how much all members of a room may have under way in tunnels, in
// bytes of messages: what a relay may have to keep in the worst case, where it is
// the only one, everybody speaks at once and nobody reads. The records that it
// is sealed in have to fit [limits].relayed.
const spread = 11 << 20

// windowLocked gives each of our tunnels an even share of what this member may
// have under way of that. So none waits for another, however slow that is.
func (n *Node) windowLocked() {
	tunnels := 0
	for _, l := range n.links {
		if l.tunnel != nil {
			tunnels++
		}
	}
	members := len(n.present) + 1
	n.window.Store(int64(spread / members / max(tunnels, 1)))
}
