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
	log     func(from netip.AddrPort, to netip.AddrPort, b []byte)
	lose    func(from, to netip.Addr) bool
	nextEph uint16
}

func newBus() *bus { return &bus{sockets: make(map[*busSocket]bool), nextEph: 40000} }

type busPacket struct {
	b    []byte
	from netip.AddrPort
}

type busSocket struct {
	bus    *bus
	family family
	addr   netip.AddrPort
	group  bool
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
	if s.bus.log != nil {
		s.bus.log(s.addr, to, b)
	}
	for o := range s.bus.sockets {
		hears := o.family == s.family && (to.Addr().IsMulticast() && o.group || !to.Addr().IsMulticast() && o.addr == to)
		if !hears || s.bus.lose != nil && s.bus.lose(s.addr.Addr(), o.addr.Addr()) {
			continue
		}
		select {
		case o.in <- busPacket{append([]byte(nil), b...), s.addr}:
		default:
		}
	}
	return nil
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
		b.nextEph++
		port = b.nextEph
	}
	s := &busSocket{bus: b, family: f, addr: netip.AddrPortFrom(source.WithZone(""), port), group: group,
		in: make(chan busPacket, 1024), closed: make(chan struct{})}
	b.sockets[s] = true
	return s, nil
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

func (b *bus) start(t *testing.T, n int) *busNode {
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
		group:   func(i Interface, f family) (socket, error) { return b.socket(i, f, true) },
		answers: func(i Interface, f family) (socket, error) { return b.socket(i, f, false) },
	}, []Interface{iface(n)})
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
	n.Close()
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

// Sixteen idle nodes, both families, send at most one packet a second
// together; each hears of each other within the life of a record.
func TestIdleTraffic(t *testing.T) {
	for _, size := range []int{2, 16, 64} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBus()
				var nodes []*busNode
				for n := range size {
					nodes = append(nodes, b.start(t, n+1))
				}
				time.Sleep(30 * time.Second)
				before := b.count()
				const span = 20 * time.Minute
				time.Sleep(span)
				rate := float64(b.count()-before) / span.Seconds()
				t.Logf("%d nodes: %d packets in the first 30 s, then %.2f/s", size, before, rate)
				if limit := max(1, float64(size)/16); rate > limit {
					t.Errorf("%d idle nodes send %.2f packets/s, want at most %.0f", size, rate, limit)
				}
				for _, n := range nodes {
					n.LAN.mu.Lock()
					known := len(n.known.entries)
					n.LAN.mu.Unlock()
					if known != size-1 {
						t.Errorf("node %s knows %d others after %v, want %d", n.service.Instance, known, span, size-1)
					}
				}
				for _, n := range nodes {
					n.close()
				}
			})
		})
	}
}
