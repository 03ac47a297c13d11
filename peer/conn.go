package peer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/lanyap/lanyap/peer/name"
	"github.com/lanyap/lanyap/peer/stream"
)

// MaxMessage is the longest message [Conn.WriteMessage] takes, in bytes:
// 64 KiB of a user's data and room for a header and a signature.
const MaxMessage = 64<<10 + 1<<10

// maxReason bounds the text a close carries, in bytes.
const maxReason = 200

// closingReplaced ends a link whose successor is up already, or in a moment.
const closingReplaced = "replaced"

// readBuffer holds nearly every message there is. A longer one gets a buffer
// of its own, so that an idle link does not keep 64 KiB for the longest.
const readBuffer = 2 << 10

// CloseError is what [Conn.Err] returns when the other side closed the link
// on purpose.
type CloseError struct {
	Reason string // the other side's words: untrusted, at most 200 bytes
}

func (e *CloseError) Error() string {
	if e.Reason == "" {
		return "peer: closed by the other side"
	}
	return "peer: closed by the other side: " + strconv.Quote(e.Reason)
}

var (
	errTooLong   = fmt.Errorf("peer: message is longer than %d bytes", MaxMessage)
	errProtocol  = errors.New("peer: the other side broke the protocol")
	errOverdrawn = errors.New("peer: the other side sends what cannot be delivered")
)

// channel carries whole messages in order, each binary (the user's) or text
// (the link's own: ping, pong, close). Two kinds of message instead of a type
// byte spare a copy of every message, and browsers know both.
type channel interface {
	// read keeps a message that is longer than p for the next read, and
	// returns io.ErrShortBuffer.
	read(p []byte) (n int, text bool, err error)
	write(p []byte, text bool) error
	// unacked is how many bytes were written and not confirmed by the other
	// side's stack.
	unacked() uint64
	// openBeside opens what carries streams, once. It may wait until the channel is
	// closed.
	openBeside() (stream.Carrier, error)
	// takeBeside has f given what the other side has opened for streams, or opens.
	takeBeside(f func(stream.Carrier))
	// close ends the channel without waiting. A closing text is sent as the last
	// message, if it can be; empty means the other side is past hearing.
	close(closing string)
}

// localEnd is what a link runs over on our side.
type localEnd interface {
	addr() netip.Addr  // see LocalAddr
	netAddr() net.Addr // the same with its port
}

// Conn is one authenticated link to one node. Messages arrive whole, once, in
// the order they were written, or the link ends.
//
// One goroutine may read while others write. Somebody has to be in
// ReadMessage for pings to be answered and for the end of the link to be seen.
type Conn struct {
	ch         channel
	remote     Hello
	remoteAddr netip.AddrPort
	local      localEnd // nil for a [Pipe] without addresses
	dialed     bool
	binding    [sha256.Size]byte // see Binding

	takesChannels bool // the other side knows what they are
	channels      channels
	spawn         func(func()) bool // go, unless all has ended

	credit    *credit // for what is written; nil unless the other side is a page
	inPage    bool    // this side is
	taken     uint64  // of what was read, if it is; the reader's alone, as is what follows
	saidTaken uint64
	controls  *rate.Limiter

	rbuf     []byte
	born     time.Time     // what heard counts from; its monotonic reading, which no time sync moves
	heard    atomic.Int64  // when a message was last read, in nanoseconds after born
	spoke    atomic.Bool   // a message of the user's was read
	written  atomic.Uint64 // bytes given to ch, ever
	lastPing atomic.Uint64

	mu        sync.Mutex // guards what follows but done
	pings     map[uint64]chan struct{}
	owed      uint64 // the highest ping that is to be answered, 0 if none is
	owedTaken uint64 // what the other side is to be told that was read, 0 if nothing is
	paying    bool   // a goroutine does both
	err       error
	done      chan struct{}
}

func newConn(ch channel, remote Hello) *Conn {
	var given *credit
	if remote.Web {
		given = newCredit()
	}
	return &Conn{
		ch: ch, remote: remote, credit: given, born: time.Now(), rbuf: make([]byte, readBuffer), done: make(chan struct{}),
		controls: rate.NewLimiter(controlRate, controlRate),
		channels: channels{accept: make(chan *stream.Conn, maxUnaccepted)},
	}
}

// Remote returns what the other side said and proved of itself.
func (c *Conn) Remote() Hello { return c.remote }

// RemoteAddr returns where the other node answers, as this link found it: the
// address of the link with the port the node listens on. Zero for a [Pipe].
func (c *Conn) RemoteAddr() netip.AddrPort { return c.remoteAddr }

// LocalAddr returns our address of this link. Zero for a [Pipe]. When the
// interface that a link-local one was on is gone, even if another one has its
// name by now, its index takes the place of the name.
func (c *Conn) LocalAddr() netip.Addr {
	if c.local == nil {
		return netip.Addr{}
	}
	return c.local.addr()
}

// Binding returns what both ends of this link have alike and nobody else has, nor any
// other link: who compares it, or what is made of it, with the person at the other
// end knows that nobody is in between. That of a [Pipe] is made of both instances
// alone, and no secret.
func (c *Conn) Binding() [sha256.Size]byte { return c.binding }

// Done is closed when the link has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns why the link ended; nil while it lives. It is a *[CloseError] if
// the other side closed on purpose.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// ReadMessage returns the next message, in a buffer of its own. After the link
// ended it returns what arrived before, then why the link ended.
func (c *Conn) ReadMessage() ([]byte, error) {
	for {
		p, text, err := c.readFrame()
		if err != nil {
			c.end(err, "")
			return nil, c.Err()
		}
		c.heard.Store(int64(time.Since(c.born)))
		if !text {
			c.spoke.Store(true)
			if c.inPage {
				c.tookIn(len(p))
			}
			return p, nil
		}
		if err := c.control(string(p)); err != nil {
			c.end(err, "")
			return nil, c.Err()
		}
		c.pace()
	}
}

