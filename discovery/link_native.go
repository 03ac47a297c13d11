//go:build !js

package discovery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

const (
	// retryMin doubles up to retryMax while a link cannot be used. An IPv6
	// address, for one, is of no use until the system has checked that nobody
	// else has it, which takes a second or two. A change of the interfaces
	// makes us try at once.
	retryMin = 250 * time.Millisecond
	retryMax = 30 * time.Second

	// readRetry is the rest after a read that failed, lest one that fails for
	// good takes a core.
	readRetry = 100 * time.Millisecond

	// askFor is how long answers by unicast are waited for.
	askFor = time.Second
)

// linkKey names a link.
type linkKey struct {
	index  int
	family family
}

func (k linkKey) compare(o linkKey) int {
	return cmp.Or(cmp.Compare(k.index, o.index), cmp.Compare(k.family, o.family))
}

// link is one interface in one family, with its socket and what is to be sent
// on it.
type link struct {
	schedule
	key       linkKey
	iface     Interface
	socket    socket          // nil: not open
	err       error           // why it does not work; nil: it does, or was not tried
	retryAt   time.Time       // when to begin again after a failure; zero: all is well
	wait      time.Duration   // the wait before that
	lastAsked time.Time       // our last question
	partial   partialQuestion // somebody's, still incomplete
	membership
}

// partialQuestion is a question whose known answers come in several packets.
type partialQuestion struct {
	from  netip.AddrPort
	at    time.Time
	known map[string]uint32
}

func (k *link) next() time.Time {
	return earliest(earliest(k.retryAt, k.rejoinAt), k.schedule.next())
}

// survives reports whether the socket can be kept when its interface becomes
// i. When a carrier comes back it is not: joining again makes switches that
// watch memberships learn of ours.
func (k *link) survives(i Interface) bool {
	before, _ := k.iface.source(k.key.family)
	after, _ := i.source(k.key.family)
	return k.socket != nil && k.iface.Name == i.Name && before == after && (k.iface.Running || !i.Running)
}

func (k *link) close() {
	if k.socket != nil {
		k.socket.Close()
		k.socket, k.absent, k.rejoinAt = nil, false, time.Time{}
	}
}

// begin does what is done first on a link, and again after a change of its
// network: announce, and ask who is there.
func (s *station) begin(now time.Time, k *link) {
	k.retryAt = time.Time{}
	if k.socket == nil {
		socket, err := s.network.group(k.iface, k.key.family)
		if err != nil {
			s.failed(now, k, "open", err)
			return
		}
		k.socket = socket
		s.work.Go(func() { s.listen(k.key, socket) })
	}
	if s.self != nil {
		k.startAnnouncing(now)
	}
	k.startQuerying(now)
	k.heard(now)
	i := k.iface
	if k.key.family == i.preferred() {
		s.work.Go(func() { s.ask(i) })
	}
}

// failed plans to begin again later. The socket stays open if it hears: that
// is worth something even where we cannot speak.
func (s *station) failed(now time.Time, k *link, what string, err error) {
	if k.wait == 0 {
		s.log.Warn("mdns link does not work", "step", what, "interface", k.iface.Name, "family", k.key.family, "err", err)
	}
	k.stop()
	k.rejoinAt = time.Time{}
	if k.absent {
		k.close()
	}
	k.err = fmt.Errorf("discovery: %s: %s: %w", k.iface.Name, k.key.family, err)
	k.wait = min(max(retryMin, 2*k.wait), retryMax)
	k.retryAt = now.Add(k.wait)
}

// listen reads a link until its socket is closed. What is not multicast DNS is
// sorted out here: a response comes from its port (RFC 6762 section 11).
func (l *LAN) listen(key linkKey, socket socket) {
	buf := make([]byte, maxPacket+1)
	limit := newLimiter()
	for {
		n, from, err := socket.read(buf)
		if errors.Is(err, net.ErrClosed) || l.ctx.Err() != nil {
			return
		}
		if err != nil {
			l.log.Debug("mdns read", "err", err)
			l.rest(readRetry)
			continue
		}
		if !limit.allow(time.Now(), from.Addr()) {
			l.floods.raise()
			continue
		}
		m, err := parse(buf[:n])
		if err != nil {
			l.log.Debug("mdns packet", "from", from, "err", err)
			continue
		}
		if m.response && from.Port() != mdnsPort {
			continue
		}
		select {
		case l.packets <- packet{key: key, from: from, message: m}:
		default:
		}
	}
}

// rest waits, or until the LAN is closed.
func (l *LAN) rest(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.ctx.Done():
	}
}

// ask asks once for answers by unicast and passes on what comes. Whoever is
// here answers within milliseconds, where an answer by multicast takes its
// time (RFC 6762 section 5.4). One family is enough, the other follows with
// the first question by multicast.
func (l *LAN) ask(i Interface) {
	f := i.preferred()
	socket, err := l.network.answers(i, f)
	if err != nil {
		l.log.Debug("mdns ask", "interface", i.Name, "err", err)
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, askFor)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { socket.Close() })
	defer stop()
	defer socket.Close()
	packets, err := query(true, nil)
	if err != nil {
		l.log.Error("mdns ask", "err", err)
		return
	}
	if err := socket.write(packets[0], f.group(i)); err != nil {
		l.log.Debug("mdns ask", "interface", i.Name, "err", err)
		return
	}
	l.readAnswers(i, f, socket)
}

// readAnswers reads answers by unicast, which must come from the link (RFC
// 6762 section 11).
func (l *LAN) readAnswers(i Interface, f family, socket socket) {
	buf := make([]byte, maxPacket+1)
	limit := newLimiter()
	for {
		n, from, err := socket.read(buf)
		if err != nil {
			return
		}
		if from.Port() != mdnsPort || !i.onLink(from.Addr()) || !limit.allow(time.Now(), from.Addr()) {
			continue
		}
		m, err := parse(buf[:n])
		if err != nil || !m.response {
			continue
		}
		select {
		case l.packets <- packet{key: linkKey{i.Index, f}, from: from, toUs: true, message: m}:
		case <-l.ctx.Done():
			return
		}
	}
}
