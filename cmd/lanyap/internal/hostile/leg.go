//go:build linux

package hostile

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer"
)

// hand makes links as a node does, as far as hello, and with whatever certificates.
type hand struct {
	api *webrtc.API
	n   *Tally
}

// settings are those of every attacker's WebRTC: silent, and without pion's mDNS, whose
// socket would keep port 5353 from an attacker that announces.
func settings() webrtc.SettingEngine {
	s := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard}}
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	return s
}

// newHand opens the UDP port that goes with the TCP port of an address.
func newHand(at netip.AddrPort, n *Tally) (*hand, func(), error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, nil, err
	}
	s := settings()
	s.SetICEUDPMux(ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn}))
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	return &hand{webrtc.NewAPI(webrtc.WithSettingEngine(s)), n}, func() { _ = conn.Close() }, nil
}

// leg is our end of a link, with a certificate of its own.
type leg struct {
	pc    *webrtc.PeerConnection
	dc    *webrtc.DataChannel
	heard chan webrtc.DataChannelMessage
	ended context.Context
}

// maxHeard is how many messages of a hello are kept; there are five at most.
const maxHeard = 64

func (h *hand) leg() (*leg, error) {
	pc, err := h.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	negotiated, id := true, uint16(0)
	dc, err := pc.CreateDataChannel("lanyap", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	if err != nil {
		_ = pc.Close()
		return nil, err
	}
	ended, end := context.WithCancel(context.Background())
	l := &leg{pc: pc, dc: dc, heard: make(chan webrtc.DataChannelMessage, maxHeard), ended: ended}
	dc.OnMessage(func(m webrtc.DataChannelMessage) {
		h.notes(m)
		select {
		case l.heard <- m:
		default:
		}
	})
	dc.OnClose(end)
	return l, nil
}

// longestProof is the length of the longest message by which a side proves that it
// knows a secret. One in which it says who it is has a signature and more.
const longestProof = 32 + 64

// notes counts what a node says: "heard", and of that "told", in which it says who it
// is, and "closed", in which it says why it ends.
func (h *hand) notes(m webrtc.DataChannelMessage) {
	h.n.Add("heard")
	switch {
	case m.IsString:
		h.n.Add("closed")
	case len(m.Data) > longestProof:
		h.n.Add("told")
	}
}

func (l *leg) say(m webrtc.DataChannelMessage) {
	if m.IsString {
		_ = l.dc.SendText(string(m.Data))
		return
	}
	_ = l.dc.Send(m.Data)
}

// describe sets our description, an offer or an answer, and returns it with all
// candidates.
func (l *leg) describe(make func() (webrtc.SessionDescription, error)) (string, error) {
	gathered := webrtc.GatheringCompletePromise(l.pc)
	d, err := make()
	if err != nil {
		return "", err
	}
	if err := l.pc.SetLocalDescription(d); err != nil {
		return "", err
	}
	<-gathered
	return l.pc.LocalDescription().SDP, nil
}

func (l *leg) offer() (string, error) {
	return l.describe(func() (webrtc.SessionDescription, error) { return l.pc.CreateOffer(nil) })
}

// answer answers an offer that was posted.
func (l *leg) answer(sdp string) (string, error) {
	if err := l.accept(webrtc.SDPTypeOffer, sdp); err != nil {
		return "", err
	}
	return l.describe(func() (webrtc.SessionDescription, error) { return l.pc.CreateAnswer(nil) })
}

func (l *leg) accept(kind webrtc.SDPType, sdp string) error {
	return l.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp})
}

// call offers a link to a node in somebody's name. The connection is that of the
// offer: with it the link ends.
func (h *hand) call(ctx context.Context, o Order, as string) (*leg, net.Conn, error) {
	l, err := h.leg()
	if err != nil {
		return nil, nil, err
	}
	sdp, err := l.offer()
	if err != nil {
		_ = l.pc.Close()
		return nil, nil, err
	}
	answer, conn, err := o.exchange(ctx, as, sdp, port)
	if err == nil {
		err = l.accept(webrtc.SDPTypeAnswer, answer)
	}
	if err != nil {
		_ = l.pc.Close()
		return nil, nil, err
	}
	return l, conn, nil
}

// host is this host's own address of IPv4.
func host() (netip.Addr, error) {
	nic, err := cable()
	if err != nil {
		return netip.Addr{}, err
	}
	addrs, err := nic.Addrs()
	if err != nil {
		return netip.Addr{}, err
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			return p.Addr(), nil
		}
	}
	return netip.Addr{}, fmt.Errorf("hostile: %s has no address of IPv4", nic.Name)
}

// caller reads of a request who posts an offer, and the offer.
func caller(r *http.Request) (as, sdp string, err error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		return "", "", err
	}
	in, err := peer.ParseInstance(r.Header.Get("Lanyap-Instance"))
	return in.String(), string(body), err
}
