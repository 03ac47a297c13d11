package share

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
)

const (
	// openingTime is how long the first frames of a stream may take.
	openingTime = 10 * time.Second
	// writeTime is how long one write may take to come through: who reads
	// nothing for so long is given up. It is more than a stopped machine is
	// missed for.
	writeTime = 30 * time.Second
	// partingTime is how long the other side has to read a bye and hang up. To
	// close at once would reset the stream, and the bye might be lost.
	partingTime = 2 * time.Second
	// maxControl is how much may wait to be written, without pieces, before the
	// stream is given up: the other side asks and does not read.
	maxControl = 8 << 20
)

// session is one stream with a member, see package proto. One goroutine reads, and
// is the one that its owner calls read from; one writes.
type session struct {
	s    *Sharer
	conn net.Conn
	who  mesh.Peer
	in   *proto.Reader

	ctx    context.Context // ends with the stream
	cancel context.CancelFunc
	stop   func() bool   // of what is done when the Sharer closes
	wake   chan struct{} // a token: something is asked for, or the stream ends
	word   chan struct{} // a token: there is control to be written
	gone   chan struct{} // closed when nothing is written any more

	mu        sync.Mutex // guards what follows
	control   []byte     // to be written before pieces
	gets      []bits.Run // what the other side waits for
	due       *bits.Set  // the same of what is coming
	asks      []bits.Run // of which pieces it wants the hashes
	roots     []int      // of which entries it wants the roots
	manifest  []byte     // what it has not got yet of it
	described bool       // it has asked for that
	finding   bool       // roots are being found
	seed      seed       // where pieces come from
	later     coming     // the same, if they come while they are served
	sent      func(piece, bytes int)
	broken    func(entry int, err error) // a file cannot be read
	parting   bool                       // nothing is written after control
	parted    bool                       // nothing is written any more, and soon nothing read
	err       error                      // why it ended, once it has
}

// newSession begins to speak: hello is on its way when it returns.
func (s *Sharer) newSession(conn net.Conn, who mesh.Peer) *session {
	p := &session{
		s:    s,
		conn: conn,
		who:  who,
		in:   proto.NewReader(conn),
		wake: make(chan struct{}, 1),
		word: make(chan struct{}, 1),
		gone: make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(s.ctx)
	p.control = proto.AppendHello(nil)
	p.word <- struct{}{}
	p.stop = context.AfterFunc(s.ctx, func() {
		p.part(proto.Closing)
		p.writeInTime()
	})
	s.wg.Go(p.write)
	return p
}

// greet reads the other side's hello.
func (p *session) greet() error {
	kind, _, err := p.in.Next()
	if err != nil {
		return err
	}
	if kind != proto.Hello {
		return errUnexpected
	}
	payload, err := p.in.Payload()
	if err != nil {
		return err
	}
	_, err = proto.ParseHello(payload)
	return err
}

var errUnexpected = errors.New("share: frame that nobody asked for")

// send has frames written, in their order, before any piece that is not being
// written yet.
func (p *session) send(frames func([]byte) []byte) {
	p.mu.Lock()
	if !p.parting && p.err == nil {
		p.control = frames(p.control)
		if len(p.control) > maxControl {
			p.failLocked(ErrLimit)
		}
	}
	p.mu.Unlock()
	signal(p.word)
}

func (p *session) rouse() { signal(p.wake) }

func signal(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}

// part ends the stream with a bye, after what waits to be written; pieces are not
// written any more.
func (p *session) part(c proto.Code) {
	p.mu.Lock()
	if !p.parting && p.err == nil {
		p.control = proto.AppendCode(p.control, proto.Bye, c)
		p.parting = true
	}
	p.mu.Unlock()
	p.rouse()
}

// fail ends the stream at once. The first cause counts.
func (p *session) fail(err error) {
	p.mu.Lock()
	p.failLocked(err)
	p.mu.Unlock()
	p.rouse()
}

func (p *session) failLocked(err error) {
	if p.err == nil {
		p.err = err
		p.cancel()
		p.conn.Close()
	}
}

// cause returns why the stream ended.
func (p *session) cause() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// write is the goroutine that decides which pieces are written, reads them from
// their files and hashes them, while flush writes what came before. It has buffers
// only while there is something to write.
func (p *session) write() {
	out := make(chan []byte, 1)
	p.s.wg.Go(func() { p.flush(out) })
	defer close(out)
	for range p.wake {
		for more := true; more; {
			var buf []byte
			if buf, more = p.fill(nil); buf != nil {
				out <- buf
			}
		}
		if p.over() {
			return
		}
	}
}

// over reports whether no more pieces are to be written.
func (p *session) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err != nil || p.parting
}

