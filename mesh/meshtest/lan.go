package meshtest

import (
	"errors"
	"net/netip"
	"sync"
	"time"
)

// deathAfter is how long a link lives on over a path that is cut: on real
// networks the death watch ends it after 6 to 7 s.
const deathAfter = 7 * time.Second

var (
	errFlap = errors.New("meshtest: the link was dropped")
)

// LAN is a local network in memory. The zero value is not usable; see
// [NewLAN].
type LAN struct {
	mu        sync.Mutex // guards what follows, and the state of hosts, transports and links
	hosts     map[string]*Host
	order     []*Host
	paths     map[pair]*path
	links     map[*link]bool
	streams   map[*stream]bool
	services  []*service
	offers    map[string]*offer // that members carry
	offered   int
	misled    map[netip.Addr]int
	multicast bool
	tap       func(from, to *Host, message []byte)
	changed   chan struct{} // closed and replaced when anything above changes
}

// pair is two hosts, the earlier one first.
type pair [2]*Host

func pairOf(a, b *Host) pair {
	if a.number > b.number {
		a, b = b, a
	}
	return pair{a, b}
}

// path is the way between two hosts.
type path struct {
	cut   bool
	delay time.Duration
}

// NewLAN returns a network without hosts.
func NewLAN() *LAN {
	return &LAN{
		hosts:     make(map[string]*Host),
		paths:     make(map[pair]*path),
		links:     make(map[*link]bool),
		streams:   make(map[*stream]bool),
		offers:    make(map[string]*offer),
		misled:    make(map[netip.Addr]int),
		multicast: true,
		changed:   make(chan struct{}),
	}
}

// Host returns the host of that name, which is new on the network if nobody
// asked for it before. Hosts have the addresses 10.0.0.1, 10.0.0.2 and so on.
func (l *LAN) Host(name string) *Host {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h, ok := l.hosts[name]; ok {
		return h
	}
	n := len(l.order) + 1
	h := &Host{lan: l, name: name, number: n, addr: netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})}
	l.hosts[name] = h
	l.order = append(l.order, h)
	return h
}

// Cut breaks the path between two hosts: nothing comes through, neither links'
// messages nor streams nor dials nor discovery. What is on its way waits. A link
// or a stream that is cut for 7 s ends.
func (l *LAN) Cut(a, b *Host) { l.setCut(a, b, true) }

// Heal mends the path between two hosts.
func (l *LAN) Heal(a, b *Host) { l.setCut(a, b, false) }

func (l *LAN) setCut(a, b *Host, cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pathLocked(a, b).cut = cut
	l.cutChangedLocked()
}

// Delay makes messages between two hosts take d each way.
func (l *LAN) Delay(a, b *Host, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pathLocked(a, b).delay = d
}

// Drop ends every link between two hosts. Nothing keeps them from making a new
// one.
func (l *LAN) Drop(a, b *Host) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.links {
		if k.pair() == pairOf(a, b) {
			k.endLocked(errFlap)
		}
	}
}

// SetMulticast turns discovery off and on: many networks filter multicast.
// Nodes then find each other only through addresses given by hand, and through
// each other.
func (l *LAN) SetMulticast(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.multicast = on
	l.announceLocked()
}

// Tap has f see each message that a node puts on a link, for tests that count
// what a network carries; nil ends that. f is called by several goroutines at
// once, and is not to keep the message.
func (l *LAN) Tap(f func(from, to *Host, message []byte)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tap = f
}

func (l *LAN) tapped() func(from, to *Host, message []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tap
}

func (l *LAN) pathLocked(a, b *Host) *path {
	p, ok := l.paths[pairOf(a, b)]
	if !ok {
		p = &path{}
		l.paths[pairOf(a, b)] = p
	}
	return p
}

// openLocked reports whether anything comes through between two hosts.
func (l *LAN) openLocked(a, b *Host) bool {
	return a == b || !a.cut && !b.cut && !l.pathLocked(a, b).cut
}

// cutChangedLocked starts and stops the clocks of links that are cut.
func (l *LAN) cutChangedLocked() {
	for k := range l.links {
		k.cutChangedLocked(l.openLocked(k.near.host, k.far.host))
	}
	for s := range l.streams {
		s.cutChangedLocked(l.openLocked(s.near.host, s.far.host))
	}
	l.announceLocked()
}

// announceLocked wakes everyone who waits for the network to change.
func (l *LAN) announceLocked() {
	close(l.changed)
	l.changed = make(chan struct{})
}
