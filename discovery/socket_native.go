//go:build !js

package discovery

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// mdnsPort and the groups are those of RFC 6762 section 3.
const mdnsPort = 5353

// hopLimit is what RFC 6762 section 11 wants packets to leave with.
const hopLimit = 255

// writeFor is how long a packet may wait to leave: a device that is stuck must
// not hold up the others.
const writeFor = 100 * time.Millisecond

// family is a version of the Internet Protocol.
type family uint8

const (
	ip4 family = 4
	ip6 family = 6
)

var families = []family{ip4, ip6}

func (f family) String() string {
	if f == ip4 {
		return "IPv4"
	}
	return "IPv6"
}

// network is its name in package net.
func (f family) network() string {
	if f == ip4 {
		return "udp4"
	}
	return "udp6"
}

// group is where multicast DNS of this family is spoken on an interface.
func (f family) group(i Interface) netip.AddrPort {
	if f == ip4 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{224, 0, 0, 251}), mdnsPort)
	}
	addr := netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 15: 0xfb})
	return netip.AddrPortFrom(addr.WithZone(i.Name), mdnsPort)
}

// socket sends and receives on one interface and family.
type socket interface {
	read(b []byte) (int, netip.AddrPort, error)
	write(b []byte, to netip.AddrPort) error
	join() error  // the group
	leave() error // the group
	io.Closer
}

// packetConn is what this package uses of ipv4.PacketConn and ipv6.PacketConn,
// whose control messages are two types.
type packetConn interface {
	read(b []byte) (n, index int, from net.Addr, err error)
	write(b []byte, index int, to net.Addr) error
	SetWriteDeadline(time.Time) error
	JoinGroup(*net.Interface, net.Addr) error
	LeaveGroup(*net.Interface, net.Addr) error
	io.Closer
}

// udpSocket is a socket of the system.
type udpSocket struct {
	conn  packetConn
	index int // of the interface
	group *net.UDPAddr
}

// read returns the next packet that came in through the interface.
func (s udpSocket) read(b []byte) (int, netip.AddrPort, error) {
	for {
		n, index, from, err := s.conn.read(b)
		if err != nil {
			return 0, netip.AddrPort{}, err
		}
		udp, ok := from.(*net.UDPAddr)
		if !ok || index != 0 && index != s.index {
			continue
		}
		ap := udp.AddrPort()
		return n, netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), nil
	}
}

func (s udpSocket) write(b []byte, to netip.AddrPort) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeFor)); err != nil {
		return err
	}
	return s.conn.write(b, s.index, net.UDPAddrFromAddrPort(to))
}

func (s udpSocket) join() error {
	return s.conn.JoinGroup(&net.Interface{Index: s.index}, s.group)
}

func (s udpSocket) leave() error {
	return s.conn.LeaveGroup(&net.Interface{Index: s.index}, s.group)
}

func (s udpSocket) Close() error { return s.conn.Close() }

// listenGroup opens a socket that hears the group on one interface and speaks
// from the port of multicast DNS.
func listenGroup(i Interface, f family) (socket, error) {
	c, err := bindGroup(i, f)
	if isTaken(err) {
		return nil, ErrPort
	}
	if err != nil {
		return nil, err
	}
	s, err := prepare(c, i, f)
	if err != nil {
		return nil, err
	}
	if err := s.join(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// listenAnswers opens a socket on a port of its own: with it we ask for
// answers by unicast, which on the shared port would go to whoever opened it
// last.
func listenAnswers(i Interface, f family) (socket, error) {
	source, ok := i.source(f)
	if !ok {
		return nil, net.UnknownNetworkError(f.String())
	}
	c, err := net.ListenUDP(f.network(), net.UDPAddrFromAddrPort(netip.AddrPortFrom(source, 0)))
	if err != nil {
		return nil, err
	}
	return prepare(c, i, f)
}

// prepare sets what every socket of ours needs.
func prepare(c net.PacketConn, i Interface, f family) (socket, error) {
	var p packetConn
	var err error
	if f == ip4 {
		p, err = prepare4(c, i)
	} else {
		p, err = prepare6(c, i)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return udpSocket{conn: p, index: i.Index, group: &net.UDPAddr{IP: f.group(i).Addr().AsSlice()}}, nil
}

type conn4 struct{ *ipv4.PacketConn }

func prepare4(c net.PacketConn, i Interface) (packetConn, error) {
	p := ipv4.NewPacketConn(c)
	if err := sendThrough(c, p, i); err != nil {
		return nil, err
	}
	// Windows has no control messages: there the membership has to do.
	_ = p.SetControlMessage(ipv4.FlagInterface, true)
	return conn4{p}, errors.Join(p.SetMulticastTTL(hopLimit), p.SetTTL(hopLimit), p.SetMulticastLoopback(true))
}

func (c conn4) read(b []byte) (int, int, net.Addr, error) {
	n, cm, from, err := c.ReadFrom(b)
	if cm == nil {
		return n, 0, from, err
	}
	return n, cm.IfIndex, from, err
}

func (c conn4) write(b []byte, index int, to net.Addr) error {
	_, err := c.WriteTo(b, &ipv4.ControlMessage{IfIndex: index}, to)
	return err
}

type conn6 struct{ *ipv6.PacketConn }

func prepare6(c net.PacketConn, i Interface) (packetConn, error) {
	p := ipv6.NewPacketConn(c)
	if err := p.SetMulticastInterface(&net.Interface{Index: i.Index, Name: i.Name}); err != nil {
		return nil, err
	}
	_ = p.SetControlMessage(ipv6.FlagInterface, true)
	return conn6{p}, errors.Join(p.SetMulticastHopLimit(hopLimit), p.SetHopLimit(hopLimit), p.SetMulticastLoopback(true))
}

func (c conn6) read(b []byte) (int, int, net.Addr, error) {
	n, cm, from, err := c.ReadFrom(b)
	if cm == nil {
		return n, 0, from, err
	}
	return n, cm.IfIndex, from, err
}

func (c conn6) write(b []byte, index int, to net.Addr) error {
	_, err := c.WriteTo(b, &ipv6.ControlMessage{IfIndex: index}, to)
	return err
}
