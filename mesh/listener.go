package mesh

import (
	"context"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/lanyap/lanyap/peer"
)

const (
	// maxUnaccepted is how many streams wait for a listener's Accept. Further ones
	// are refused.
	maxUnaccepted = 64

	// maxServed is how many streams that others opened there are, in all, and
	// maxServedFrom how many one member has of them. Further ones are refused.
	maxServed     = 1024
	maxServedFrom = 128

	// goneFor is how long a member is to be away until its streams are ended: TCP
	// alone would go on for a quarter of an hour if something is under way.
	goneFor = 15 * time.Second

	// notYetFor is how long after its start a node that does not listen for a service
	// may be about to: its program can no sooner than it has joined, and others know
	// of it then.
	notYetFor = time.Second
)

// services are what this program listens for, and the streams that are open.
type services struct {
	mu        sync.Mutex // guards what follows
	listeners map[string]*listener
	more      notice                // there are more listeners, guarded by mu and not by Node.mu
	conns     map[*serviceConn]bool // whose end is to be waited for
	served    map[Member]int        // of those that others opened
	count     int                   // the same of all
	closed    bool
}

func newServices() services {
	return services{
		listeners: make(map[string]*listener),
		conns:     make(map[*serviceConn]bool),
		served:    make(map[Member]int),
	}
}

// add takes in a stream of ours, unless the node is closed.
func (s *services) add(c *serviceConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.conns[c] = true
	}
	return !s.closed
}

func (s *services) remove(c *serviceConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns[c] && c.accepted {
		s.leaveLocked(c.remote.Member)
	}
	delete(s.conns, c)
}

func (s *services) leaveLocked(m Member) {
	s.count--
	if s.served[m]--; s.served[m] == 0 {
		delete(s.served, m)
	}
}

// enter takes a place for a stream that another opens, and one in its listener's
// queue.
func (s *services) enter(c *serviceConn) (l *listener, status byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l = s.listeners[c.remote.Service]
	switch {
	case s.closed || l == nil:
		return nil, statusNone
	case s.count >= maxServed || s.served[c.remote.Member] >= maxServedFrom || l.waiting >= maxUnaccepted:
		return nil, statusBusy
	}
	l.waiting++
	s.count++
	s.served[c.remote.Member]++
	s.conns[c] = true
	return l, statusOpen
}

// await waits for a listener until then.
func (s *services) await(ctx context.Context, service string, until time.Time) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	for {
		s.mu.Lock()
		there, more := s.closed || s.listeners[service] != nil, s.more.channel()
		s.mu.Unlock()
		if there {
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
			return
		}
	}
}

// of returns the streams whose other sides are such.
func (s *services) of(such func(Member) bool) (found []*serviceConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if such(c.remote.Member) {
			found = append(found, c)
		}
	}
	return found
}

// endGoneLocked ends the streams of those who have been away for goneFor.
func (n *Node) endGoneLocked(now time.Time) {
	gone := n.services.of(func(who Member) bool {
		if who == n.self.Member {
			return false
		}
		m := n.members[who]
		return m == nil || !m.present && m.link == nil && now.Sub(m.away) >= goneFor
	})
	if len(gone) == 0 {
		return
	}
	n.wg.Go(func() {
		for _, c := range gone {
			c.gone.Store(true)
			c.abort()
		}
	})
}

// close ends all. What the program has not closed has not come to its end: the
// other side is not to take it for that.
func (s *services) close() {
	s.mu.Lock()
	s.closed = true
	listeners := slices.Collect(maps.Values(s.listeners))
	s.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close()
	}
	for _, c := range s.of(func(Member) bool { return true }) {
		c.drop()
	}
}

