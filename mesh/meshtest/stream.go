package meshtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/lanyap/lanyap/peer"
)

const (
	maxStreams = 1024      // that nobody has accepted
	inStream   = 256 << 10 // bytes on their way in one direction before the writer has to wait

	silentStream = 1500 * time.Millisecond // how long a stream's dial waits for a host that does not answer
)

var errReset = errors.New("connection reset by peer")

// stream is what stands for a TCP connection between two nodes.
type stream struct {
	lan       *LAN
	near, far *transport // near has dialed
	ends      [2]*streamEnd

	// Guarded by lan.mu.
	death *time.Timer
}

// flow is one direction of a stream. All of it is guarded by lan.mu.
type flow struct {
	queue   []parcel
	size    int
	shut    bool          // nothing more comes: the reader gets io.EOF
	broken  error         // for the writer, once nobody reads
	changed chan struct{} // closed and replaced when anything above changes
}

func newFlow() *flow { return &flow{changed: make(chan struct{})} }

func (f *flow) announceLocked() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// streamEnd is what one of the two nodes has.
type streamEnd struct {
	s           *stream
	here, there *transport
	in, out     *flow
	read, write *deadline

	// Guarded by lan.mu.
	closed bool
	failed error // the stream broke
}

// connectStreamLocked makes a stream, leaves one end for the far side to accept
// and returns the other, or nil if nobody there accepts.
func (l *LAN) connectStreamLocked(near, far *transport) *streamEnd {
	s := &stream{lan: l, near: near, far: far}
	there, back := newFlow(), newFlow()
	s.ends = [2]*streamEnd{
		{s: s, here: near, there: far, in: back, out: there, read: newDeadline(), write: newDeadline()},
		{s: s, here: far, there: near, in: there, out: back, read: newDeadline(), write: newDeadline()},
	}
	select {
	case far.streams <- &peer.Stream{HalfConn: s.ends[1], ID: near.hello.ID, Instance: near.hello.Instance}:
	default:
		return nil
	}
	l.streams[s] = true
	return s.ends[0]
}

func (e *streamEnd) Read(p []byte) (int, error) {
	for {
		late := e.read.channel()
		n, due, changed, err := e.take(p)
		if n > 0 || err != nil {
			return n, err
		}
		if err := e.await("read", late, due, changed); err != nil {
			return 0, err
		}
	}
}

func (e *streamEnd) Write(p []byte) (int, error) {
	written := 0
	for {
		late := e.write.channel()
		select {
		case <-late:
			return written, e.error("write", os.ErrDeadlineExceeded)
		default:
		}
		n, changed, err := e.put(p[written:])
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
		if err := e.await("write", late, time.Time{}, changed); err != nil {
			return written, err
		}
	}
}

// wakes are what a reader or a writer waits for.
type wakes struct{ flow, lan <-chan struct{} }

// take reads what has arrived, or says when something may have.
func (e *streamEnd) take(p []byte) (n int, due time.Time, changed wakes, err error) {
	lan, f := e.s.lan, e.in
	lan.mu.Lock()
	defer lan.mu.Unlock()
	changed = wakes{f.changed, lan.changed}
	select {
	case <-e.read.channel():
		return 0, due, changed, e.error("read", os.ErrDeadlineExceeded)
	default:
	}
	passes := lan.openLocked(e.here.host, e.there.host) && !e.here.host.held
	switch {
	case e.closed:
		return 0, due, changed, e.error("read", net.ErrClosed)
	case len(f.queue) > 0 && passes && time.Until(f.queue[0].due) <= 0:
		for len(f.queue) > 0 && n < len(p) && time.Until(f.queue[0].due) <= 0 {
			n += f.takeLocked(p[n:])
		}
		f.announceLocked()
		return n, due, changed, nil
	case e.failed != nil:
		return 0, due, changed, e.error("read", e.failed)
	case len(f.queue) > 0 && passes:
		return 0, f.queue[0].due, changed, nil
	case len(f.queue) == 0 && f.shut && passes:
		return 0, due, changed, io.EOF
	}
	return 0, due, changed, nil
}

// takeLocked takes bytes of the first parcel.
func (f *flow) takeLocked(p []byte) int {
	n := copy(p, f.queue[0].data)
	f.queue[0].data = f.queue[0].data[n:]
	f.size -= n
	if len(f.queue[0].data) == 0 {
		f.queue = f.queue[1:]
	}
	return n
}

// put writes what there is room for.
func (e *streamEnd) put(p []byte) (n int, changed wakes, err error) {
	lan, f := e.s.lan, e.out
	lan.mu.Lock()
	defer lan.mu.Unlock()
	changed = wakes{f.changed, lan.changed}
	switch {
	case e.closed:
		return 0, changed, e.error("write", net.ErrClosed)
	case e.failed != nil:
		return 0, changed, e.error("write", e.failed)
	case f.shut, f.broken != nil:
		return 0, changed, e.error("write", errors.New("broken pipe"))
	}
	if n = min(len(p), inStream-f.size); n > 0 {
		due := time.Now().Add(lan.pathLocked(e.here.host, e.there.host).delay)
		f.queue = append(f.queue, parcel{data: append([]byte(nil), p[:n]...), due: due})
		f.size += n
		f.announceLocked()
	}
	return n, changed, nil
}

