package discovery

import (
	"context"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bus is a switch in memory: what a node multicasts reaches every node, itself
// included, as it does on Linux.
type bus struct {
	mu      sync.Mutex // guards the rest
	sockets map[*busSocket]bool
	sent    int
	lose    func(from, to netip.AddrPort) bool // guarded too
	any     bool                               // sockets hear what was not sent to the group, too
	lastOwn uint16                             // port of the socket for answers opened last
	lookup  func(context.Context, Interface) []sighting
}

func newBus() *bus { return &bus{sockets: make(map[*busSocket]bool), lastOwn: 40000} }

type busPacket struct {
	b    []byte
	from netip.AddrPort
}

type busSocket struct {
	bus    *bus
	family family
	addr   netip.AddrPort
	group  bool
	member bool // of the group, as far as the switch knows
	in     chan busPacket
	closed chan struct{}
	once   sync.Once
}

func (s *busSocket) read(b []byte) (int, netip.AddrPort, error) {
	select {
	case p := <-s.in:
		return copy(b, p.b), p.from, nil
	case <-s.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (s *busSocket) write(b []byte, to netip.AddrPort) error {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.bus.sent++
	for o := range s.bus.sockets {
		hears := o.family == s.family && (to.Addr().IsMulticast() && o.group && o.member || !to.Addr().IsMulticast() && o.addr == to)
		if !hears || s.bus.lose != nil && s.bus.lose(s.addr, o.addr) {
			continue
		}
		select {
		case o.in <- busPacket{append([]byte(nil), b...), s.addr}:
		default:
		}
	}
	return nil
}

func (s *busSocket) join() error  { return s.setMember(true) }
func (s *busSocket) leave() error { return s.setMember(false) }

func (s *busSocket) setMember(is bool) error {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.member = is
	return nil
}

// forget is what a switch does that watches memberships when nobody asks for
// them.
func (b *bus) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.sockets {
		s.member = false
	}
}

// left reports whether within some time nobody with an IPv4 address of host 1
// is in the group.
func (b *bus) left(within time.Duration) bool {
	for range within / (absentFor / 2) {
		time.Sleep(absentFor / 2)
		synctest.Wait()
		if !b.joined(netip.AddrPortFrom(iface(1).Addrs[0], mdnsPort)) {
			return true
		}
	}
	return false
}

func (b *bus) joined(addr netip.AddrPort) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.sockets {
		if s.addr == addr && s.member {
			return true
		}
	}
	return false
}

func (s *busSocket) Close() error {
	s.once.Do(func() {
		s.bus.mu.Lock()
		defer s.bus.mu.Unlock()
		delete(s.bus.sockets, s)
		close(s.closed)
	})
	return nil
}

func (b *bus) socket(i Interface, f family, group bool) (socket, error) {
	source, ok := i.source(f)
	if !ok {
		return nil, net.UnknownNetworkError(f.String())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	port := uint16(mdnsPort)
	if !group {
		b.lastOwn++
		port = b.lastOwn
	}
	return b.addLocked(f, netip.AddrPortFrom(source.WithZone(""), port), group), nil
}

func (b *bus) addLocked(f family, addr netip.AddrPort, group bool) *busSocket {
	s := &busSocket{bus: b, family: f, addr: addr, group: group, member: group, in: make(chan busPacket, 1024), closed: make(chan struct{})}
	b.sockets[s] = true
	return s
}

// stranger is somebody on the switch who speaks as the test likes.
func (b *bus) stranger(t *testing.T, addr string) *busSocket {
	t.Helper()
	ap := netip.MustParseAddrPort(addr)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.addLocked(ip4, ap, ap.Port() == mdnsPort)
}

// say multicasts.
func (s *busSocket) say(t *testing.T, packets ...[]byte) {
	t.Helper()
	for _, p := range packets {
		if err := s.write(p, ip4.group(Interface{})); err != nil {
			t.Fatal(err)
		}
	}
}

// heard returns what came in up to now.
func (s *busSocket) heard() []message {
	synctest.Wait()
	var list []message
	for {
		select {
		case p := <-s.in:
			if m, err := parse(p.b); err == nil {
				list = append(list, m)
			}
		default:
			return list
		}
	}
}

// iface is the only interface of host n.
func iface(n int) Interface {
	a4 := netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
	a6 := netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 14: byte(n >> 8), 15: byte(n)})
	return Interface{
		Name: "eth0", Index: 2, Running: true,
		Addrs:    []netip.Addr{a4, a6.WithZone("eth0")},
		Prefixes: []netip.Prefix{netip.PrefixFrom(a4, 16).Masked(), netip.PrefixFrom(a6, 64).Masked()},
	}
}

// busNode is a LAN on the bus with what its Browse said.
type busNode struct {
	*LAN
	service Service
	changes chan []Interface

	mu     sync.Mutex // guards events
	events []Instance
	done   chan struct{}
}

func (b *bus) start(t *testing.T, n int) *busNode { return b.startOn(t, n, iface(n)) }

func (b *bus) startOn(t *testing.T, n int, ifaces ...Interface) *busNode {
	t.Helper()
	group := func(i Interface, f family) (socket, error) { return b.socket(i, f, true) }
	return b.startWith(t, n, group, ifaces...)
}

func (b *bus) startWith(t *testing.T, n int, group func(Interface, family) (socket, error), ifaces ...Interface) *busNode {
	t.Helper()
	node := &busNode{
		service: Service{Instance: fmt.Sprintf("%016x", n), Room: "00000000000000aa", Port: 7475},
		changes: make(chan []Interface),
		done:    make(chan struct{}),
	}
	watch := func(ctx context.Context) iter.Seq[[]Interface] {
		return func(yield func([]Interface) bool) {
			for {
				select {
				case <-ctx.Done():
					return
				case list := <-node.changes:
					if !yield(list) {
						return
					}
				}
			}
		}
	}
	node.LAN = open(Config{}, network{
		watch:   watch,
		group:   group,
		any:     b.any,
		lookup:  b.lookup,
		answers: func(i Interface, f family) (socket, error) { return b.socket(i, f, false) },
	}, ifaces)
	go func() {
		defer close(node.done)
		for in, err := range node.Browse(context.Background()) {
			if err != nil {
				return
			}
			node.mu.Lock()
			node.events = append(node.events, in)
			node.mu.Unlock()
		}
	}()
	if err := node.Announce(t.Context(), node.service); err != nil {
		t.Fatal(err)
	}
	return node
}

func (n *busNode) close() {
	_ = n.Close() // always nil; see TestAnnounceRefuses
	<-n.done
}

// sees returns the instances that were seen and did not say goodbye.
func (n *busNode) sees() map[string]Instance {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := make(map[string]Instance)
	for _, in := range n.events {
		seen[in.Instance] = in
		if in.Gone {
			delete(seen, in.Instance)
		}
	}
	return seen
}

func (b *bus) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent
}