// Listen takes the streams that members open for a service: a name of 1 to 64
// bytes as package name has them, such as "notes/1". Its Accept returns streams
// as [Node.Dial] does, whose RemoteAddr says who opened it.
//
// One listener has each service; [ErrService] says that it is taken, or no name.
// 64 streams wait to be accepted, and further ones are refused, as are those of a
// member that has 128 open, and all while there are 1,024; the other side gets
// [ErrBusy]. Where nobody listens it gets [ErrNoService], but not before a second after
// Join: until then it waits for a listener. The listener ends with Close, which leaves
// the streams that were accepted, and with the node. net/http's Serve works on it.
func (n *Node) Listen(service string) (net.Listener, error) {
	if err := checkService(service); err != nil {
		return nil, err
	}
	if n.observer {
		return nil, ErrObserver
	}
	s := &n.services
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.listeners[service] != nil {
		return nil, ErrService
	}
	l := &listener{
		node: n, addr: Addr{n.self.Member, service},
		queue: make(chan *serviceConn, maxUnaccepted), done: make(chan struct{}),
	}
	s.listeners[service] = l
	s.more.announce()
	return l, nil
}

// listener takes the streams for one service.
type listener struct {
	node    *Node
	addr    Addr
	queue   chan *serviceConn
	done    chan struct{} // closed when it is
	waiting int           // in queue, or about to be; guarded by services.mu
}

func (l *listener) Addr() net.Addr { return l.addr }

func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, l.ended()
	default:
	}
	select {
	case c := <-l.queue:
		l.took()
		return c, nil
	case <-l.done:
		return nil, l.ended()
	}
}

// took gives back the place of one in the queue.
func (l *listener) took() {
	l.node.services.mu.Lock()
	defer l.node.services.mu.Unlock()
	l.waiting--
}

// offer puts a stream into the place that it has in the queue, unless the listener
// is closed: then nobody would find it there.
func (l *listener) offer(c *serviceConn) bool {
	s := &l.node.services
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners[l.addr.Service] != l {
		return false
	}
	l.queue <- c
	return true
}

func (l *listener) ended() error {
	if l.node.ctx.Err() != nil {
		return ErrClosed
	}
	return &net.OpError{Op: "accept", Net: l.addr.Network(), Addr: l.addr, Err: net.ErrClosed}
}

// Close ends the streams that nobody accepted.
func (l *listener) Close() error {
	s := &l.node.services
	s.mu.Lock()
	if s.listeners[l.addr.Service] != l {
		s.mu.Unlock()
		return l.ended()
	}
	delete(s.listeners, l.addr.Service)
	close(l.done)
	s.mu.Unlock()
	for {
		select {
		case c := <-l.queue:
			c.drop()
		default:
			return nil
		}
	}
}

// acceptStreams takes in the streams that others open.
func (n *Node) acceptStreams(t streams) {
	for {
		s, err := t.AcceptStream(n.ctx)
		if err != nil {
			return
		}
		n.wg.Go(func() { n.serveStream(s, Member{s.ID, s.Instance}, carrierTCP) })
	}
}

// serveStream hands a stream that another opened to whoever listens for what it is
// for. It takes the stream over.
func (n *Node) serveStream(raw peer.HalfConn, from Member, carrier string) {
	_ = raw.SetDeadline(time.Now().Add(serviceTimeout)) // first, so that it takes nothing back
	stop := context.AfterFunc(n.ctx, func() { _ = raw.SetDeadline(time.Now()) })
	defer stop()
	service, status := readService(raw)
	c := &serviceConn{
		HalfConn: raw, node: n, carrier: carrier, accepted: true,
		local: Addr{n.self.Member, service}, remote: Addr{from, service},
	}
	var l *listener
	if status == statusOpen {
		n.services.await(n.ctx, service, n.born.Add(notYetFor))
		l, status = n.services.enter(c)
	}
	if status == statusMute {
		_ = raw.Close()
		return
	}
	_, err := raw.Write([]byte{status})
	if l == nil {
		_ = raw.Close()
		return
	}
	if err == nil {
		err = raw.SetDeadline(time.Time{})
	}
	if err != nil {
		l.took()
	}
	if err != nil || !l.offer(c) {
		c.drop()
	}
}

// readService reads what a stream is for.
func readService(raw io.Reader) (service string, status byte) {
	var head [2]byte
	if _, err := io.ReadFull(raw, head[:]); err != nil {
		return "", statusMute
	}
	if head[0] != serviceVersion {
		return "", statusVersion
	}
	text := make([]byte, head[1])
	if _, err := io.ReadFull(raw, text); err != nil {
		return "", statusMute
	}
	return string(text), statusOpen
}
