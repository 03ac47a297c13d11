//go:build !js

package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// callee is a transport in a bubble that knows one member, and takes calls that a test
// makes up.
type callee struct {
	*Transport
	t      *testing.T
	member Instance
	theirs *tokens         // the member's
	cert   tls.Certificate // the member's
}

// withCallee runs a test in a bubble.
func withCallee(t *testing.T, test func(d *callee)) {
	t.Helper()
	cert, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		d := &callee{t: t, cert: cert, member: anyInstance()}
		d.Transport = &Transport{
			limits: newLimits(), sockets: &sockets{}, streams: newStreams(), tlsCert: cert,
			self: Hello{Instance: anyInstance()}, log: slog.New(slog.DiscardHandler),
		}
		d.ctx, d.cancel = context.WithCancelCause(context.Background())
		d.front = newFront(d.Transport)
		d.tokens.self = d.self.Instance
		d.theirs = &tokens{self: d.member}
		d.theirs.set(d.self.Instance, token{1}, noLink)
		d.meet(d.member, cert)
		test(d)
		d.cancel(ErrClosed)
		d.requests.close()
		d.Transport.streams.close()
		d.wg.Wait()
		if d.streams.count != 0 || len(d.requests.open) != 0 {
			t.Errorf("%d places of streams and %d of requests are taken still", d.streams.count, len(d.requests.open))
		}
	})
}

// meet has the callee know a member.
func (d *callee) meet(in Instance, cert tls.Certificate) {
	_, fingerprint := forDTLS(cert)
	d.tokens.set(in, token{1}, noLink)
	d.tokens.certify(in, certified{ID{1}, fingerprint})
}

// call makes a call from another host.
func (d *callee) call() net.Conn {
	near, far := net.Pipe()
	from := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.0.0.7:4000"))
	d.take(newInbound(callFrom{far, from}))
	return near
}

// config is what the member calls with.
func (d *callee) config() *tls.Config {
	return &tls.Config{
		ServerName:         serverName(d.member, d.theirs.prove(d.self.Instance, purposeStream, "")),
		NextProtos:         []string{streamProtocol},
		Certificates:       []tls.Certificate{d.cert},
		InsecureSkipVerify: true,
	}
}

// heard counts the bytes that came over a connection.
type heard struct {
	net.Conn
	n int
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.n += n
	return n, err
}

func TestMemberIsServed(t *testing.T) {
	withCallee(t, func(d *callee) {
		c := tls.Client(d.call(), d.config())
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		s, err := d.AcceptStream(d.t.Context())
		if err != nil || s.Instance != d.member || s.ID != (ID{1}) {
			t.Fatalf("accepted %+v, %v", s, err)
		}
		go c.CloseWrite()
		if _, err := io.ReadAll(s); err != nil {
			t.Error(err)
		}
		go io.Copy(io.Discard, c)
		s.Close()
		c.Close()
	})
}

// TestStrangerGetsNoHandshake has callers who do not prove to be a member get an
// alert instead of a handshake.
func TestStrangerGetsNoHandshake(t *testing.T) {
	tests := []struct {
		name string
		sni  func(d *callee, good string) string
	}{
		{"without a name", func(*callee, string) string { return "" }},
		{"with a name", func(*callee, string) string { return "example.org" }},
		{"without a proof", func(d *callee, _ string) string { return d.member.String() }},
		{"with an empty proof", func(d *callee, _ string) string { return "." + d.member.String() }},
		{"with a false proof", func(d *callee, _ string) string {
			return "1." + strings.Repeat("0", 64) + "." + d.member.String()
		}},
		{"with another's proof", func(d *callee, good string) string {
			other := anyInstance()
			d.tokens.set(other, token{2}, noLink)
			return strings.Replace(good, d.member.String(), other.String(), 1)
		}},
		{"with a proof for something else", func(d *callee, _ string) string {
			return serverName(d.member, d.theirs.prove(d.self.Instance, purposeWatch, ""))
		}},
		{"with a proof that was used", func(d *callee, good string) string {
			if _, _, ok := d.whoseStream(good); !ok {
				d.t.Error("the proof is not good")
			}
			return good
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			withCallee(t, func(d *callee) {
				cfg := d.config()
				cfg.ServerName = tt.sni(d, cfg.ServerName)
				h := &heard{Conn: d.call()}
				if err := tls.Client(h, cfg).Handshake(); !alerted(err) {
					t.Errorf("got %v, want an alert", err)
				}
				if h.n != 7 {
					t.Errorf("got %d bytes, want an alert's 7 (RFC 8446 §6)", h.n)
				}
			})
		})
	}
}