// controlRate is how many of the other side's pings, pongs and the like are read a
// second, and at once: a page that reads 256 MiB a second says so 2,048 times, and who
// makes us answer more is read more slowly.
const controlRate = 2048

// pace waits where there were too many, until the link ends.
func (c *Conn) pace() {
	wait := c.controls.Reserve().Delay()
	if wait == 0 {
		return
	}
	pause := time.NewTimer(wait)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-c.done:
	}
}

// silence is for how long nothing was read.
func (c *Conn) silence() time.Duration { return time.Since(c.born) - time.Duration(c.heard.Load()) }

// largeBuffers hold one message of any length, between two reads of a link
// that gets long ones.
var largeBuffers = sync.Pool{New: func() any { return new([MaxMessage]byte) }}

func (c *Conn) readFrame() ([]byte, bool, error) {
	n, text, err := c.ch.read(c.rbuf)
	if !errors.Is(err, io.ErrShortBuffer) {
		return append(make([]byte, 0, n), c.rbuf[:n]...), text, err
	}
	large := largeBuffers.Get().(*[MaxMessage]byte)
	defer largeBuffers.Put(large)
	n, text, err = c.ch.read(large[:])
	if errors.Is(err, io.ErrShortBuffer) {
		err = errTooLong
	}
	return append(make([]byte, 0, n), large[:n]...), text, err
}

// control handles one of the link's own messages; unknown ones are ignored, so
// that a later version may add to them.
func (c *Conn) control(s string) error {
	verb, arg, _ := strings.Cut(s, " ")
	switch verb {
	case "ping":
		n, err := strconv.ParseUint(arg, 10, 64)
		if err != nil {
			return errProtocol
		}
		c.answer(n)
	case "pong":
		n, err := strconv.ParseUint(arg, 10, 64)
		if err != nil {
			return errProtocol
		}
		c.answered(n)
	case "taken":
		n, err := strconv.ParseUint(arg, 10, 64)
		if err != nil {
			return errProtocol
		}
		if c.credit != nil {
			return c.credit.take(n)
		}
	case closingReplaced:
		return ErrReplaced
	case "close":
		return &CloseError{Reason: name.Clean(arg, maxReason)}
	}
	return nil
}

// answer sends a pong in the background: a write waits until the other side
// reads, and if its reader did the same, both would wait for ever. While one
// waits, the highest of those that are due is kept.
func (c *Conn) answer(n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owed = max(c.owed, n)
	c.payLocked()
}

// answered takes a pong for that ping and all before, whose own may have been
// left out.
func (c *Conn) answered(n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for earlier, pong := range c.pings {
		if earlier <= n {
			close(pong)
			delete(c.pings, earlier)
		}
	}
}

// WriteMessage sends p and does not keep it. It blocks while the other side
// does not take what was written before.
func (c *Conn) WriteMessage(p []byte) error {
	if len(p) > MaxMessage {
		return errTooLong
	}
	if c.credit != nil {
		c.credit.wait(len(p))
	}
	return c.writeFrame(p, false)
}

func (c *Conn) writeFrame(p []byte, text bool) error {
	if err := c.Err(); err != nil {
		return err
	}
	if err := c.ch.write(p, text); err != nil {
		if ended := c.Err(); ended != nil {
			return ended
		}
		return fmt.Errorf("peer: write to %s: %w", c.remote.Instance, err)
	}
	c.written.Add(uint64(len(p)))
	return nil
}

// Ping measures one round trip over the link.
func (c *Conn) Ping(ctx context.Context) (time.Duration, error) {
	n := c.lastPing.Add(1)
	pong := make(chan struct{})
	c.mu.Lock()
	if c.pings == nil {
		c.pings = make(map[uint64]chan struct{})
	}
	c.pings[n] = pong
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.pings, n)
		c.mu.Unlock()
	}()

	start := time.Now()
	// The write may block behind a full window for longer than ctx allows; it
	// ends with the link.
	failed := make(chan error, 1)
	go func() {
		if err := c.writeFrame(strconv.AppendUint([]byte("ping "), n, 10), true); err != nil {
			failed <- err
		}
	}()
	select {
	case <-pong:
		return time.Since(start), nil
	case err := <-failed:
		return 0, err
	case <-c.done:
		return 0, c.Err()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Close ends the link and tells the other side, if it still listens, cause's
// text; nil tells nothing but that it was on purpose. After [ErrReplaced] the
// other side's Err is that, too. What was written before
// gets a moment to leave in the background (closeFlush) and may be lost. Only
// the first call counts; it returns nil.
func (c *Conn) Close(cause error) error {
	if cause == nil {
		c.end(ErrClosed, "close")
		return nil
	}
	if errors.Is(cause, ErrReplaced) {
		c.end(cause, closingReplaced)
		return nil
	}
	c.end(cause, "close "+name.Clean(cause.Error(), maxReason))
	return nil
}

// end records why the link ended; only the first cause counts.
func (c *Conn) end(cause error, closing string) {
	if errors.Is(cause, io.EOF) {
		cause = &CloseError{}
	}
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = cause
	close(c.done)
	c.mu.Unlock()
	if c.credit != nil {
		c.credit.end()
	}
	c.endChannels(cause)
	c.ch.close(closing)
}
