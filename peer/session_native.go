//go:build !js

package peer

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/sctp"
	"github.com/pion/stun/v4"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer/stream"
)

const (
	// rtoMax is the time after which SCTP repeats what is not confirmed: pion's
	// minimum of 1 s and its back-off, up to a minute, both end at this maximum.
	// A datagram that was lost twice holds up all behind it for as long, so with
	// 1 s a link moves a third of what it does with 100 ms where 1 % is lost, and
	// a seventh at 5 %; and what was written during an outage is there as soon as
	// it is over. What that costs is the pacer's to bound.
	rtoMax = 100 * time.Millisecond

	// A LAN drops in bursts, not because it is congested for long: these keep
	// the window open and grow it fast, at the price of politeness. With 1 % of
	// loss they are worth a factor of 4.
	minWindow  = 256 << 10 // bytes
	windowStep = 64 << 10  // bytes

	receiveBuffer = 1 << 20 // bytes: SCTP's window, and far above MaxMessage, or nothing would move

	// closeFlush is how long a closing link may take to hand over what was
	// written, the closing text above all.
	closeFlush = 250 * time.Millisecond
)

// newAPI returns pion set up for links over one socket.
func newAPI(mux ice.UDPMux, addr netip.Addr, offerer bool) *webrtc.API {
	var s webrtc.SettingEngine
	s.LoggerFactory = quiet{}
	s.SetICEUDPMux(mux)
	// A Net of pion's own making lists the machine's interfaces for every link;
	// with a mux nobody asks it for them.
	s.SetNet(new(stdnet.Net))
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	s.SetIncludeLoopbackCandidate(addr.IsLoopback())
	// pion's mDNS client would answer for .local names and parse packets from
	// the whole network for candidates we never accept.
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	// Never give up by timeout: whether the other side is gone is for the
	// watch to find out, and its TCP connection makes keepalives needless.
	s.SetICETimeouts(0, 0, 0)
	// Without this the pair is used only at ICE's next 200 ms tick. The
	// offering side may not use it before an answer arrived on it: its first
	// DTLS flight would go nowhere.
	s.SetICEBindingRequestHandler(func(_ *stun.Message, _, _ ice.Candidate, pair *ice.CandidatePair) bool {
		return !offerer || pair.ResponsesReceived() > 0
	})
	// A check that arrives before our description of the other side makes a
	// candidate of its own (peer reflexive), which pion would rather not take in
	// the first second. Here there is no other address than the one it is from.
	s.SetPrflxAcceptanceMinWait(0)
	s.SetDTLSInsecureSkipHelloVerify(true) // ICE has already proven the address
	s.SetDTLSRetransmissionInterval(100 * time.Millisecond)
	s.DetachDataChannels()
	s.EnableDataChannelBlockWrite(true)
	s.EnableSctpSnap(true) // draft-hancke-tsvwg-snap: SCTP's handshake travels in the SDP
	s.SetSCTPMaxMessageSize(MaxMessage)
	s.SetSCTPMaxReceiveBufferSize(receiveBuffer)
	s.SetSCTPRTOMax(rtoMax)
	s.SetSCTPMinCwnd(minWindow)
	s.SetSCTPCwndCAStep(windowStep)
	return webrtc.NewAPI(
		webrtc.WithSettingEngine(s),
		webrtc.WithMediaEngine(&webrtc.MediaEngine{}),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
	)
}

// session is a PeerConnection with its data channel for messages, and later two
// at the most for streams, on the way to becoming a Conn or on its way out.
type session struct {
	socket      *socket
	remote      netip.AddrPort    // port 0: not known, a page is there
	ports       []uint16          // that it may have
	fingerprint [sha256.Size]byte // of our certificate
	pc          *webrtc.PeerConnection
	dc          *webrtc.DataChannel
	opened      chan rawChannel

	ufrag   string   // ours, from describe on
	account *account // from when the other side may send
	drop    func()   // gives the socket back
	ended   context.Context
	end     context.CancelCauseFunc // says why it has to end; release does the rest
	once    sync.Once

	offerer   bool
	besides   besides
	besideMet atomic.Bool // the other side has opened one
}

// rawChannel is a detached pion data channel.
type rawChannel = datachannel.ReadWriteCloserDeadliner

