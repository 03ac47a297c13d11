//go:build !js

package peer

import (
	"net"
	"sync/atomic"
	"time"
)

// handshakeRecord is the first byte of a TLS connection (RFC 8446 §5.1), and of
// no HTTP request.
const handshakeRecord = 22

// inbound is a connection that somebody made to our port, with the first byte that
// it read: it tells HTTP from TLS.
type inbound struct {
	net.Conn
	first  byte
	unread atomic.Bool // first is still to be given to whoever reads

	born  time.Time
	bytes atomic.Int64 // that have moved since it last counted as moving
	moved atomic.Int64 // when that was, in nanoseconds after born
}

// moves is how many bytes, either way, make a connection count as one that moves.
// Who drips a byte a second does not.
const moves = 64 << 10

func newInbound(conn net.Conn) *inbound { return &inbound{Conn: conn, born: time.Now()} }

func (c *inbound) Read(p []byte) (int, error) {
	if len(p) > 0 && c.unread.CompareAndSwap(true, false) {
		p[0] = c.first
		return 1, nil
	}
	n, err := c.Conn.Read(p)
	c.count(n)
	return n, err
}

func (c *inbound) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.count(n)
	return n, err
}

func (c *inbound) count(n int) {
	if c.bytes.Add(int64(n)) >= moves {
		c.bytes.Store(0)
		c.moved.Store(int64(time.Since(c.born)))
	}
}

// lastMoved returns when the connection was last seen to move, or else when it began.
func (c *inbound) lastMoved() time.Time { return c.born.Add(time.Duration(c.moved.Load())) }

// front is the listener of the HTTP server: it accepts those calls that speak
// HTTP, as far as their first byte tells.
type front struct {
	t     *Transport
	calls chan net.Conn
}

func newFront(t *Transport) *front { return &front{t: t, calls: make(chan net.Conn)} }

func (f *front) Accept() (net.Conn, error) {
	select {
	case c := <-f.calls:
		return c, nil
	case <-f.t.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (f *front) Addr() net.Addr { return f.t.listener.Addr() }

func (f *front) Close() error { return f.t.listener.Close() }

// Pauses of takeCalls while the system has no descriptor left.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = time.Second
)

// takeCalls takes what comes to our port until the transport is closed.
func (t *Transport) takeCalls() {
	pause := minAcceptPause
	l := gate{t.listener, t}
	for {
		conn, err := l.Accept()
		if err == nil {
			pause = minAcceptPause
			t.take(newInbound(conn))
			continue
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, maxAcceptPause)
		case <-t.ctx.Done():
			return
		}
	}
}

// take counts a call and has it told apart, if that is not too much.
func (t *Transport) take(c *inbound) {
	from := plain(c.RemoteAddr()).Addr()
	out := t.requests.add(c, t.callers.source(from), t.sockets.own(from))
	if out != nil {
		_ = out.Close()
	}
	if out == c {
		return
	}
	if !t.spawn(func() { t.tell(c) }) {
		t.hangUp(c)
	}
}

func (t *Transport) hangUp(c *inbound) {
	_ = c.Close()
	t.requests.remove(c)
}

// tell reads the first byte of a call and hands it to who speaks that.
func (t *Transport) tell(c *inbound) {
	var first [1]byte
	err := c.SetReadDeadline(time.Now().Add(httpTimeout))
	if err == nil {
		_, err = c.Conn.Read(first[:])
	}
	if err != nil {
		t.hangUp(c)
		return
	}
	c.first = first[0]
	c.unread.Store(true)
	if c.first == handshakeRecord {
		t.serveStream(c)
		return
	}
	select {
	case t.front.calls <- c:
	case <-t.ctx.Done():
		t.hangUp(c)
	}
}
