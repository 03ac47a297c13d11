//go:build !js

package peer

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	streamProtocol = "lanyap-stream/1" // ALPN; another one is for others, such as a browser

	// streamConnect is for TCP alone. Who is asked is linked, and so near: what does
	// not answer in that time is behind a firewall that lets UDP through alone.
	streamConnect = 1500 * time.Millisecond

	// handshakeTimeout is how long TLS's handshake may take: less than a
	// millisecond, but for a machine that is starved.
	handshakeTimeout = 5 * time.Second

	// A stream that was refused is tried again after streamRetry, and after twice
	// and four times that: the other side has the token of a new link some moments
	// later.
	streamRetry = 25 * time.Millisecond
	streamTries = 4

	maxStreams     = 1024 // accepted, in all
	maxStreamsFrom = 128  // the same from one instance
)

// streamKeepAlive ends a stream whose other side has vanished, if nothing is
// under way, after 15 s: later than a link, whose end says who is gone.
var streamKeepAlive = net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 5}

// errNoStreams is what a TLS client learns that has not shown to be a member.
var errNoStreams = errors.New("peer: no stream without a link")

// errOtherCertificate ends a handshake.
var errOtherCertificate = errors.New("peer: that is another's certificate")

// DialStream opens a stream to an instance that is, or was lately, linked: 1,024 of
// them are remembered beyond their links' ends. The addresses are tried in
// order, another each 20 ms, for 1.5 s; what answers there and is not that
// instance is left. Errors are [ErrInstance] if no link to that instance is
// remembered, [ErrFull] if the other side takes no more (128 streams from one
// instance, 1,024 in all, 64 new ones a second) or remembers no link,
// [ErrRefused], [ErrTimeout] and ctx's, and others.
func (t *Transport) DialStream(ctx context.Context, in Instance, addrs []netip.AddrPort) (*Stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.ctx, func() { cancel(ErrClosed) })()
	s, err := t.dialStream(ctx, in, addrs)
	for i := range streamTries - 1 {
		if !alerted(err) || !pause(ctx, streamRetry<<i) {
			break
		}
		s, err = t.dialStream(ctx, in, addrs)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		err = context.Cause(ctx)
	case alerted(err):
		err = ErrFull
	}
	if err != nil {
		return nil, fmt.Errorf("peer: stream to %s: %w", in, err)
	}
	return s, nil
}

// alerted reports whether the other side said no in TLS's words.
func alerted(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// pause waits and reports whether ctx lasts.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (t *Transport) dialStream(ctx context.Context, in Instance, addrs []netip.AddrPort) (_ *Stream, err error) {
	who, ok := t.tokens.certified(in)
	if !ok {
		return nil, ErrInstance
	}
	addrs = slices.Clone(addrs)
	for {
		conn, e := connectStream(ctx, addrs)
		if e != nil {
			return nil, firstOf(err, e)
		}
		s, e := t.openStream(ctx, conn, in, who)
		if e == nil {
			return s, nil
		}
		err = firstOf(err, e)
		addrs = slices.DeleteFunc(addrs, func(a netip.AddrPort) bool { return a == conn.remote })
		if len(addrs) == 0 {
			return nil, err
		}
	}
}

func firstOf(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func connectStream(ctx context.Context, addrs []netip.AddrPort) (*client, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, streamConnect, ErrTimeout)
	defer cancel()
	return connect(ctx, addrs, false, nil)
}

// openStream does the handshake over a connection, which it takes over.
func (t *Transport) openStream(ctx context.Context, conn *client, in Instance, who certified) (*Stream, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, handshakeTimeout, ErrTimeout)
	defer cancel()
	config := t.streamConfig(who.fingerprint)
	config.ServerName = serverName(t.self.Instance, t.tokens.prove(in, purposeStream, ""))
	record := &recordConn{Conn: conn.Conn}
	c := tls.Client(record, config)
	if err := c.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, cmpErr(ctx, err)
	}
	if tcp, ok := conn.Conn.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(streamKeepAlive)
	}
	s := newTLSConn(t, c, record)
	if !t.streams.add(s) {
		_ = conn.Close()
		return nil, ErrClosed
	}
	return &Stream{HalfConn: s, ID: who.id, Instance: in}, nil
}

