package peer

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall/js"
	"time"

	"github.com/lanyap/lanyap/peer/stream"
)

const (
	// highWater is how many bytes may wait in the browser when a message is
	// written, and lowWater down to what a writer then waits. Browsers take 16 MiB
	// and more, which would be seconds; less than this, and SCTP runs dry while the
	// page does something else.
	highWater = 256 << 10
	lowWater  = 64 << 10

	// closeFlush is how long a closing link may take to hand over what was
	// written, the closing text above all.
	closeFlush = 250 * time.Millisecond

	// gatherTimeout bounds how long we wait for the browser's candidates, where the
	// other side needs them. The first is there after some milliseconds, and those of
	// other interfaces with it, within gatherMore; then Chromium takes 120 ms to say
	// that there are no others.
	gatherTimeout = time.Second
	gatherMore    = 10 * time.Millisecond
)

// session is an RTCPeerConnection with its data channel for messages, and later
// two at the most for streams, on the way to becoming a Conn or on its way out.
type session struct {
	pc          js.Value
	messages    *dataChannel
	fingerprint [sha256.Size]byte // of our certificate, from describe on: the browser makes one for each session
	host        netip.AddrPort    // where the other side answers, if it is the node that served the page
	opened      chan struct{}
	events      listeners

	ended    context.Context
	end      context.CancelCauseFunc // says why it has to end; release does the rest
	troubled atomic.Pointer[link]    // of hello: whom to ask when the browser hears nothing any more
	once     sync.Once

	besides   besides
	besideMet bool // the other side has opened one; the callbacks' alone
}

// newSession creates the RTCPeerConnection for a link. Channel 0 is negotiated in
// advance (RFC 8832 §4): no message is needed to open it. There are no servers to
// ask for candidates.
func newSession() *session {
	ss := &session{opened: make(chan struct{})}
	ss.ended, ss.end = context.WithCancelCause(context.Background())
	ss.pc = js.Global().Get("RTCPeerConnection").New(map[string]any{})
	dc := ss.pc.Call("createDataChannel", "lanyap", map[string]any{"negotiated": true, "id": 0})
	ss.messages = ss.newDataChannel(dc, highWater, lowWater)
	ss.events.on(dc, "open", func(js.Value) { close(ss.opened) })
	ss.events.on(ss.pc, "datachannel", func(event js.Value) { ss.besideOpened(event.Get("channel")) })
	ss.events.on(ss.pc, "connectionstatechange", func(js.Value) { ss.stateChanged(ss.pc.Get("connectionState").String()) })
	return ss
}

func (ss *session) isOpen() bool {
	select {
	case <-ss.opened:
		return true
	default:
		return false
	}
}

func (ss *session) stateChanged(state string) {
	l := ss.troubled.Load()
	switch {
	case state == "disconnected" && l != nil:
		l.askLater(inquiry{wait: answerWait})
	case state == "failed" && ss.isOpen():
		ss.end(ErrTimeout)
	case state == "failed":
		ss.end(ErrUDP)
	case state == "closed":
		ss.end(io.EOF)
	}
}

// release closes the RTCPeerConnection. No callback of it comes any more.
func (ss *session) release() {
	ss.once.Do(func() {
		ss.end(ErrClosed)
		ss.events.forget()
		ss.pc.Call("close")
	})
}

// describe makes the offer or the answer. If gather is set it waits until the
// browser has told its candidates; who is sent to an address learns ours from the
// checks.
func (ss *session) describe(ctx context.Context, create string, gather bool) (string, error) {
	desc, err := await(ctx, ss.pc.Call(create))
	if err != nil {
		return "", err
	}
	var told chan bool
	if gather {
		told = ss.candidates()
	}
	if _, err := await(ctx, ss.pc.Call("setLocalDescription", desc)); err != nil {
		return "", err
	}
	if gather {
		if err := gathered(ctx, told); err != nil {
			return "", err
		}
	}
	sdp := ss.pc.Get("localDescription").Get("sdp").String()
	own, err := parseDescription([]byte(sdp))
	if err != nil {
		return "", err
	}
	ss.fingerprint = own.fingerprint
	return sdp, nil
}

// candidates returns what tells true when the browser has found a candidate of ours,
// and false when there are no others.
func (ss *session) candidates() chan bool {
	told := make(chan bool, 2)
	ss.events.on(ss.pc, "icecandidate", func(event js.Value) {
		c := event.Get("candidate") // null at the end; empty before, in Firefox
		select {
		case told <- c.Truthy() && text(c.Get("candidate")) != "":
		default: // of several the first counts
		}
	})
	return told
}

