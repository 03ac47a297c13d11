package meshtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/name"
)

const (
	firstPort  = 7475
	maxLinks   = 128             // as peer.Config.MaxLinks
	silentDial = 3 * time.Second // how long a dial waits for a host that does not answer

	gathering = 100 * time.Millisecond // how long a browser looks for its addresses
)

// transport is where one node answers.
type transport struct {
	host  *Host
	page  *Page // nil: it is no page
	hello peer.Hello
	room  string
	key   [32]byte // of the room and its secret
	addr  netip.AddrPort
	limit int
	done  chan struct{}

	streams chan *peer.Stream // that others opened
	refused func(in peer.Instance, at netip.AddrPort, dialed bool)

	// Guarded by host.lan.mu.
	dead     bool
	accepted []*peer.Conn
	arrived  chan struct{}          // holds a token when accepted is not empty
	met      map[peer.Instance]bool // to whom a link was made
}

func (h *Host) open(cfg peer.Config, page *Page) (*transport, error) {
	if cfg.Identity == nil {
		cfg.Identity = peer.NewIdentity()
	}
	if cfg.Salt.IsZero() {
		cfg.Salt = peer.NewSalt()
	}
	for _, s := range append([]string{cfg.Name}, cfg.Topics...) {
		if err := name.Check(s); err != nil {
			return nil, fmt.Errorf("meshtest: name %q: %w", s, err)
		}
	}
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	port := uint16(0)
	if page == nil {
		var err error
		if port, err = h.portLocked(cfg.Port); err != nil {
			return nil, err
		}
	}
	t := &transport{
		host:    h,
		page:    page,
		room:    cmp.Or(cfg.Room, "lan"),
		key:     cfg.Secret.RoomKey(cfg.Room),
		addr:    netip.AddrPortFrom(h.addr, port),
		limit:   cmp.Or(cfg.MaxLinks, maxLinks),
		done:    make(chan struct{}),
		arrived: make(chan struct{}, 1),
		streams: make(chan *peer.Stream, maxStreams),
		met:     make(map[peer.Instance]bool),
		refused: cfg.Refused,
	}
	if t.refused == nil {
		t.refused = func(peer.Instance, netip.AddrPort, bool) {}
	}
	id := cfg.Identity.ID()
	t.hello = peer.Hello{
		ID:       id,
		Salt:     cfg.Salt,
		Instance: id.Instance(cfg.Salt),
		Name:     cfg.Name,
		Topics:   cfg.Topics,
		Observer: cfg.Observer,
		Web:      page != nil,
	}
	if page == nil {
		t.hello.Addrs = []netip.AddrPort{t.addr}
	}
	h.nodes = append(h.nodes, t)
	return t, nil
}

func (h *Host) portLocked(want int) (uint16, error) {
	taken := make(map[uint16]bool)
	for _, t := range h.nodes {
		taken[t.addr.Port()] = true
	}
	if want != 0 {
		if taken[uint16(want)] {
			return 0, fmt.Errorf("meshtest: %s: port %d is taken", h.name, want)
		}
		return uint16(want), nil
	}
	port := uint16(firstPort)
	for taken[port] {
		port++
	}
	return port, nil
}

func (t *transport) Self() peer.Hello { return t.hello }

func (t *transport) Addrs() []netip.AddrPort { return []netip.AddrPort{t.addr} }

// OnLink makes nodes dial nothing outside the network.
func (t *transport) OnLink(ip netip.Addr) bool {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 16).Contains(ip)
}

// Watch returns when ctx is done: addresses here never change.
func (t *transport) Watch(ctx context.Context, _ func()) { <-ctx.Done() }