// newSession creates the PeerConnection for a link from local to remote. Channel 0
// is negotiated in advance (RFC 8832 §4): no message is needed to open it.
func (t *Transport) newSession(local netip.Addr, remote netip.AddrPort, offerer bool) (_ *session, err error) {
	s, err := t.sockets.take(local)
	if err != nil {
		return nil, err
	}
	drop := func() { t.sockets.drop(s) }
	defer func() {
		if err != nil {
			drop()
		}
	}()
	api := s.answering
	if offerer {
		api = s.offering
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{t.cert}})
	if err != nil {
		return nil, err
	}
	t.made.Add(1)
	negotiated, id := true, uint16(0)
	dc, err := pc.CreateDataChannel("lanyap", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	if err != nil {
		_ = pc.Close()
		return nil, err
	}
	ss := &session{socket: s, remote: remote, fingerprint: t.fingerprint, pc: pc, dc: dc, opened: make(chan rawChannel, 1), drop: drop, offerer: offerer}
	ss.ended, ss.end = context.WithCancelCause(context.Background())
	dc.OnOpen(func() {
		if raw, err := dc.DetachWithDeadline(); err == nil {
			ss.opened <- raw
		}
	})
	pc.OnDataChannel(ss.besideOpened)
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateFailed:
			ss.end(ErrUDP)
		case webrtc.PeerConnectionStateClosed:
			ss.end(io.EOF)
		}
	})
	return ss, nil
}

// release closes the PeerConnection and waits until its goroutines are gone.
func (ss *session) release() {
	ss.once.Do(func() {
		ss.end(ErrClosed)
		if ss.account != nil {
			ss.account.grant(0) // for SCTP's abort
		}
		_ = ss.pc.GracefulClose()
		if ss.account != nil {
			ss.socket.ledger.close(ss.account)
		}
		ss.drop()
	})
}

// describe makes the offer or the answer, with our candidate in it. Candidates
// come from the one socket, so gathering takes no time.
func (ss *session) describe(ctx context.Context, create func() (webrtc.SessionDescription, error)) (string, error) {
	gathered := webrtc.GatheringCompletePromise(ss.pc)
	desc, err := create()
	if err != nil {
		return "", err
	}
	if err := ss.pc.SetLocalDescription(desc); err != nil {
		return "", err
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	// pion's ICETransport knows it as well, but it is being started meanwhile and
	// its GetLocalParameters does not lock.
	sdp := ss.pc.LocalDescription().SDP
	own, err := parseDescription([]byte(sdp))
	if err != nil {
		return "", err
	}
	ss.ufrag = own.ufrag
	return sdp, nil
}

// expect lets the other side's datagrams in. An offer does not: whoever turns
// out to answer there may be linked already, and its datagrams are that link's.
func (ss *session) expect() {
	ss.account = ss.socket.ledger.open(ss.remote, ss.ufrag, func() { ss.end(errOverdrawn) })
}

func (ss *session) offer(ctx context.Context) (string, error) {
	return ss.describe(ctx, func() (webrtc.SessionDescription, error) { return ss.pc.CreateOffer(nil) })
}

func (ss *session) answer(ctx context.Context, offer description) (string, error) {
	if err := ss.accept(webrtc.SDPTypeOffer, offer); err != nil {
		return "", err
	}
	sdp, err := ss.describe(ctx, func() (webrtc.SessionDescription, error) { return ss.pc.CreateAnswer(nil) })
	if err == nil {
		ss.expect()
	}
	return sdp, err
}

// accept takes the other side's description. The only address we send to is
// remote: whoever writes an SDP must not choose whom we send packets to. Where its
// port is not known, it is one of ports or is seen at the first of its checks
// (peer reflexive, RFC 8445 §7.3.1.3).
func (ss *session) accept(kind webrtc.SDPType, d description) error {
	if err := ss.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: d.sdp}); err != nil {
		return err
	}
	if ss.remote.Port() != 0 {
		return ss.check(ss.remote.Port())
	}
	for _, port := range ss.ports {
		if err := ss.check(port); err != nil {
			return err
		}
	}
	return nil
}

// check has pion look for the other side at a port of remote.
func (ss *session) check(port uint16) error {
	mid, line := "0", uint16(0)
	return ss.pc.AddICECandidate(webrtc.ICECandidateInit{
		Candidate:     hostCandidate(netip.AddrPortFrom(ss.remote.Addr(), port)),
		SDPMid:        &mid,
		SDPMLineIndex: &line,
	})
}