// streamConfig is that of either side, for a stream with whom a certificate is of.
// There are no session tickets, which would prove whoever has them.
func (t *Transport) streamConfig(fingerprint [sha256.Size]byte) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{streamProtocol},
		Certificates:           []tls.Certificate{t.tlsCert},
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // no authority knows us: the fingerprint is what counts
		SessionTicketsDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || sha256.Sum256(s.PeerCertificates[0].Raw) != fingerprint || s.NegotiatedProtocol != streamProtocol {
				return errOtherCertificate
			}
			return nil
		},
		DynamicRecordSizingDisabled: true, // the first megabyte goes out in full records too
	}
}

// serverName carries a proof in the first message of a handshake (RFC 6066 §3),
// where it is seen before anything is computed.
func serverName(by Instance, proof string) string {
	return strings.Replace(proof, " ", ".", 1) + "." + by.String()
}

// whoseStream returns who says so in a server name, if it proves it.
func (t *Transport) whoseStream(name string) (in Instance, who certified, ok bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return in, who, false
	}
	in, err := ParseInstance(name[i+1:])
	if err != nil || !t.tokens.check(in, purposeStream, "", strings.Replace(name[:i], ".", " ", 1)) {
		return in, who, false
	}
	who, ok = t.tokens.certified(in)
	return in, who, ok
}

// serveStream does the handshake with who called, if its first message proves that
// it is a member: a handshake costs much more than a request, and strangers get
// none.
func (t *Transport) serveStream(c *inbound) {
	ctx, cancel := context.WithTimeout(t.ctx, handshakeTimeout)
	defer cancel()
	_ = c.SetDeadline(time.Time{}) // ctx ends it
	record := &recordConn{Conn: c, strange: true, limit: maxHeader}
	var s Stream
	config := &tls.Config{
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			in, who, ok := t.whoseStream(hello.ServerName)
			if !ok {
				return nil, errNoStreams
			}
			if !t.limits.streams.allow(in, 1) || !t.streams.enter(in) {
				return nil, ErrFull
			}
			t.requests.remove(c)
			record.strange = false
			s.ID, s.Instance = who.id, in
			return t.streamConfig(who.fingerprint), nil
		},
	}
	conn := tls.Server(record, config)
	err := conn.HandshakeContext(ctx)
	t.requests.remove(c)
	if err != nil {
		_ = c.Close()
		if !s.Instance.IsZero() {
			t.streams.leave(s.Instance)
		}
		t.log.Debug("stream refused", "from", c.RemoteAddr(), "instance", s.Instance, "reason", err)
		return
	}
	record.Conn = c.Conn
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetKeepAliveConfig(streamKeepAlive)
	}
	from := s.Instance
	accepted := newTLSConn(t, conn, record)
	accepted.left = func() { t.streams.leave(from) }
	s.HalfConn = accepted
	if !t.streams.add(accepted) {
		_ = accepted.Close()
		return
	}
	select {
	case t.streams.incoming <- &s:
	default:
		_ = accepted.Close() // nobody accepts
	}
}

// AcceptStream returns the next stream that another node opened.
func (t *Transport) AcceptStream(ctx context.Context) (*Stream, error) {
	select {
	case s := <-t.streams.incoming:
		return s, nil
	case <-t.ctx.Done():
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// streams are those of a transport, and those others that are about to be.
type streams struct {
	incoming chan *Stream

	mu     sync.Mutex // guards what follows
	open   map[*tlsConn]bool
	from   map[Instance]int // accepted
	count  int              // the same of all
	closed bool
}

func newStreams() streams {
	return streams{
		incoming: make(chan *Stream, maxStreams),
		open:     make(map[*tlsConn]bool), from: make(map[Instance]int),
	}
}

// enter takes a place for one that an instance opens.
func (ss *streams) enter(in Instance) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.closed || ss.count >= maxStreams || ss.from[in] >= maxStreamsFrom {
		return false
	}
	ss.count++
	ss.from[in]++
	return true
}

// leave gives that place back.
func (ss *streams) leave(in Instance) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.count--
	if ss.from[in]--; ss.from[in] == 0 {
		delete(ss.from, in)
	}
}

func (ss *streams) add(s *tlsConn) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if !ss.closed {
		ss.open[s] = true
	}
	return !ss.closed
}

func (ss *streams) remove(s *tlsConn) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	delete(ss.open, s)
}

// close breaks them all, and those to come.
func (ss *streams) close() {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.closed = true
	for s := range ss.open {
		s.sever()
	}
}