// gathered waits for our candidates.
func gathered(ctx context.Context, told <-chan bool) error {
	limit := time.NewTimer(gatherTimeout)
	defer limit.Stop()
	for {
		select {
		case more := <-told:
			if !more {
				return nil
			}
			limit.Reset(gatherMore)
		case <-limit.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// accept takes the other side's description, with those candidates and no others:
// whoever writes an SDP must not choose whom we send packets to.
func (ss *session) accept(ctx context.Context, kind string, d description, candidates []string) error {
	_, err := await(ctx, ss.pc.Call("setRemoteDescription", map[string]any{"type": kind, "sdp": d.with(candidates)}))
	return err
}

// channel waits for the data channel. That the certificate is the one that the
// description names is the browser's to check (RFC 8827 §6.5).
func (ss *session) channel(ctx context.Context, _ [sha256.Size]byte) (*rtcChannel, error) {
	select {
	case <-ss.opened:
		return &rtcChannel{session: ss, closing: make(chan string, 1)}, nil
	case <-ss.ended.Done():
		return nil, context.Cause(ss.ended)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// besideOpened takes in a data channel that the other side has opened: one for
// its streams. A second ends the link, and so does one that is not what streams
// need.
func (ss *session) besideOpened(dc js.Value) {
	reliable := dc.Get("ordered").Bool() && dc.Get("maxRetransmits").IsNull() && dc.Get("maxPacketLifeTime").IsNull()
	if dc.Get("label").String() != besideLabel || !reliable || ss.besideMet {
		ss.end(errProtocol)
		return
	}
	ss.besideMet = true
	ss.besides.give(ss.newBeside(dc))
}

// openBeside opens ours. The browser gives it the number of its role (RFC 8832 §6):
// it is the DTLS server where it offered, and has the odd ones.
func (ss *session) openBeside() (stream.Carrier, error) {
	var dc js.Value
	if err := try(func() { dc = ss.pc.Call("createDataChannel", besideLabel) }); err != nil {
		return nil, err
	}
	b := ss.newBeside(dc)
	opened := make(chan struct{})
	ss.events.on(dc, "open", func(js.Value) { close(opened) })
	select {
	case <-opened:
		return b, nil
	case <-ss.ended.Done():
		return nil, ErrClosed
	}
}

// beside is a data channel that carries streams.
type beside struct {
	*dataChannel
	buf []byte
}

func (ss *session) newBeside(dc js.Value) *beside {
	return &beside{
		dataChannel: ss.newDataChannel(dc, besideInFlight, besideInFlight-stream.MaxFrame),
		buf:         make([]byte, stream.MaxFrame),
	}
}

// ReadMessage returns what is good until the next.
func (b *beside) ReadMessage() ([]byte, error) {
	for {
		n, text, err := b.in.read(b.buf)
		switch {
		case errors.Is(err, io.ErrShortBuffer):
			return nil, stream.ErrProtocol
		case err != nil:
			return nil, err
		case !text:
			return b.buf[:n], nil
		}
	}
}

// WriteMessage waits until little enough waits in the browser.
func (b *beside) WriteMessage(p []byte) error { return b.write(p, false) }

// Close ends a read that waits. The data channel ends with the session.
func (b *beside) Close() error {
	b.in.end(ErrClosed)
	return nil
}

// rtcChannel is a channel over the browser's WebRTC.
type rtcChannel struct {
	session *session
	closing chan string // what close was given, for whoever hangs up
}

func (c *rtcChannel) read(p []byte) (int, bool, error) { return c.session.messages.in.read(p) }

func (c *rtcChannel) write(p []byte, text bool) error { return c.session.messages.write(p, text) }

func (c *rtcChannel) unacked() uint64 { return uint64(c.session.messages.buffered()) }

func (c *rtcChannel) openBeside() (stream.Carrier, error) { return c.session.openBeside() }

func (c *rtcChannel) takeBeside(f func(stream.Carrier)) { c.session.besides.takeWith(f) }

func (c *rtcChannel) close(closing string) { c.closing <- closing }

// interrupt ends a read or write that waits, for good.
func (c *rtcChannel) interrupt() { c.session.end(ErrClosed) }

// hangUp sends the closing text, gives it a moment and closes the
// RTCPeerConnection.
func (c *rtcChannel) hangUp(closing string) {
	if closing != "" {
		c.sayAtLast(closing)
	}
	c.session.release()
}

// sayAtLast returns when the browser has sent the closing text, or after
// closeFlush.
func (c *rtcChannel) sayAtLast(closing string) {
	limit := time.NewTimer(closeFlush)
	defer limit.Stop()
	d := c.session.messages
	if d.ended.Err() != nil || d.send([]byte(closing), true) != nil {
		return
	}
	d.js.Set("bufferedAmountLowThreshold", 0)
	for d.buffered() > 0 {
		select {
		case <-d.low:
		case <-limit.C:
			return
		case <-d.ended.Done():
			return
		}
	}
}

// ends returns the two ends of a link over the session: its local one is not ours
// to know.
func (ss *session) ends(remote Hello) (localEnd, netip.AddrPort) {
	return nil, ss.whereIs(remote)
}

// at is where the other side was offered the link: known of the node that served the
// page, and else invalid.
func (ss *session) at() netip.AddrPort { return ss.host }

// joined takes in that hello is done.
func (ss *session) joined(l *link) {
	ss.troubled.Store(l)
}