// found returns where the other side is. Of a page that is known when it is
// connected.
func (ss *session) found() netip.AddrPort {
	if ss.remote.Port() != 0 {
		return ss.remote
	}
	pair, err := ss.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return ss.remote
	}
	return netip.AddrPortFrom(ss.remote.Addr(), pair.Remote.Port)
}

// channel waits for the data channel and checks that the DTLS certificate is
// the one the description names; until then nothing that arrived is anybody's.
func (ss *session) channel(ctx context.Context, fingerprint [sha256.Size]byte) (*rtcChannel, error) {
	select {
	case raw := <-ss.opened:
		t := ss.pc.SCTP().Transport()
		if t.State() != webrtc.DTLSTransportStateConnected || sha256.Sum256(t.GetRemoteCertificate()) != fingerprint {
			return nil, errors.New("certificate does not match its fingerprint")
		}
		return &rtcChannel{raw: raw, session: ss, closing: make(chan string, 1)}, nil
	case <-ss.ended.Done():
		return nil, context.Cause(ss.ended)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// ends returns the two ends of a link over the session.
func (ss *session) ends(Hello) (localEnd, netip.AddrPort) { return ss.socket, ss.found() }

// at is where the other side was offered the link, or offered it from.
func (ss *session) at() netip.AddrPort { return ss.remote }

// joined takes in that hello is done.
func (ss *session) joined(*link) { ss.account.trust() }

// rtcChannel is a channel over WebRTC.
type rtcChannel struct {
	raw     rawChannel
	session *session
	closing chan string // what close was given, for whoever hangs up
}

func (c *rtcChannel) read(p []byte) (int, bool, error) {
	n, text, err := c.raw.ReadDataChannel(p)
	switch {
	case err == nil:
		c.session.account.read(n)
	case hasEnded(err):
		err = io.EOF
	}
	return n, text, err
}

// hasEnded reports whether an error of a data channel says that the other side has
// closed the association: pion does so by aborting it; or that, finding the channel at
// its end, it could not answer by closing it too, since the association had ended.
func hasEnded(err error) bool {
	return errors.Is(err, sctp.ErrUserInitiatedAbort) || errors.Is(err, sctp.ErrResetPacketInStateNotExist)
}

func (c *rtcChannel) write(p []byte, text bool) error {
	c.session.account.grant(len(p))
	_, err := c.raw.WriteDataChannel(p, text)
	if err == nil {
		c.session.account.wrote(len(p))
	}
	return err
}

func (c *rtcChannel) unacked() uint64 { return c.session.dc.BufferedAmount() }

func (c *rtcChannel) openBeside() (stream.Carrier, error) { return c.session.openBeside() }

func (c *rtcChannel) takeBeside(f func(stream.Carrier)) { c.session.besides.takeWith(f) }

func (c *rtcChannel) close(closing string) { c.closing <- closing }

// interrupt ends a read or write that waits.
func (c *rtcChannel) interrupt() {
	_ = c.raw.SetReadDeadline(time.Now())
	_ = c.raw.SetWriteDeadline(time.Now())
}

// hangUp sends the closing text, gives it a moment and closes the PeerConnection.
func (c *rtcChannel) hangUp(closing string) {
	if closing != "" {
		c.sayAtLast(closing)
	}
	c.session.release()
}

// sayAtLast returns when the other side's stack has the closing text, or after
// closeFlush: what it does not have by then, the release drops.
func (c *rtcChannel) sayAtLast(closing string) {
	flushed := make(chan struct{}, 1)
	c.session.dc.OnBufferedAmountLow(func() {
		select {
		case flushed <- struct{}{}:
		default:
		}
	})
	limit := time.NewTimer(closeFlush)
	defer limit.Stop()
	_ = c.raw.SetWriteDeadline(time.Now().Add(closeFlush))
	if c.write([]byte(closing), true) != nil {
		return
	}
	// Once is not enough: what was written before may be confirmed while the
	// text is being written.
	for c.unacked() > 0 {
		select {
		case <-flushed:
		case <-limit.C:
			return
		case <-c.session.ended.Done():
			return
		}
	}
}
