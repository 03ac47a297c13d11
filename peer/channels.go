package peer

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/lanyap/lanyap/peer/stream"
)

// ErrNoChannels is what [Conn.OpenChannel] returns if the other side is of an
// earlier version, which would end the link.
var ErrNoChannels = errors.New("peer: the other side takes no channels")

// maxUnaccepted is how many channels may wait for AcceptChannel; more are refused
// at once.
const maxUnaccepted = 16

// Channel is a stream of bytes beside the messages of a link: a [net.Conn] that
// ends with the link, if not before. It neither holds up messages nor other
// channels, read or unread. A read ends with io.EOF if the other side has closed
// it, or its half, and with another error if the link has ended or the other side
// has given the channel up.
type Channel struct{ conn *stream.Conn }

// Read implements [net.Conn].
func (c *Channel) Read(p []byte) (int, error) { return c.conn.Read(p) }

// Write implements [net.Conn]. It returns when all but the last 64 KiB have left.
func (c *Channel) Write(p []byte) (int, error) { return c.conn.Write(p) }

// Close ends both directions and does not wait: what was written leaves in the
// background, for a minute at most.
func (c *Channel) Close() error { return c.conn.Close() }

// CloseWrite ends the direction to the other side, which reads io.EOF.
func (c *Channel) CloseWrite() error { return c.conn.CloseWrite() }

// Reset ends the channel at once; the other side's reads and writes fail with
// reason, at most 200 bytes. What was not sent is dropped.
func (c *Channel) Reset(reason string) { c.conn.Reset(reason) }

// LocalAddr returns our address of the link, as a *[net.UDPAddr]; unspecified on a
// [Pipe].
func (c *Channel) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr returns that of the other side.
func (c *Channel) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Channel) SetDeadline(t time.Time) error { return c.conn.SetDeadline(t) }

// SetReadDeadline bounds Read; one that is missed does no harm to the channel.
func (c *Channel) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// SetWriteDeadline bounds Write, which then says how much has left or will.
func (c *Channel) SetWriteDeadline(t time.Time) error { return c.conn.SetWriteDeadline(t) }

var _ net.Conn = (*Channel)(nil)

// channels are what runs beside the messages of a link. Nothing of it is there
// before it is used. Each side opens all its streams over one data channel, and
// over the other side's if that was first; so of both there may be one.
type channels struct {
	accept chan *stream.Conn

	mu   sync.Mutex // guards what follows
	ours *stream.Mux
	all  []*stream.Mux // two at the most
	over error         // the link has ended
}

// OpenChannel begins a channel. It does not wait for the other side, whose
// refusal ends it.
func (c *Conn) OpenChannel() (*Channel, error) {
	if !c.takesChannels {
		return nil, ErrNoChannels
	}
	m, err := c.streams()
	if err != nil {
		return nil, err
	}
	s, err := m.Open()
	if err != nil {
		return nil, err
	}
	return &Channel{s}, nil
}

// AcceptChannel returns the next channel that the other side has opened.
func (c *Conn) AcceptChannel(ctx context.Context) (*Channel, error) {
	select {
	case s := <-c.channels.accept:
		s.Admit()
		return &Channel{s}, nil
	case <-c.done:
		return nil, c.Err()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// streams returns what channels are opened on, which may be new.
func (c *Conn) streams() (*stream.Mux, error) {
	c.channels.mu.Lock()
	defer c.channels.mu.Unlock()
	if c.channels.over != nil {
		return nil, c.channels.over
	}
	if c.channels.ours != nil {
		return c.channels.ours, nil
	}
	m := c.addMuxLocked()
	if !c.spawn(func() { c.carry(m, c.ch.openBeside) }) {
		m.End(ErrClosed)
	}
	return m, nil
}

func (c *Conn) addMuxLocked() *stream.Mux {
	m := stream.NewMux(stream.Config{Accept: c.channels.accept, Local: c.localUDP(), Remote: net.UDPAddrFromAddrPort(c.remoteAddr)})
	c.channels.all = append(c.channels.all, m)
	if c.channels.ours == nil {
		c.channels.ours = m
	}
	return m
}

func (c *Conn) localUDP() net.Addr {
	if c.local == nil {
		return new(net.UDPAddr)
	}
	return c.local.conn.LocalAddr()
}

// takeBeside serves the channels that the other side opens, once.
func (c *Conn) takeBeside(beside stream.Carrier) {
	c.channels.mu.Lock()
	defer c.channels.mu.Unlock()
	if c.channels.over != nil {
		_ = beside.Close()
		return
	}
	m := c.addMuxLocked()
	if !c.spawn(func() { c.carry(m, func() (stream.Carrier, error) { return beside, nil }) }) {
		m.End(ErrClosed)
	}
}

// carry runs streams until they or the link end.
func (c *Conn) carry(m *stream.Mux, open func() (stream.Carrier, error)) {
	beside, err := open()
	if err != nil {
		m.End(err)
		return
	}
	if err := m.Carry(beside); errors.Is(err, stream.ErrProtocol) {
		c.end(err, "close "+err.Error())
	}
}

// endChannels ends what runs beside the messages.
func (c *Conn) endChannels(cause error) {
	c.channels.mu.Lock()
	defer c.channels.mu.Unlock()
	c.channels.over = cause
	for _, m := range c.channels.all {
		m.End(cause)
	}
}
