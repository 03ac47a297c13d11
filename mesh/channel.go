package mesh

import (
	"context"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
	bytestream "github.com/lanyap/lanyap/peer/stream"
)

const (
	// maxUnopened is how many streams that the other side of a tunnel has opened
	// may wait to be looked at; more are refused.
	maxUnopened = 16

	// throughRate is what a member sends of streams in all its tunnels, in bytes a
	// second: a relay on a wireless network has each of them in the air twice.
	// throughBurst is what it may have saved.
	throughRate  = 16 << 20
	throughBurst = 256 << 10

	// throughShare is the part of a tunnel's window that streams may fill. What is
	// said comes behind that, here and at each relay.
	throughShare = 4

	// leastStream is the least that a stream's frame may be bounded to.
	leastStream = 256
)

// channelWay is the way to a member over a link to it, direct or not.
func channelWay(l *link) streamWay {
	return streamWay{l.streamCarrier(), func(context.Context) (peer.HalfConn, error) {
		c, err := l.conn.OpenChannel()
		if err != nil {
			return nil, err
		}
		return c, nil
	}}
}

func (l *link) streamCarrier() string {
	if l.tunnel != nil {
		return carrierMember
	}
	return carrierChannel
}

// onChannels has channels accepted once there is one. In a tunnel the first frame of
// a stream does that.
func (n *Node) onChannels(l *link) {
	conn, ok := l.conn.(*peer.Conn)
	if !ok || l.quiet {
		return
	}
	conn.OnChannels(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.state != closed { // or else nobody waits for what is started now
			n.wg.Go(func() { n.acceptChannels(l) })
		}
	})
}

// acceptChannels takes in the streams that the other side of a link opens over it.
func (n *Node) acceptChannels(l *link) {
	h := l.conn.Remote()
	for {
		c, err := l.conn.AcceptChannel(n.ctx)
		if err != nil {
			return
		}
		n.wg.Go(func() { n.serveStream(c, Member{h.ID, h.Instance}, l.streamCarrier()) })
	}
}

// streamFrame takes in a frame of a stream in a tunnel.
func (n *Node) streamFrame(l *link, p []byte) error {
	if l.tunnel == nil {
		return nil
	}
	l.tunnel.accepting.Do(func() { n.wg.Go(func() { n.acceptChannels(l) }) })
	return l.tunnel.streams.Take(p)
}

// fillStreams appends a frame of the streams in a tunnel, when it is their turn. If
// there is one whose time has not come, it returns how long that takes.
func (n *Node) fillStreams(l *link, buf []byte, now time.Time) ([]byte, time.Duration) {
	t := l.tunnel
	if t == nil || !t.streams.Due() {
		return buf, 0
	}
	t.stalled.Store(true) // before it is looked at: it may be read meanwhile
	underWay, window := t.UnderWay()
	if underWay >= window/throughShare {
		return buf, 0
	}
	t.stalled.Store(false)
	most := int(min(max(window/throughShare, leastStream), bytestream.MaxFrame))
	if wait := n.through.take(now, most); wait > 0 {
		return buf, wait
	}
	frame := t.streams.Append(nil, most)
	n.through.restore(most - len(frame))
	if len(frame) == 0 {
		return buf, 0
	}
	return wire.AppendStream(buf, frame), 0
}

// wakeOwn has the writer of the link that is this tunnel look at its streams.
func (t *tunnelLink) wakeOwn() {
	if l := t.own.Load(); l != nil {
		l.wake.set()
	}
}

// unstall does so when something has come that they may have waited for.
func (t *tunnelLink) unstall() {
	if t.stalled.Swap(false) {
		t.wakeOwn()
	}
}

// OpenChannel begins a stream in the tunnel.
func (t *tunnelLink) OpenChannel() (*bytestream.Conn, error) { return t.streams.Open() }

// AcceptChannel returns the next that the other side has begun.
func (t *tunnelLink) AcceptChannel(ctx context.Context) (*bytestream.Conn, error) {
	select {
	case c := <-t.opened:
		return c, nil
	case <-t.streams.Done():
		return nil, t.streams.Err()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// noAddr is where a tunnel is: its streams have an Addr of their own.
type noAddr struct{}

func (noAddr) Network() string { return "lanyap" }
func (noAddr) String() string  { return "tunnel" }

// pace bounds what goes out of several writers.
type pace struct {
	mu     sync.Mutex // guards bucket
	bucket budget.Bucket
}

func newPace() pace {
	return pace{bucket: budget.Bucket{Burst: throughBurst, PerSecond: throughRate}}
}

// take takes so many bytes, or returns how long until they are there.
func (p *pace) take(now time.Time, bytes int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bucket.Take(now, float64(bytes)) {
		return 0
	}
	return p.bucket.Wait(now, float64(bytes))
}

func (p *pace) restore(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bucket.Restore(float64(bytes))
}
