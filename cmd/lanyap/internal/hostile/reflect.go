//go:build linux

package hostile

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"

	"golang.org/x/net/ipv4"
)

// echoes makes links to At and says back on each whatever it hears there. It counts
// what stay does, and "echoed" messages.
func echoes(ctx context.Context, o Order, n *Tally) error {
	return o.stay(ctx, n, func(ctx context.Context, in *insider) {
		for ctx.Err() == nil {
			p, err := in.ReadMessage()
			if err != nil || in.WriteMessage(p) != nil {
				return
			}
			n.Add("echoed")
		}
	})
}

// reflects gives the node At, which is Instance, back whatever it sends here: it
// announces an instance, and what that is offered it offers there, in the name of who
// offered it and in that instance's, by turns; every datagram goes back to where it is
// from; and all multicast DNS of others is said once more. It counts "asked", "offered",
// "reflected", which are offers that were answered, "packets" and "announcements".
func reflects(ctx context.Context, o Order, n *Tally) error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{Port: port})
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	go sendBack(conn, n)
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	go func() { fail(repeatMulticast(ctx, o, n)) }()
	o.As = anyInstance()
	var turn atomic.Int64
	err = o.posing(ctx, n, func(ctx context.Context, as, sdp string) (string, error) {
		if turn.Add(1)%2 == 0 {
			as = o.As
		}
		answer, line, err := o.exchange(ctx, as, sdp, port)
		if err != nil {
			return "", err
		}
		context.AfterFunc(ctx, func() { _ = line.Close() })
		n.Add("reflected")
		return answer, nil
	})
	return errors.Join(err, context.Cause(ctx))
}

// sendBack returns each datagram to whoever sent it.
func sendBack(conn *net.UDPConn, n *Tally) {
	buf := make([]byte, 1<<16)
	for {
		size, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		n.Add("packets")
		_, _ = conn.WriteToUDPAddrPort(buf[:size], from)
	}
}

// repeatMulticast says once more what others say by multicast DNS.
func repeatMulticast(ctx context.Context, o Order, n *Tally) error {
	nic, err := cable()
	if err != nil {
		return err
	}
	own, err := host()
	if err != nil {
		return err
	}
	s, err := newSpeaker(netip.Addr{}, nic)
	if err != nil {
		return err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := ipv4.NewPacketConn(s.PacketConn).JoinGroup(nic, s.group); err != nil {
		return err
	}
	next, buf := o.pace(ctx), make([]byte, 1<<16)
	for next() {
		size, from, err := s.ReadFrom(buf)
		if err != nil {
			return err
		}
		if from.(*net.UDPAddr).AddrPort().Addr().Unmap() == own {
			continue
		}
		n.Add("announcements")
		if err := (speakers{s}).say(0, buf[:size]); err != nil {
			return err
		}
	}
	return ctx.Err()
}
