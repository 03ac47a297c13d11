// Package pipe connects two parts of one program as a network would: [New]
// returns both ends of a connection that keeps up to 64 KiB each way which nobody
// has read yet, so that two who write at the same time do not wait for each other,
// as they do on a [net.Pipe]. It has deadlines and half-close. [TestPipe]
package pipe

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// room is how many bytes wait in one direction.
const room = 64 << 10

// ErrAborted is what the other side of an [Conn.Abort] reads.
var ErrAborted = errors.New("pipe: ended by the other side")

// Conn is one end.
type Conn struct{ in, out *half }

// New returns both ends.
func New() (*Conn, *Conn) {
	a, b := newHalf(), newHalf()
	return &Conn{a, b}, &Conn{b, a}
}

// half is one direction.
type half struct {
	mu      sync.Mutex // guards what follows
	changed sync.Cond
	ring    []byte // made when something is written
	first   int    // of what waits in it
	waiting int
	over    error // what is read behind that; nil: more may come
	shut    bool  // the writer's end is closed
	deaf    bool  // the reader's end is
	reading deadline
	writing deadline
}

func newHalf() *half {
	h := new(half)
	h.changed.L = &h.mu
	return h
}

// Read waits until there is something.
func (c *Conn) Read(p []byte) (int, error) {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.deaf:
			return 0, net.ErrClosed
		case h.reading.passed:
			return 0, os.ErrDeadlineExceeded
		case h.waiting > 0:
			n := h.takeLocked(p)
			h.changed.Broadcast()
			return n, nil
		case h.over != nil:
			return 0, h.over
		case len(p) == 0:
			return 0, nil
		}
		h.changed.Wait()
	}
}

// takeLocked moves what fits p out of the ring.
func (h *half) takeLocked(p []byte) int {
	total := 0
	for len(p) > 0 && h.waiting > 0 {
		n := copy(p, h.ring[h.first:min(h.first+h.waiting, len(h.ring))])
		p = p[n:]
		total += n
		h.waiting -= n
		h.first = (h.first + n) % len(h.ring)
	}
	if h.waiting == 0 && h.over != nil {
		h.ring = nil
	}
	return total
}

// Write waits until all of p has a place.
func (c *Conn) Write(p []byte) (int, error) {
	h := c.out
	h.mu.Lock()
	defer h.mu.Unlock()
	for total := 0; ; {
		switch {
		case h.shut:
			return total, net.ErrClosed
		case h.writing.passed:
			return total, os.ErrDeadlineExceeded
		case h.deaf:
			return total, io.ErrClosedPipe
		case len(p) == 0:
			return total, nil
		case h.waiting < room:
			n := h.putLocked(p)
			total += n
			p = p[n:]
			h.changed.Broadcast()
			continue
		}
		h.changed.Wait()
	}
}

// putLocked moves what has room from p to the ring.
func (h *half) putLocked(p []byte) int {
	if h.ring == nil {
		h.ring = make([]byte, room)
	}
	total := 0
	for len(p) > 0 && h.waiting < room {
		at := (h.first + h.waiting) % room
		n := copy(h.ring[at:min(at+room-h.waiting, room)], p)
		p = p[n:]
		total += n
		h.waiting += n
	}
	return total
}

// CloseWrite has the other side read io.EOF behind what was written.
func (c *Conn) CloseWrite() error {
	c.out.end(io.EOF)
	return nil
}

// Close ends both directions; what was written can still be read.
func (c *Conn) Close() error {
	c.out.end(io.EOF)
	c.in.leave()
	return nil
}

// Abort ends both directions, and the other side can tell that from an end.
func (c *Conn) Abort() {
	c.out.end(ErrAborted)
	c.in.leave()
}

// end is what the writer does; the first one counts.
func (h *half) end(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shut = true
	if h.over == nil {
		h.over = err
	}
	h.writing.stop()
	h.changed.Broadcast()
}

// leave is what the reader does.
func (h *half) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.deaf = true
	h.ring, h.waiting = nil, 0
	h.reading.stop()
	h.changed.Broadcast()
}

// SetDeadline is that of net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline is that of net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.in.set(&c.in.reading, t) }

// SetWriteDeadline is that of net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.out.set(&c.out.writing, t) }

// deadline is one of a half's two.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

func (h *half) set(d *deadline, t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d == &h.reading && h.deaf || d == &h.writing && h.shut {
		return net.ErrClosed
	}
	d.stop()
	d.passed = !t.IsZero() && !t.After(time.Now())
	if !t.IsZero() && !d.passed {
		var own *time.Timer
		own = time.AfterFunc(time.Until(t), func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			if d.timer == own { // or else it was replaced while it passed
				d.passed = true
				h.changed.Broadcast()
			}
		})
		d.timer = own
	}
	h.changed.Broadcast()
	return nil
}

// LocalAddr returns an address that says nothing.
func (c *Conn) LocalAddr() net.Addr { return addr{} }

// RemoteAddr returns an address that says nothing.
func (c *Conn) RemoteAddr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "pipe" }
func (addr) String() string  { return "pipe" }
