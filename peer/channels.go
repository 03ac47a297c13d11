package peer

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/lanyap/lanyap/peer/stream"
)

// ErrNoChannels is what [Conn.OpenChannel] returns if the other side is of an
// earlier version, which would end the link.
var ErrNoChannels = errors.New("peer: the other side takes no channels")

// maxUnaccepted is how many channels may wait for AcceptChannel; more are refused
// at once.
const maxUnaccepted = 16

// channels are what runs beside the messages of a link. Nothing of it is there
// before it is used. Each side opens all its streams over one data channel, and
// over the other side's if that was first; so of both there may be one.
type channels struct {
	accept chan *stream.Conn

	mu   sync.Mutex // guards what follows
	ours *stream.Mux
	all  []*stream.Mux // two at the most
	over error         // the link has ended
	told func()        // see OnChannels
}

// OpenChannel begins a channel: a stream of bytes beside the messages of the link,
// which ends with it, if not before. It does not wait for the other side, whose
// refusal ends it. Its addresses are those of the link, *[net.UDPAddr], and
// unspecified on a [Pipe].
func (c *Conn) OpenChannel() (*stream.Conn, error) {
	if !c.takesChannels {
		return nil, ErrNoChannels
	}
	m, err := c.streams()
	if err != nil {
		return nil, err
	}
	return m.Open()
}

// OnChannels has f called once there may be something to accept: when either side
// has opened its first channel, which may have been before. So who accepts need not
// wait from the start. f is called once, in a goroutine of its own.
func (c *Conn) OnChannels(f func()) {
	c.channels.mu.Lock()
	defer c.channels.mu.Unlock()
	if len(c.channels.all) > 0 {
		c.spawn(f)
		return
	}
	c.channels.told = f
}

// AcceptChannel returns the next channel that the other side has opened.
func (c *Conn) AcceptChannel(ctx context.Context) (*stream.Conn, error) {
	select {
	case s := <-c.channels.accept:
		return s, nil
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
	if f := c.channels.told; f != nil {
		c.channels.told = nil
		c.spawn(f)
	}
	return m
}

func (c *Conn) localUDP() net.Addr {
	if c.local == nil {
		return new(net.UDPAddr)
	}
	return c.local.netAddr()
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