// Dial implements [mesh.Transport] with package peer's errors.
func (t *transport) Dial(ctx context.Context, to peer.Target) (*peer.Conn, error) {
	progress := to.Progress
	if progress == nil {
		progress = func(peer.Step, netip.AddrPort) {}
	}
	progress(peer.StepConnect, netip.AddrPort{})
	worst := peer.ErrRefused
	for _, addr := range to.Addrs {
		progress(peer.StepConnect, addr)
		if who, ok := t.whoAt(addr); ok && to.Avoid != nil && to.Avoid(who, addr) {
			worst = peer.ErrSecret
			continue
		}
		conn, delay, err := t.dialAddr(addr, to.Instance)
		if err == nil {
			progress(peer.StepCheck, addr)
			return settle(ctx, conn, delay)
		}
		if other := (foreignError{}); errors.As(err, &other) {
			t.refused(other.hello.Instance, addr, true)
			other.refused(t.hello.Instance, t.addr, false)
		}
		if other := (otherError{}); errors.As(err, &other) && to.Instead != nil {
			to.Instead(other.instance, addr)
		}
		if errors.Is(err, peer.ErrTimeout) || errors.Is(worst, peer.ErrRefused) {
			worst = err
		}
	}
	if errors.Is(worst, peer.ErrTimeout) {
		if err := pause(ctx, silentDial); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("meshtest: dial %v: %w", to.Addrs, worst)
}

// settle lets the time pass that a dial takes.
func settle(ctx context.Context, conn *peer.Conn, d time.Duration) (*peer.Conn, error) {
	if err := pause(ctx, d); err != nil {
		_ = conn.Close(err)
		return nil, err
	}
	return conn, nil
}

// otherError is a peer.ErrInstance that says which instance answered.
type otherError struct{ instance peer.Instance }

func (e otherError) Error() string { return e.Unwrap().Error() }

func (e otherError) Unwrap() error { return peer.ErrInstance }

// foreignError is a peer.ErrSecret that says whose other secret it is.
type foreignError struct{ *transport }

func (e foreignError) Error() string { return e.Unwrap().Error() }

func (e foreignError) Unwrap() error { return peer.ErrSecret }

// whoAt returns which instance says that it answers at an address.
func (t *transport) whoAt(addr netip.AddrPort) (peer.Instance, bool) {
	t.host.lan.mu.Lock()
	defer t.host.lan.mu.Unlock()
	other, err := t.findLocked(addr)
	if err != nil {
		return peer.Instance{}, false
	}
	return other.hello.Instance, true
}

func (t *transport) dialAddr(addr netip.AddrPort, instance peer.Instance) (*peer.Conn, time.Duration, error) {
	lan := t.host.lan
	lan.mu.Lock()
	defer lan.mu.Unlock()
	if t.dead {
		return nil, 0, peer.ErrClosed
	}
	other, err := t.findLocked(addr)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case other == t:
		return nil, 0, peer.ErrSelf
	case other.room != t.room:
		return nil, 0, peer.ErrRoom
	case !instance.IsZero() && instance != other.hello.Instance:
		return nil, 0, otherError{other.hello.Instance}
	case other.linksLocked(t.hello.Observer) >= other.limit, t.linksLocked(other.hello.Observer) >= t.limit:
		return nil, 0, peer.ErrFull
	case other.key != t.key:
		return nil, 0, foreignError{other}
	}
	if old := lan.linkLocked(t, other); old != nil {
		if old.pendingLocked() {
			return nil, 0, peer.ErrLinked
		}
		old.replaceLocked()
	}
	conn := lan.connectLocked(t, other)
	return conn, 2 * lan.pathLocked(t.host, other.host).delay, nil
}

// findLocked returns who answers at an address.
func (t *transport) findLocked(addr netip.AddrPort) (*transport, error) {
	lan := t.host.lan
	for _, h := range lan.order {
		if h.addr != addr.Addr() {
			continue
		}
		if !lan.openLocked(t.host, h) || h.firewalled && h != t.host {
			return nil, peer.ErrTimeout
		}
		for _, other := range h.nodes {
			if other.addr == addr {
				return other, nil
			}
		}
		return nil, peer.ErrRefused
	}
	return nil, peer.ErrTimeout
}

// linksLocked counts the links to observers, or those to all others.
func (t *transport) linksLocked(observers bool) int {
	n := 0
	for k := range t.host.lan.links {
		if k.near == t && k.far.hello.Observer == observers || k.far == t && k.near.hello.Observer == observers {
			n++
		}
	}
	return n
}

// Accept implements [mesh.Transport].
func (t *transport) Accept(ctx context.Context) (*peer.Conn, error) {
	for {
		if conn := t.takeAccepted(); conn != nil {
			return conn, nil
		}
		select {
		case <-t.arrived:
		case <-t.done:
			return nil, peer.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (t *transport) takeAccepted() *peer.Conn {
	t.host.lan.mu.Lock()
	defer t.host.lan.mu.Unlock()
	if len(t.accepted) == 0 {
		return nil
	}
	conn := t.accepted[0]
	t.accepted = t.accepted[1:]
	if len(t.accepted) > 0 {
		signal(t.arrived)
	}
	return conn
}

// Close implements [mesh.Transport].
func (t *transport) Close() error {
	lan := t.host.lan
	lan.mu.Lock()
	defer lan.mu.Unlock()
	if t.dead {
		return nil
	}
	t.endLocked()
	for k := range lan.links {
		k.hangUpLocked(t)
	}
	for s := range lan.streams {
		s.hangUpLocked(t)
	}
	nodes := t.host.nodes[:0]
	for _, other := range t.host.nodes {
		if other != t {
			nodes = append(nodes, other)
		}
	}
	t.host.nodes = nodes
	return nil
}

func (t *transport) killLocked() {
	t.endLocked()
	for k := range t.host.lan.links {
		k.killLocked(t)
	}
	for s := range t.host.lan.streams {
		s.killLocked(t)
	}
}

func (t *transport) endLocked() {
	t.dead = true
	close(t.done)
}

// pause waits for d, or for ctx.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
