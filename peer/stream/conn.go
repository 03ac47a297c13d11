package stream

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// sendBuffer is how much Write takes without waiting for the other side, in
// bytes.
const sendBuffer = 64 << 10

// lingerTime is how long what was written before a Close may take to leave.
const lingerTime = time.Minute

// ResetError is why a stream ended that the other side closed, refused or gave
// up, as far as this side still had something to write or to read.
type ResetError struct {
	Reason string // in the other side's words, at most 200 bytes; empty: it was closed
}

func (e *ResetError) Error() string {
	if e.Reason == "" {
		return "stream: closed by the other side"
	}
	return "stream: ended by the other side: " + e.Reason
}

// Conn is a stream: a [net.Conn] whose two directions can be closed one by one.
type Conn struct {
	m      *Mux
	number uint32

	// All below is guarded by m.mu.

	readable *sync.Cond // there may be something to read
	writable *sync.Cond // there may be room to write, or it is another's turn
	writing  bool       // somebody is in Write
	readBy   deadline
	writeBy  deadline

	in      queue
	got     int64 // bytes that came, ever
	limit   int64 // of what may come
	read    int64 // by the program
	inEnded bool

	out      queue
	sent     int64 // bytes that left, ever
	credit   int64 // what may
	openDue  bool
	ending   bool // end follows what is in out
	outEnded bool

	closed bool
	giveUp bool   // a reset is to be sent at once
	reason string // of the reset
	over   bool   // nothing more comes or goes
	err    error  // why, if not by our Close
	linger *time.Timer

	inUrgent, inBulk bool // it has a turn there
}

func newConn(m *Mux, number uint32) *Conn {
	return &Conn{
		m: m, number: number, limit: initial, credit: initial,
		readable: sync.NewCond(&m.mu), writable: sync.NewCond(&m.mu),
	}
}

// LocalAddr returns what the Mux was given.
func (c *Conn) LocalAddr() net.Addr { return c.m.cfg.Local }

// RemoteAddr returns what the Mux was given.
func (c *Conn) RemoteAddr() net.Addr { return c.m.cfg.Remote }

// Read returns what the other side wrote, then io.EOF if it has ended that, or
// why the stream ended.
func (c *Conn) Read(p []byte) (int, error) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.readBy.passed:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case c.in.size > 0:
			n := c.in.take(p)
			c.read += int64(n)
			c.dueLocked()
			return n, nil
		case c.inEnded:
			return 0, io.EOF
		case c.err != nil:
			return 0, c.err
		}
		c.readable.Wait()
	}
}

// Write waits until all of p is on its way, or in the buffer of 64 KiB. Writes of
// several goroutines do not mix.
func (c *Conn) Write(p []byte) (n int, err error) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	for c.writing {
		if err := c.unwritableLocked(); err != nil {
			return 0, err
		}
		c.writable.Wait()
	}
	c.writing = true
	defer func() {
		c.writing = false
		c.writable.Broadcast()
	}()
	for {
		if err := c.unwritableLocked(); err != nil {
			return n, err
		}
		if n == len(p) {
			return n, nil
		}
		if room := min(sendBuffer-c.out.size, len(p)-n); room > 0 {
			c.out.put(p[n : n+room])
			n += room
			c.dueLocked()
			continue
		}
		c.writable.Wait()
	}
}

// unwritableLocked returns why nothing can be written.
func (c *Conn) unwritableLocked() error {
	switch {
	case c.closed || c.ending:
		return net.ErrClosed
	case c.writeBy.passed:
		return os.ErrDeadlineExceeded
	}
	return c.err
}

// CloseWrite ends what this side writes: the other reads io.EOF behind it.
func (c *Conn) CloseWrite() error {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.ending = true
	c.changedLocked()
	return c.err
}

// Close ends the stream and does not wait. What was written before still goes
// out, for a minute at most; what comes is thrown away.
func (c *Conn) Close() error {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closeLocked()
	if !c.over {
		c.linger = time.AfterFunc(lingerTime, func() { c.Reset("not read") })
	}
	return nil
}

func (c *Conn) closeLocked() {
	c.closed, c.ending = true, true
	c.in.clear()
	c.readBy.stop()
	c.writeBy.stop()
	c.changedLocked()
}

// Reset ends the stream at once, and tells the other side why.
func (c *Conn) Reset(reason string) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if c.over {
		return
	}
	c.giveUp, c.reason = true, reason
	c.out.clear()
	c.closeLocked()
}

// Abort ends the stream at once, with errors on both sides.
func (c *Conn) Abort() { c.Reset("given up") }

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.setDeadlines(t, true, true)
}

// SetReadDeadline bounds Read.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, true, false) }

// SetWriteDeadline bounds Write.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, false, true) }

func (c *Conn) setDeadlines(t time.Time, read, write bool) error {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	if read {
		c.readBy.set(t, &c.m.mu, c.readable)
	}
	if write {
		c.writeBy.set(t, &c.m.mu, c.writable)
	}
	return nil
}

// changedLocked wakes all who wait, and has sent what is due.
func (c *Conn) changedLocked() {
	c.readable.Broadcast()
	c.writable.Broadcast()
	c.dueLocked()
}
