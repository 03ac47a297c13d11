//go:build !js

package peer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// maxRecord is what fits a TLS record (RFC 8446 §5.1), in bytes.
	maxRecord = 16 << 10

	// What is not with the kernel yet when a stream is closed is the end of a
	// record, and the word that it is over; without that the other side reads
	// io.ErrUnexpectedEOF. Close waits for it as long as quickWords, and it may
	// take as long as lastWords in all.
	quickWords = 10 * time.Millisecond
	lastWords  = 5 * time.Second
)

// recordConn is what TLS writes its records to. A record of which a part was
// sent has to be finished, and crypto/tls cannot: a write that misses its deadline
// breaks it for good. So TLS never hears of that. What is left of the record goes
// out before anything else.
type recordConn struct {
	net.Conn
	strange bool // who sends has not shown to be a member
	limit   int  // bytes that may be read of a stranger

	mu   sync.Mutex // guards what follows; held while something is written
	rest []byte
	late error // why there is a rest
}

// errCut is the end of a TCP connection without TLS's word for it. crypto/tls would
// take it for the end of what was said if no record is in pieces, and so could
// anybody who is in between have it seem.
var errCut = fmt.Errorf("peer: stream: %w", io.ErrUnexpectedEOF)

func (r *recordConn) Read(p []byte) (int, error) {
	if r.strange {
		if r.limit <= 0 {
			return 0, errNoStreams
		}
		p = p[:min(len(p), r.limit)]
	}
	n, err := r.Conn.Read(p)
	if r.strange {
		r.limit -= n
	}
	if errors.Is(err, io.EOF) {
		err = errCut
	}
	return n, err
}

func (r *recordConn) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.late != nil {
		r.rest = append(r.rest, p...)
		return len(p), nil
	}
	n, err := r.Conn.Write(p)
	if timedOut(err) {
		r.rest, r.late = append(r.rest, p[n:]...), err
		return len(p), nil
	}
	return n, err
}

// flush writes what is left.
func (r *recordConn) flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.late == nil {
		return nil
	}
	n, err := r.Conn.Write(r.rest)
	r.rest = r.rest[n:]
	if err == nil {
		r.rest, r.late = nil, nil
	}
	return err
}

// missed returns the deadline's error if something is left.
func (r *recordConn) missed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.late
}

// Deadlines are the stream's; crypto/tls sets some of its own for its last word.
func (r *recordConn) SetWriteDeadline(time.Time) error { return nil }

// tlsConn is a TLS connection whose deadlines and Close are as those of a TCP
// connection: a missed deadline leaves it usable, and Close does not wait.
type tlsConn struct {
	t      *Transport
	tls    *tls.Conn
	record *recordConn
	left   func() // gives its place back; nil: it has none

	writing sync.Mutex // held by who writes

	mu       sync.Mutex // guards what follows
	deadline time.Time  // of writes
	closed   bool
}

func newTLSConn(t *Transport, c *tls.Conn, record *recordConn) *tlsConn {
	return &tlsConn{t: t, tls: c, record: record}
}

func (c *tlsConn) Read(p []byte) (int, error) {
	n, err := c.tls.Read(p)
	return n, c.errorOf("read", err)
}

func (c *tlsConn) Write(p []byte) (n int, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	for {
		if err := c.ready(); err != nil {
			return n, err
		}
		m, err := c.tls.Write(p[:min(len(p), maxRecord)])
		n += m
		p = p[m:]
		if err == nil {
			err = c.record.missed()
		}
		if err != nil {
			return n, c.errorOf("write", err)
		}
		if len(p) == 0 {
			return n, nil
		}
	}
}

// ready reports whether a record may be written now; the one before is finished
// first.
func (c *tlsConn) ready() error {
	if err := c.due(); err != nil {
		return err
	}
	if err := c.record.flush(); err != nil {
		return c.errorOf("write", err)
	}
	return nil
}

// due reports whether the time to write is over.
func (c *tlsConn) due() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return c.opError("write", net.ErrClosed)
	case !c.deadline.IsZero() && !time.Now().Before(c.deadline):
		return c.opError("write", os.ErrDeadlineExceeded)
	}
	return nil
}

// CloseWrite has the other side read io.EOF after what was written. It blocks as a
// write does.
func (c *tlsConn) CloseWrite() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.ready(); err != nil {
		return err
	}
	err := c.tls.CloseWrite()
	if err == nil {
		err = c.record.missed()
	}
	return c.errorOf("close", err)
}

// errorOf puts an error into net's words: after Close, whatever that broke, it is
// net.ErrClosed.
func (c *tlsConn) errorOf(op string, err error) error {
	if err == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError(op, net.ErrClosed)
	}
	return err
}

func (c *tlsConn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

func (c *tlsConn) LocalAddr() net.Addr  { return c.record.LocalAddr() }
func (c *tlsConn) RemoteAddr() net.Addr { return c.record.RemoteAddr() }

func (c *tlsConn) SetDeadline(d time.Time) error {
	if err := c.SetReadDeadline(d); err != nil {
		return err
	}
	return c.SetWriteDeadline(d)
}

func (c *tlsConn) SetReadDeadline(d time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	return c.record.SetReadDeadline(d)
}

func (c *tlsConn) SetWriteDeadline(d time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	c.deadline = d
	return c.record.Conn.SetWriteDeadline(d)
}

// Close ends the stream. Who is reading or writing returns at once. What does
// not go out at once is sent in the background.
func (c *tlsConn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return c.opError("close", net.ErrClosed)
	}
	c.closed = true
	_ = c.record.Conn.SetDeadline(time.Now()) // wakes them
	c.mu.Unlock()
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.finish(quickWords) || !c.t.spawn(func() { c.finish(lastWords); c.hangUp() }) {
		c.hangUp()
	}
	return nil
}

// finish sends what is to be sent still, if that takes no longer than d, and
// reports whether anything is left.
func (c *tlsConn) finish(d time.Duration) bool {
	_ = c.record.Conn.SetWriteDeadline(time.Now().Add(d))
	if err := c.record.flush(); err != nil {
		return !timedOut(err)
	}
	_ = c.tls.CloseWrite() // it says so once, however often it is called
	return c.record.missed() == nil
}

// hangUp gives everything back.
func (c *tlsConn) hangUp() {
	c.sever()
	c.t.streams.remove(c)
	if c.left != nil {
		c.left()
	}
}

// Abort ends the stream at once, and not in order: neither side reads io.EOF. It is
// still to be closed.
func (c *tlsConn) Abort() { c.sever() }

// sever ends the TCP connection.
func (c *tlsConn) sever() { _ = c.record.Conn.Close() }
