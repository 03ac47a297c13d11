//go:build linux

package hostile

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/peer"
)

// instances announces by multicast DNS that As is at At, which need not be true; with
// port 0 each at another port. It counts "announced".
func instances(ctx context.Context, o Order, n *Tally) error {
	s, err := o.speakers()
	if err != nil {
		return err
	}
	defer s.close()
	next := o.pace(ctx)
	for i := 0; next(); i++ {
		at := o.At
		if at.Port() == 0 {
			at = netip.AddrPortFrom(at.Addr(), uint16(1+i%60000))
		}
		packet, err := announcement(o.name(), at)
		if err != nil {
			return err
		}
		if err := s.say(i, packet); err != nil {
			return err
		}
		n.Add("announced")
	}
	return nil
}

// announcement is a packet as a node sends it.
func announcement(instance string, at netip.AddrPort) ([]byte, error) {
	const service = "_lanyap._tcp.local."
	name, host := instance+"."+service, instance+".local."
	header := func(name string) dnsmessage.ResourceHeader {
		return dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: dnsmessage.ClassINET, TTL: 120}
	}
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{Response: true, Authoritative: true})
	b.EnableCompression()
	address := func() error {
		if at.Addr().Is4() {
			return b.AResource(header(host), dnsmessage.AResource{A: at.Addr().As4()})
		}
		return b.AAAAResource(header(host), dnsmessage.AAAAResource{AAAA: at.Addr().As16()})
	}
	for _, err := range []error{
		b.StartAnswers(),
		b.PTRResource(header(service), dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(name)}),
		b.SRVResource(header(name), dnsmessage.SRVResource{Port: at.Port(), Target: dnsmessage.MustNewName(host)}),
		b.TXTResource(header(name), dnsmessage.TXTResource{TXT: []string{"v=1", "i=" + instance, "r=" + peer.RoomTag(peer.DefaultRoom)}}),
		address(),
	} {
		if err != nil {
			return nil, err
		}
	}
	return b.Finish()
}

// speakers are sockets that send multicast DNS, each from another address.
type speakers []speaker

type speaker struct {
	net.PacketConn
	group *net.UDPAddr
}

// speakers returns one for each of the sources: of IPv4 for the host's own address,
// of IPv6 for those that it is given.
func (o Order) speakers() (all speakers, err error) {
	from, err := o.sources()
	if err != nil {
		return nil, err
	}
	nic, err := cable()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			all.close()
		}
	}()
	for _, addr := range from {
		s, err := newSpeaker(addr, nic)
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}

func newSpeaker(from netip.Addr, nic *net.Interface) (speaker, error) {
	shared := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if bad := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }); bad != nil {
			return bad
		}
		return err
	}}
	if !from.IsValid() {
		conn, err := shared.ListenPacket(context.Background(), "udp4", "0.0.0.0:5353")
		if err != nil {
			return speaker{}, err
		}
		p := ipv4.NewPacketConn(conn)
		return speaker{conn, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}}, firstError(p.SetMulticastInterface(nic), p.SetMulticastTTL(255))
	}
	conn, err := shared.ListenPacket(context.Background(), "udp6", netip.AddrPortFrom(from, 5353).String())
	if err != nil {
		return speaker{}, err
	}
	p := ipv6.NewPacketConn(conn)
	return speaker{conn, &net.UDPAddr{IP: net.ParseIP("ff02::fb"), Port: 5353, Zone: nic.Name}}, firstError(p.SetMulticastInterface(nic), p.SetMulticastHopLimit(255))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// say sends a packet to the group, from one of the sources in turn. One that the
// kernel has no room for is lost.
func (s speakers) say(turn int, packet []byte) error {
	from := s[turn%len(s)]
	if _, err := from.WriteTo(packet, from.group); err != nil && !isFull(err) {
		return fmt.Errorf("say: %w", err)
	}
	return nil
}

func (s speakers) close() {
	for _, one := range s {
		_ = one.Close()
	}
}