// await waits until something changes, or until due.
func (e *streamEnd) await(op string, late <-chan struct{}, due time.Time, changed wakes) error {
	var arrival <-chan time.Time
	if !due.IsZero() {
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		arrival = timer.C
	}
	select {
	case <-changed.flow:
	case <-changed.lan:
	case <-arrival:
	case <-late:
		return e.error(op, os.ErrDeadlineExceeded)
	}
	return nil
}

func (e *streamEnd) error(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: e.LocalAddr(), Addr: e.RemoteAddr(), Err: err}
}

func (e *streamEnd) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(e.here.addr) }
func (e *streamEnd) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(e.there.addr) }

func (e *streamEnd) SetDeadline(t time.Time) error {
	e.read.set(t)
	e.write.set(t)
	return nil
}

func (e *streamEnd) SetReadDeadline(t time.Time) error {
	e.read.set(t)
	return nil
}

func (e *streamEnd) SetWriteDeadline(t time.Time) error {
	e.write.set(t)
	return nil
}

// CloseWrite ends what this side says.
func (e *streamEnd) CloseWrite() error {
	e.s.lan.mu.Lock()
	defer e.s.lan.mu.Unlock()
	if e.closed {
		return e.error("close", net.ErrClosed)
	}
	e.out.shut = true
	e.out.announceLocked()
	return nil
}

// Close ends both directions; what was written arrives still.
func (e *streamEnd) Close() error {
	e.s.lan.mu.Lock()
	defer e.s.lan.mu.Unlock()
	if e.closed {
		return e.error("close", net.ErrClosed)
	}
	e.closeLocked()
	e.out.shut = true
	e.read.set(time.Time{})
	e.write.set(time.Time{})
	return nil
}

// Abort breaks the stream for both sides. It is still to be closed.
func (e *streamEnd) Abort() {
	e.s.lan.mu.Lock()
	defer e.s.lan.mu.Unlock()
	e.s.breakLocked(nil, errReset)
}

func (e *streamEnd) closeLocked() {
	e.closed = true
	e.in.broken = errReset
	e.in.announceLocked()
	e.out.announceLocked()
	if e.s.ends[0].closed && e.s.ends[1].closed {
		e.s.forgetLocked()
	}
}

func (s *stream) forgetLocked() {
	delete(s.lan.streams, s)
	if s.death != nil {
		s.death.Stop()
		s.death = nil
	}
}

// breakLocked ends the stream for one of its nodes, or for both if t is nil.
func (s *stream) breakLocked(t *transport, cause error) {
	for _, e := range s.ends {
		if t == nil || e.here == t {
			e.failed = cause
			e.in.announceLocked()
			e.out.announceLocked()
		}
	}
}

// killLocked ends the stream because t crashed. The other side learns of it at
// once unless the path is cut.
func (s *stream) killLocked(t *transport) {
	switch {
	case t != s.near && t != s.far:
	case s.lan.openLocked(s.near.host, s.far.host):
		s.breakLocked(nil, errReset)
	default:
		s.breakLocked(t, errReset)
	}
}

// hangUpLocked breaks what t, which is closed, has not closed itself.
func (s *stream) hangUpLocked(t *transport) {
	for i, e := range s.ends {
		if e.here == t && !e.closed {
			e.closeLocked()
			s.breakLocked(s.ends[1-i].here, errReset)
		}
	}
}

// cutChangedLocked starts or stops the time that the stream has left.
func (s *stream) cutChangedLocked(open bool) {
	if open && s.death != nil {
		s.death.Stop()
		s.death = nil
	}
	if open || s.death != nil {
		return
	}
	s.death = time.AfterFunc(deathAfter, func() {
		s.lan.mu.Lock()
		defer s.lan.mu.Unlock()
		if s.death != nil {
			s.breakLocked(nil, peer.ErrTimeout)
		}
	})
}

// DialStream opens a stream, as [peer.Transport.DialStream] does.
func (t *transport) DialStream(ctx context.Context, in peer.Instance, addrs []netip.AddrPort) (*peer.Stream, error) {
	worst := peer.ErrRefused
	for _, addr := range addrs {
		s, delay, err := t.dialStream(addr, in)
		if err == nil {
			err = pause(ctx, 2*delay)
		}
		if err == nil {
			return s, nil
		}
		if s != nil {
			_ = s.Close()
		}
		worst = err
	}
	if errors.Is(worst, peer.ErrTimeout) {
		if err := pause(ctx, silentStream); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("meshtest: stream to %v: %w", addrs, worst)
}

func (t *transport) dialStream(addr netip.AddrPort, in peer.Instance) (*peer.Stream, time.Duration, error) {
	lan := t.host.lan
	lan.mu.Lock()
	defer lan.mu.Unlock()
	other, err := t.findLocked(addr)
	switch {
	case t.dead:
		return nil, 0, peer.ErrClosed
	case err != nil:
		return nil, 0, err
	case other.hello.Instance != in || !t.met[in]:
		return nil, 0, peer.ErrInstance
	}
	end := lan.connectStreamLocked(t, other)
	if end == nil {
		return nil, 0, peer.ErrFull
	}
	return &peer.Stream{HalfConn: end, ID: other.hello.ID, Instance: in}, lan.pathLocked(t.host, other.host).delay, nil
}

// AcceptStream returns the next stream that another node opened.
func (t *transport) AcceptStream(ctx context.Context) (*peer.Stream, error) {
	select {
	case s := <-t.streams:
		return s, nil
	case <-t.done:
		return nil, peer.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
