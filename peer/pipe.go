package peer

import (
	"crypto/sha256"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/lanyap/lanyap/peer/stream"
)

// pipeBuffer is what each direction of a Pipe holds before WriteMessage blocks.
const pipeBuffer = 1 << 20

// Pipe returns the two ends of a link in memory: the first end belongs to a
// and sees b as its Remote, the second the other way round. A Hello without a
// Salt gets a random one, and one without an Instance that of its ID and Salt. It
// works inside a [testing/synctest] bubble, channels too. Each direction holds 1 MiB
// before WriteMessage blocks.
func Pipe(a, b Hello) (*Conn, *Conn) {
	return PipeAt(a, b, netip.AddrPort{}, netip.AddrPort{})
}

// PipeAt is [Pipe] with the addresses of a's end and of b's: the other's
// RemoteAddr, and the LocalAddr of its own.
func PipeAt(a, b Hello, from, to netip.AddrPort) (*Conn, *Conn) {
	a.start()
	b.start()
	ab, ba := newHalf(), newHalf()
	x, y := &pipeEnd{in: ba, out: ab}, &pipeEnd{in: ab, out: ba}
	x.other, y.other = y, x
	near, far := newConn(x, b), newConn(y, a)
	near.dialed = true
	near.binding = pipeBinding(a.Instance, b.Instance)
	far.binding = near.binding
	near.inPage, far.inPage = a.Web, b.Web
	near.remoteAddr, far.remoteAddr = to, from
	if from.IsValid() && to.IsValid() {
		near.local, far.local = pipeAddr(from), pipeAddr(to)
	}
	for _, c := range []*Conn{near, far} {
		c.takesChannels, c.spawn = true, func(f func()) bool {
			go f()
			return true
		}
		c.ch.takeBeside(c.takeBeside)
	}
	return near, far
}

// pipeBinding is that of all pipes between two instances.
func pipeBinding(a, b Instance) [sha256.Size]byte {
	if string(b[:]) < string(a[:]) {
		a, b = b, a
	}
	return sha256.Sum256(slices.Concat([]byte("lanyap pipe\x00"), a[:], b[:]))
}

// pipeAddr is the address of an end.
type pipeAddr netip.AddrPort

func (a pipeAddr) addr() netip.Addr { return netip.AddrPort(a).Addr() }

func (a pipeAddr) netAddr() net.Addr { return net.UDPAddrFromAddrPort(netip.AddrPort(a)) }

// start makes up what the start of a program would have.
func (h *Hello) start() {
	if h.Salt.IsZero() {
		h.Salt = NewSalt()
	}
	if h.Instance.IsZero() {
		h.Instance = h.ID.Instance(h.Salt)
	}
}

// half is one direction of a Pipe.
type half struct {
	mu     sync.Mutex // guards what follows
	change *sync.Cond
	queue  []pipeMessage
	size   int
	closed bool
}

type pipeMessage struct {
	data []byte
	text bool
}

func newHalf() *half {
	h := &half{}
	h.change = sync.NewCond(&h.mu)
	return h
}

func (h *half) write(m pipeMessage) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for !h.closed && h.size > 0 && h.size+len(m.data) > pipeBuffer {
		h.change.Wait()
	}
	if h.closed {
		return io.ErrClosedPipe
	}
	h.queue = append(h.queue, m)
	h.size += len(m.data)
	h.change.Broadcast()
	return nil
}

func (h *half) read(p []byte) (int, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.queue) == 0 && !h.closed {
		h.change.Wait()
	}
	if len(h.queue) == 0 {
		return 0, false, io.EOF
	}
	m := h.queue[0]
	if len(m.data) > len(p) {
		return 0, false, io.ErrShortBuffer
	}
	h.queue[0] = pipeMessage{}
	h.queue = h.queue[1:]
	h.size -= len(m.data)
	h.change.Broadcast()
	return copy(p, m.data), m.text, nil
}

func (h *half) close(closing string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if closing != "" && !h.closed {
		h.queue = append(h.queue, pipeMessage{data: []byte(closing), text: true})
		h.size += len(closing)
	}
	h.closed = true
	h.change.Broadcast()
}

// pipeEnd is one end of a Pipe.
type pipeEnd struct {
	in, out *half
	other   *pipeEnd
	besides besides
}

func (e *pipeEnd) read(p []byte) (int, bool, error) { return e.in.read(p) }

func (e *pipeEnd) write(p []byte, text bool) error {
	return e.out.write(pipeMessage{data: append([]byte(nil), p...), text: text})
}

func (e *pipeEnd) unacked() uint64 {
	e.out.mu.Lock()
	defer e.out.mu.Unlock()
	return uint64(e.out.size)
}

// close ends both directions; what the other end has not read yet stays
// readable there, as it does on a network.
func (e *pipeEnd) close(closing string) {
	e.in.close("")
	e.out.close(closing)
}

// openBeside opens two more directions, for streams.
func (e *pipeEnd) openBeside() (stream.Carrier, error) {
	ab, ba := newHalf(), newHalf()
	e.other.besides.give(&pipeBeside{in: ab, out: ba})
	return &pipeBeside{in: ba, out: ab}, nil
}

func (e *pipeEnd) takeBeside(f func(stream.Carrier)) { e.besides.takeWith(f) }

// pipeBeside carries streams beside the messages of a Pipe.
type pipeBeside struct {
	in, out *half
	buf     [stream.MaxFrame]byte
}

func (b *pipeBeside) ReadMessage() ([]byte, error) {
	n, _, err := b.in.read(b.buf[:])
	return b.buf[:n], err
}

func (b *pipeBeside) WriteMessage(p []byte) error {
	return b.out.write(pipeMessage{data: append([]byte(nil), p...)})
}

func (b *pipeBeside) Close() error {
	b.in.close("")
	b.out.close("")
	return nil
}
