//go:build !js

package peer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer/errno"
)

// The ports a node tries, in order, before it takes any: a firewall rule or a
// colleague's --join can name the first.
const (
	FirstPort = 7475
	LastPort  = 7490
)

// anyPortTries is how often another free TCP port is drawn when its UDP twin
// is taken.
const anyPortTries = 32

// socket is one bound UDP address. Every link over it shares it: the datagrams
// are told apart by where they come from.
type socket struct {
	name      atomic.Pointer[netip.Addr] // see addr
	index     int                        // of the interface that a link-local address is on, else 0
	conn      *udpConn
	ledger    *ledger
	mux       *ice.UDPMuxDefault
	offering  *webrtc.API
	answering *webrtc.API
	users     int // sessions over it; guarded by sockets.mu
}

func openSocket(addr netip.Addr, port uint16) (*socket, error) {
	l := newLedger()
	conn, err := listenUDP(netip.AddrPortFrom(addr, port), l)
	if err != nil {
		return nil, err
	}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: quiet{}, UDPConn: conn})
	s := &socket{
		index: indexOf(addr.Zone()), conn: conn, ledger: l, mux: mux,
		offering:  newAPI(mux, addr, true),
		answering: newAPI(mux, addr, false),
	}
	s.name.Store(&addr)
	return s, nil
}

// addr is the local address. A socket on a link-local one is bound to an
// interface by its index. When the interface gets another name, so does the
// address; when it is gone, even if another one has its name by now, its index
// stands for that.
func (s *socket) addr() netip.Addr { return *s.name.Load() }

func (s *socket) netAddr() net.Addr { return s.conn.LocalAddr() }

func (s *socket) rename(addr netip.Addr) {
	s.name.Store(&addr)
	s.conn.setZone(addr.Zone())
}

// indexOf returns the index of an interface, 0 if there is none of that name.
func indexOf(zone string) int {
	if zone == "" {
		return 0
	}
	i, err := net.InterfaceByName(zone)
	if err != nil {
		return 0
	}
	return i.Index
}

// sockets are the UDP sockets of a transport, all on the port its TCP listener
// has: one for each address that others are told of, and one for each other
// address that a link, or an attempt at one, runs over. TCP alone knows which
// these are: a point-to-point link, the loopback, an address that has gone.
type sockets struct {
	port uint16

	mu     sync.Mutex // guards what follows
	served map[netip.Addr]*socket
	others map[netip.Addr]*socket // closed by sweep when nobody uses them
	closed bool
}

// serves reports whether others are told of a local address.
func (ss *sockets) serves(addr netip.Addr) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.served[addr] != nil
}

// own reports whether an address is known to be this machine's.
func (ss *sockets) own(addr netip.Addr) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return addr.IsLoopback() || ss.served[addr] != nil || ss.others[addr] != nil
}

// addrs returns the addresses served, each with the port.
func (ss *sockets) addrs() []netip.AddrPort {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	var list []netip.AddrPort
	for addr := range ss.served {
		list = append(list, netip.AddrPortFrom(addr, ss.port))
	}
	return list
}

// take returns the socket of a local address, a new one if need be. It stays
// open until it is dropped as often.
func (ss *sockets) take(addr netip.Addr) (*socket, error) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.closed {
		return nil, ErrClosed
	}
	s := ss.served[addr]
	if s == nil {
		s = ss.others[addr]
	}
	if s == nil {
		var err error
		if s, err = openSocket(addr, ss.port); err != nil {
			return nil, fmt.Errorf("UDP on %s: %w", addr, err)
		}
		ss.others[addr] = s
	}
	s.users++
	return s, nil
}

func (ss *sockets) drop(s *socket) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s.users--
}

// set serves these addresses and no others. One that cannot be bound (IPv6
// still checking for duplicates) is left for the next call.
func (ss *sockets) set(addrs []netip.Addr) error {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.renameLocked(addrs)
	wanted := make(map[netip.Addr]bool)
	var errs []error
	for _, addr := range addrs {
		wanted[addr] = true
		if ss.served[addr] != nil {
			continue
		}
		if s := ss.others[addr]; s != nil {
			ss.served[addr] = s
			delete(ss.others, addr)
			continue
		}
		s, err := openSocket(addr, ss.port)
		if err != nil {
			errs = append(errs, fmt.Errorf("peer: UDP on %s: %w", addr, err))
			continue
		}
		ss.served[addr] = s
	}
	for addr, s := range ss.served {
		if !wanted[addr] {
			ss.others[addr] = s
			delete(ss.served, addr)
		}
	}
	return errors.Join(errs...)
}

// renameLocked takes the sockets of interfaces that are gone, or have another
// name, out of service; the latter come back under one of these addresses.
func (ss *sockets) renameLocked(addrs []netip.Addr) {
	for _, group := range []map[netip.Addr]*socket{ss.served, ss.others} {
		for addr, s := range maps.Clone(group) {
			if s.index == indexOf(addr.Zone()) {
				continue
			}
			name := addr.WithZone(strconv.Itoa(s.index))
			for _, a := range addrs {
				if a.WithZone("") == addr.WithZone("") && indexOf(a.Zone()) == s.index {
					name = a
				}
			}
			delete(group, addr)
			s.rename(name)
			ss.others[name] = s
		}
	}
}

// sweep closes the sockets that are not served and that nobody uses.
func (ss *sockets) sweep() {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for addr, s := range ss.others {
		if s.users == 0 {
			_ = s.mux.Close() // before anybody else opens it anew
			delete(ss.others, addr)
		}
	}
}

func (ss *sockets) close() {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.closed = true
	for _, group := range []map[netip.Addr]*socket{ss.served, ss.others} {
		for addr, s := range group {
			_ = s.mux.Close()
			delete(group, addr)
		}
	}
}

// listen opens the TCP listener and the UDP sockets on one port number.
func listen(port int, addrs []netip.Addr) (net.Listener, *sockets, error) {
	if port != 0 {
		return listenOn(port, addrs)
	}
	for p := FirstPort; p <= LastPort; p++ {
		l, ss, err := listenOn(p, addrs)
		if err == nil || !errno.IsInUse(err) {
			return l, ss, err
		}
	}
	var err error
	for range anyPortTries {
		l, ss, e := listenOn(0, addrs)
		if e == nil || !errno.IsInUse(e) {
			return l, ss, e
		}
		err = e
	}
	return nil, nil, err
}

// listenOn succeeds if TCP and at least one address's UDP can have the port,
// and fails if any of them is somebody else's.
func listenOn(port int, addrs []netip.Addr) (net.Listener, *sockets, error) {
	lc := net.ListenConfig{KeepAliveConfig: keepAlive}
	l, err := lc.Listen(context.Background(), "tcp", net.JoinHostPort("", strconv.Itoa(port)))
	if err != nil {
		return nil, nil, fmt.Errorf("peer: TCP port %d: %w", port, err)
	}
	ss := &sockets{
		port:   l.Addr().(*net.TCPAddr).AddrPort().Port(),
		served: make(map[netip.Addr]*socket),
		others: make(map[netip.Addr]*socket),
	}
	err = ss.set(addrs)
	if errno.IsInUse(err) || err != nil && len(ss.served) == 0 {
		ss.close()
		_ = l.Close()
		return nil, nil, err
	}
	return l, ss, nil
}