// TestOddHandshakes has who holds the token of a member, or is in the way of one, try
// what is no handshake of ours: nothing is accepted, and it ends in time.
func TestOddHandshakes(t *testing.T) {
	other, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	with := func(edit func(d *callee, cfg *tls.Config)) func(*callee, net.Conn) {
		return func(d *callee, conn net.Conn) {
			cfg := d.config()
			edit(d, cfg)
			c := tls.Client(conn, cfg)
			if c.Handshake() == nil {
				_, _ = c.Read(make([]byte, 1)) // the client is done first
			}
		}
	}
	tests := []struct {
		name string
		call func(d *callee, conn net.Conn)
	}{
		{"another's certificate", with(func(_ *callee, c *tls.Config) { c.Certificates = []tls.Certificate{other} })},
		{"the certificate without its key", with(func(d *callee, c *tls.Config) {
			c.Certificates = []tls.Certificate{{Certificate: d.cert.Certificate, PrivateKey: other.PrivateKey}}
		})},
		{"no certificate", with(func(_ *callee, c *tls.Config) { c.Certificates = nil })},
		{"another protocol", with(func(_ *callee, c *tls.Config) { c.NextProtos = []string{"h2", "http/1.1"} })},
		{"no protocol", with(func(_ *callee, c *tls.Config) { c.NextProtos = nil })},
		{"TLS 1.2", with(func(_ *callee, c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })},
		{"the first byte alone", func(_ *callee, conn net.Conn) {
			conn.Write([]byte{handshakeRecord})
			io.Copy(io.Discard, conn)
		}},
		{"a byte a second", func(_ *callee, conn net.Conn) {
			for _, b := range append([]byte{handshakeRecord, 3, 1, 1, 0}, make([]byte, 256)...) {
				if _, err := conn.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}},
		{"more than any first message", func(_ *callee, conn net.Conn) {
			conn.Write([]byte{handshakeRecord, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff})
			for {
				if _, err := conn.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}},
		{"HTTP after the first byte", func(_ *callee, conn net.Conn) {
			go io.Copy(io.Discard, conn)
			conn.Write([]byte{handshakeRecord})
			io.WriteString(conn, "GET /v1/offer HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n")
		}},
		{"HTTP in the midst", func(d *callee, conn net.Conn) {
			c := tls.Client(&interrupter{Conn: conn, after: 1}, d.config())
			if c.Handshake() == nil {
				_, _ = c.Read(make([]byte, 1))
			}
		}},
		{"nothing after the first message", func(d *callee, conn net.Conn) {
			tls.Client(&interrupter{Conn: conn, after: 1, mute: true}, d.config()).Handshake()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			withCallee(t, func(d *callee) {
				began := time.Now()
				conn := d.call()
				tt.call(d, conn)
				conn.Close()
				d.wg.Wait()
				if took := time.Since(began); took > handshakeTimeout+time.Second {
					t.Errorf("it took %v", took)
				}
				if len(d.streams.incoming) != 0 || len(d.Transport.streams.open) != 0 {
					t.Error("it was accepted")
				}
			})
		})
	}
}

// interrupter sends HTTP, or nothing, in place of what is written after so many
// writes.
type interrupter struct {
	net.Conn
	after int
	mute  bool
}

func (i *interrupter) Write(p []byte) (int, error) {
	if i.after--; i.after >= 0 {
		return i.Conn.Write(p)
	}
	if i.mute {
		return len(p), nil
	}
	return i.Conn.Write([]byte("GET /v1/offer HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n"))
}

// TestSilentCall has a caller say nothing: it is cut off.
func TestSilentCall(t *testing.T) {
	withCallee(t, func(d *callee) {
		began := time.Now()
		io.Copy(io.Discard, d.call())
		if took := time.Since(began); took != httpTimeout {
			t.Errorf("it took %v, want %v", took, httpTimeout)
		}
	})
}

// TestSilentCallsOfOneSource has one host call more often than may be open: the
// further calls end at once, before they have said anything.
func TestSilentCallsOfOneSource(t *testing.T) {
	withCallee(t, func(d *callee) {
		for range maxRequestsFrom {
			d.call()
		}
		began := time.Now()
		io.Copy(io.Discard, d.call())
		if took := time.Since(began); took != 0 {
			t.Errorf("one too many lasted %v", took)
		}
	})
}

// TestHTTPGoesToTheServer has the first byte, and what follows, reach the server.
func TestHTTPGoesToTheServer(t *testing.T) {
	withCallee(t, func(d *callee) {
		conn := d.call()
		go io.WriteString(conn, "GET / HTTP/1.1\r\n")
		c, err := d.front.Accept()
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 5)
		if _, err := io.ReadFull(c, got); err != nil || string(got) != "GET /" {
			t.Errorf("the server reads %q, %v", got, err)
		}
		conn.Close()
		c.Close()
		d.countRequests(c, http.StateClosed)
	})
}

// TestMemberOpensThousands has one member open streams without an end: it gets so
// many, and no other loses any.
func TestMemberOpensThousands(t *testing.T) {
	withCallee(t, func(d *callee) {
		var ends []io.Closer
		open := func(cfg *tls.Config) error {
			synctest.Wait() // until those before are refused or served
			raw := d.call()
			c := tls.Client(raw, cfg)
			if err := c.Handshake(); err != nil {
				raw.Close()
				return err
			}
			ends = append(ends, raw)
			return nil
		}
		granted := 0
		for range 1000 {
			if open(d.config()) == nil {
				granted++
			}
		}
		if granted != maxStreamsFrom {
			t.Errorf("one member has %d streams, want %d", granted, maxStreamsFrom)
		}
		other := anyInstance()
		d.meet(other, d.cert)
		theirs := &tokens{self: other}
		theirs.set(d.self.Instance, token{1}, noLink)
		cfg := d.config()
		cfg.ServerName = serverName(other, theirs.prove(d.self.Instance, purposeStream, ""))
		if err := open(cfg); err != nil {
			t.Errorf("another is refused: %v", err)
		}
		for _, c := range ends {
			c.Close()
		}
		for range granted + 1 {
			s, err := d.AcceptStream(d.t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
		}
		time.Sleep(time.Minute)
		if err := open(d.config()); err != nil {
			t.Errorf("once they are closed it is refused: %v", err)
		}
		ends[len(ends)-1].Close()
		s, _ := d.AcceptStream(d.t.Context())
		s.Close()
	})
}

// TestMemberReopensForEver has one member open and close streams as fast as it can:
// past a burst it gets so many a second.
func TestMemberReopensForEver(t *testing.T) {
	withCallee(t, func(d *callee) {
		granted := 0
		for range 2 * streamBurst {
			synctest.Wait()
			raw := d.call()
			if tls.Client(raw, d.config()).Handshake() == nil {
				granted++
				s, err := d.AcceptStream(d.t.Context())
				if err != nil {
					t.Fatal(err)
				}
				raw.Close()
				s.Close()
			}
			raw.Close()
		}
		if granted != streamBurst {
			t.Errorf("%d streams are opened at once, want %d", granted, streamBurst)
		}
	})
}

// TestImpostorAtTheAddress has another answer where a member is to be: its stream is
// refused, and the next address tried.
func TestImpostorAtTheAddress(t *testing.T) {
	a, b := listening(t, Config{}), listening(t, Config{})
	linkHere(t, a, b)
	cert, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{streamProtocol}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(io.Discard, c)
				c.Close()
			}()
		}
	}()
	impostor := l.Addr().(*net.TCPAddr).AddrPort()
	if _, err := a.DialStream(t.Context(), b.self.Instance, []netip.AddrPort{impostor}); !errors.Is(err, errOtherCertificate) {
		t.Errorf("an impostor: %v", err)
	}
	s, err := a.DialStream(t.Context(), b.self.Instance, append([]netip.AddrPort{impostor}, b.Addrs()...))
	if err != nil {
		t.Fatalf("behind an impostor: %v", err)
	}
	s.Close()
	if _, err := a.DialStream(t.Context(), anyInstance(), b.Addrs()); !errors.Is(err, ErrInstance) {
		t.Errorf("who was never linked: %v", err)
	}
}
