//go:build linux

package hostile

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer"
)

// Attacks by SCTP make links to At, or half of one, and then say in SCTP's own chunks
// (RFC 9260), past the stack that they made them with, what no honest stack would.
// Whenever they are thrown out they begin anew. Each is one attacker; there may be
// several. They count "in", how often they got as far, and "packets" that they sent.
func init() {
	for name, chunks := range sctpAttacks {
		attacks["stranger "+name] = func(ctx context.Context, o Order, n *Tally) error { return strangers(ctx, o, n, chunks) }
		attacks["member "+name] = func(ctx context.Context, o Order, n *Tally) error { return members(ctx, o, n, chunks) }
	}
}

// attack sends until the other side has enough.
func (a *association) attack(ctx context.Context, ended <-chan struct{}, n *Tally, attack chunks) {
	for ctx.Err() == nil {
		if _, err := a.conn.Write(a.packet(attack)); err != nil {
			return
		}
		n.Add("packets")
		select {
		case <-ended:
			return
		case <-time.After(time.Millisecond): // or the socket of who is attacked drops it
		}
	}
}

// members attack from links, each of a new start of the program: after hello.
func members(ctx context.Context, o Order, n *Tally, attack chunks) error {
	var secret peer.Secret
	if o.Secret != "" {
		secret = peer.NewSecret(peer.DefaultRoom, o.Secret)
	}
	for next := o.pace(ctx); next(); {
		t, err := peer.Listen(peer.Config{Name: "attacker", Topics: []string{"chat"}, Secret: secret})
		if err != nil {
			return err
		}
		conn, err := t.Dial(ctx, peer.Target{Addrs: []netip.AddrPort{o.At}})
		if err != nil {
			_ = t.Close()
			rest(ctx, 100*time.Millisecond) // refused for a while
			continue
		}
		a, err := hijackLink(conn)
		if err != nil {
			return err
		}
		n.Add("in")
		a.attack(ctx, conn.Done(), n, attack)
		// It is not closed, since its stack stands still: what is left of it stays.
	}
	return nil
}

// strangers attack before hello.
func strangers(ctx context.Context, o Order, n *Tally, attack chunks) error {
	own, err := ownAddr(o.At)
	if err != nil {
		return err
	}
	socket, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(own, 0)))
	if err != nil {
		return err
	}
	defer socket.Close()
	e := settings()
	e.SetICEUDPMux(webrtc.NewICEUDPMux(nil, socket))
	api := webrtc.NewAPI(webrtc.WithSettingEngine(e))
	for next := o.pace(ctx); next(); {
		pc, err := api.NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			return err
		}
		watch, err := o.associate(ctx, pc, socket.LocalAddr().(*net.UDPAddr).Port)
		if err != nil {
			rest(ctx, 100*time.Millisecond)
			_ = pc.Close()
			continue
		}
		a, err := hijack(pc)
		if err != nil {
			return err
		}
		n.Add("in")
		thrownOut := make(chan struct{})
		go func() {
			defer close(thrownOut)
			_, _ = watch.Read(make([]byte, 1))
		}()
		a.attack(ctx, thrownOut, n, attack)
		_ = watch.Close() // the rest stays, since its stack stands still
	}
	return nil
}

// ownAddr is the address that one is called from.
func ownAddr(at netip.AddrPort) (netip.Addr, error) {
	conn, err := net.Dial("udp", at.String())
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr(), nil
}

// associate offers a link and returns when it has an association, with the connection
// that has to stay for it to live.
func (o Order) associate(ctx context.Context, pc *webrtc.PeerConnection, port int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	negotiated, id := true, uint16(0)
	dc, err := pc.CreateDataChannel("lanyap", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	if err != nil {
		return nil, err
	}
	opened := make(chan struct{})
	dc.OnOpen(func() { close(opened) })
	gathered := webrtc.GatheringCompletePromise(pc)
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		return nil, err
	}
	<-gathered
	answer, watch, err := o.exchange(ctx, o.name(), pc.LocalDescription().SDP, port)
	if err != nil {
		return nil, err
	}
	err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
	if err == nil {
		select {
		case <-opened:
			return watch, nil
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	_ = watch.Close()
	return nil, err
}
