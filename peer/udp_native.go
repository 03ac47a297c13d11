//go:build !js

package peer

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// What is waiting to be sent is held as runs: datagrams of one size to one
// address, back to back in one buffer, which the kernel cuts apart again
// (UDP_SEGMENT, see segment_linux.go). A link under load leaves 20 and more
// datagrams to one system call; without that the system call is what a data
// channel is bound by.
const (
	maxRun      = 60 << 10 // bytes of a run: below what one UDP send may hold
	maxSegments = 64       // datagrams of a run: the kernel's UDP_MAX_SEGMENTS
	maxRuns     = 128      // runs waiting before a writer waits
	socketBytes = 4 << 20  // asked of the kernel; an ordinary Linux grants 208 KiB
)

// run is one or more datagrams to one address. All but the last are segment
// bytes long; the last may be shorter, and ends the run.
type run struct {
	to      netip.AddrPort
	segment int
	count   int
	ended   bool
	data    []byte
}

// take adds a datagram if it fits the run's shape.
func (r *run) take(p []byte, to netip.AddrPort) bool {
	if r.ended || r.to != to || len(p) > r.segment || r.count == maxSegments || len(r.data)+len(p) > maxRun {
		return false
	}
	r.data = append(r.data, p...)
	r.count++
	r.ended = len(p) < r.segment
	return true
}

// udpConn is one bound UDP socket: a net.PacketConn that collects what is
// written and sends it from one goroutine, and that keeps the books of what
// each link received (see ledger).
type udpConn struct {
	*net.UDPConn
	receive  func([]byte) (int, netip.AddrPort, error) // its ReadFromUDPAddrPort
	transmit func(*net.UDPConn, *run)                  // sendRun
	ledger   *ledger

	mu      sync.Mutex // guards what follows
	zone    string     // of the link it is on, if its address means nothing elsewhere
	waiting []*run
	spare   []*run
	closed  bool
	work    *sync.Cond // waiting is not empty, or closed
	room    *sync.Cond // waiting has room, or closed
	idle    chan struct{}
}

func listenUDP(addr netip.AddrPort, l *ledger) (*udpConn, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, err
	}
	// Both are wishes: what the system grants less than that costs speed under
	// loss, not function.
	_ = conn.SetReadBuffer(socketBytes)
	_ = conn.SetWriteBuffer(socketBytes)
	u := &udpConn{UDPConn: conn, receive: conn.ReadFromUDPAddrPort, transmit: sendRun, zone: addr.Addr().Zone(), ledger: l, idle: make(chan struct{})}
	u.work, u.room = sync.NewCond(&u.mu), sync.NewCond(&u.mu)
	go u.send()
	return u, nil
}

// ReadFromAddrPort returns the next datagram that a link may have. Where it is
// from is told without the zone, which says what this socket is for anyway, and
// changes with the name of an interface.
func (u *udpConn) ReadFromAddrPort(p []byte) (int, netip.AddrPort, error) {
	for failures := 0; ; {
		n, from, err := u.receive(p)
		if err != nil {
			if errors.Is(err, net.ErrClosed) || !transient(err) {
				return n, from, err
			}
			failures++
			u.pause(failures)
			continue
		}
		failures = 0
		from = netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())
		if u.ledger.received(p[:n], from) {
			return n, from, nil
		}
	}
}

// transient tells an error that one datagram caused (an ICMP answer to what we
// sent, a datagram longer than the buffer) from one that ends the socket.
func transient(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && !op.Timeout()
}

// pause waits before a socket is read again that failed so often in a row. Some
// errors are worth no wait: on Windows each datagram that nobody takes comes back
// as one. Others last, as that of a network that went away.
func (u *udpConn) pause(failures int) {
	const free, longest = 16, time.Second
	if failures <= free {
		return
	}
	select {
	case <-time.After(min(longest, time.Millisecond<<min(failures-free, 10))):
	case <-u.idle:
	}
}

// WriteToAddrPort takes the datagram and sends it soon. As with any UDP send,
// success says nothing of arrival.
func (u *udpConn) WriteToAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if len(p) > maxRun {
		return 0, errTooLong
	}
	if !u.ledger.sends(p, to) {
		return len(p), nil // as if it had been lost on the way
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	to = u.onLinkLocked(to)
	for {
		if u.closed {
			return 0, net.ErrClosed
		}
		if n := len(u.waiting); n > 0 && u.waiting[n-1].take(p, to) {
			return len(p), nil
		}
		if len(u.waiting) < maxRuns {
			break
		}
		u.room.Wait()
	}
	r := u.spareLocked()
	r.to, r.segment, r.count, r.ended = to, len(p), 1, len(p) == 0
	r.data = append(r.data[:0], p...)
	u.waiting = append(u.waiting, r)
	u.work.Signal()
	return len(p), nil
}

func (u *udpConn) setZone(zone string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.zone = zone
}

// onLinkLocked says over which link an address is meant that pion gives without its
// zone: macOS and Windows send nothing otherwise.
func (u *udpConn) onLinkLocked(to netip.AddrPort) netip.AddrPort {
	if a := to.Addr(); u.zone != "" && a.Zone() == "" && a.Is6() && a.IsLinkLocalUnicast() {
		return netip.AddrPortFrom(a.WithZone(u.zone), to.Port())
	}
	return to
}

func (u *udpConn) spareLocked() *run {
	if n := len(u.spare); n > 0 {
		r := u.spare[n-1]
		u.spare = u.spare[:n-1]
		return r
	}
	return &run{}
}

// send sends what is waiting until the socket is closed.
func (u *udpConn) send() {
	defer close(u.idle)
	var batch []*run
	for {
		u.mu.Lock()
		u.recycleLocked(batch)
		for len(u.waiting) == 0 && !u.closed {
			u.work.Wait()
		}
		if u.closed && len(u.waiting) == 0 {
			u.mu.Unlock()
			return
		}
		batch, u.waiting = u.waiting, batch[:0]
		u.room.Broadcast()
		u.mu.Unlock()
		for _, r := range batch {
			u.transmit(u.UDPConn, r)
		}
	}
}

// maxSpare runs are kept for reuse when the socket falls quiet; the buffers of
// a burst are not kept for ever.
const maxSpare = 8

func (u *udpConn) recycleLocked(batch []*run) {
	for i, r := range batch {
		batch[i] = nil
		if len(u.spare) < maxSpare {
			u.spare = append(u.spare, r)
		}
	}
}

// sendEach sends the datagrams of a run one by one.
func sendEach(conn *net.UDPConn, r *run) {
	for data := r.data; len(data) > 0; {
		n := min(r.segment, len(data))
		_, _ = conn.WriteToUDPAddrPort(data[:n], r.to) // lost datagrams are SCTP's to repeat
		data = data[n:]
	}
}

// Close sends what is waiting and closes the socket.
func (u *udpConn) Close() error {
	u.mu.Lock()
	u.closed = true
	u.work.Broadcast()
	u.room.Broadcast()
	u.mu.Unlock()
	<-u.idle
	return u.UDPConn.Close()
}

// ReadFrom and WriteTo make udpConn a net.PacketConn; pion uses the AddrPort
// forms, which allocate nothing.

func (u *udpConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := u.ReadFromAddrPort(p)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

func (u *udpConn) WriteTo(p []byte, to net.Addr) (int, error) {
	addr, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not a UDP address")
	}
	return u.WriteToAddrPort(p, addr.AddrPort())
}

// SetWriteDeadline does nothing: a write never waits for the network, only for
// room, and pion would set the deadline for all links at once.
func (u *udpConn) SetWriteDeadline(time.Time) error { return nil }