// flush writes: what was sent goes before the pieces that wait, or others would
// hear of pieces, and ask for them, later by the time that two batches take. At the
// end the other side reads the end, and has a while to take it in.
func (p *session) flush(out <-chan []byte) {
	defer close(p.gone)
	for open := true; open; {
		var buf []byte
		select {
		case <-p.word:
		case buf, open = <-out:
		}
		if !p.flushControl() {
			p.flushBytes(buf)
		}
		release(buf)
	}
	if half, ok := p.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the reader meets the end, or the deadline
	}
	p.readToEnd()
}

// flushControl writes what was sent, and reports whether a bye was the end of it.
func (p *session) flushControl() bool {
	p.mu.Lock()
	control, parting := p.control, p.parting
	p.control = nil
	p.mu.Unlock()
	p.flushBytes(control)
	return parting
}

func (p *session) flushBytes(b []byte) {
	if len(b) == 0 || p.cause() != nil {
		return
	}
	p.writeInTime()
	if _, err := p.conn.Write(b); err != nil {
		p.fail(err)
	}
}

// writeInTime bounds how long a write may take. Who closes does not wait for those
// who do not read.
func (p *session) writeInTime() {
	p.mu.Lock()
	defer p.mu.Unlock()
	within := writeTime
	if p.s.ctx.Err() != nil {
		within = partingTime
	}
	_ = p.conn.SetWriteDeadline(time.Now().Add(within)) // a stream that cannot is closed
}

// drain reads to the end of a stream that we have parted from, so that the bye
// arrives, and closes it.
func (p *session) drain() {
	<-p.gone
	_, _ = io.Copy(io.Discard, p.conn)
	p.conn.Close()
}

// readWithin bounds how long reading may take from now on; 0: it may take for ever.
// Once we have parted it is too late for that.
func (p *session) readWithin(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.parted {
		p.readWithinLocked(d)
	}
}

// readToEnd gives the other side a last while to hang up in, whatever it says yet.
func (p *session) readToEnd() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.parted = true
	p.readWithinLocked(partingTime)
}

func (p *session) readWithinLocked(d time.Duration) {
	var until time.Time
	if d > 0 {
		until = time.Now().Add(d)
	}
	_ = p.conn.SetReadDeadline(until) // a stream that cannot is closed
}

// first reads hello and the frame after it, which says what a stream is about.
func (p *session) first() (proto.Kind, []byte, error) {
	if err := p.greet(); err != nil {
		return 0, nil, err
	}
	return p.frame()
}

// frame reads one whole frame, of those at the beginning of a stream.
func (p *session) frame() (proto.Kind, []byte, error) {
	kind, _, err := p.next()
	if err != nil {
		return 0, nil, err
	}
	payload, err := p.in.Payload()
	p.readWithin(0)
	return kind, payload, err
}

// next goes to the next frame that is of a known kind. A bye is the error that it
// stands for.
func (p *session) next() (proto.Kind, int, error) {
	for {
		kind, n, err := p.in.Next()
		if err != nil {
			return 0, 0, err
		}
		if kind == proto.Bye {
			payload, err := p.in.Payload()
			if err != nil {
				return 0, 0, err
			}
			code, err := proto.ParseCode(payload)
			if err != nil {
				return 0, 0, err
			}
			return 0, 0, byeError{code}
		}
		if kind.Known() {
			return kind, n, nil
		}
	}
}

// byeError is how the other side ended a stream.
type byeError struct{ code proto.Code }

func (e byeError) Error() string { return errorOf(e.code).Error() }

func (e byeError) Unwrap() error { return errorOf(e.code) }

// end is what is done when nobody reads any more: the other side is told why, if
// it does not know, and given time to hear it.
func (p *session) end(err error) {
	defer p.stop()
	if err != nil && lost(err) || errors.As(err, new(byeError)) {
		p.fail(err)
		<-p.gone
		return
	}
	code := proto.Finished
	if err != nil {
		p.s.log.Debug("stream ended", "id", p.who.ID, "err", err)
		code = codeOf(err)
	}
	p.part(code)
	p.drain()
	p.fail(net.ErrClosed)
}

// lost reports whether an error is that of a stream which broke, as opposed to one
// that somebody ended for a reason.
func lost(err error) bool {
	return !errors.As(err, new(byeError)) && codeOf(err) == proto.Other
}
