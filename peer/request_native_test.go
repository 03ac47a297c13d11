//go:build !js

package peer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

const okHead = "HTTP/1.1 201 Created\r\nLanyap-Version: 1\r\nContent-Type: application/sdp\r\n"

// flood says head and then repeats the rest, for as long as anybody reads.
type flood struct{ head, repeat string }

func (f flood) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat(f.repeat, len(p)/len(f.repeat)+1)), nil
}

func (f flood) reader() io.Reader { return io.MultiReader(strings.NewReader(f.head), f) }

// floods are what a stranger may answer with that has no end.
var floods = map[string]flood{
	"status line":      {"HTTP/1.1 200 ", "x"},
	"no status at all": {"", "x"},
	"header line":      {okHead + "X: ", "x"},
	"header name":      {okHead, "x"},
	"continued line":   {okHead + "X: y\r\n", " x\r\n"},
	"headers":          {okHead, "X: y\r\n"},
	"body by length":   {okHead + "Content-Length: 9223372036854775807\r\n\r\n", "x"},
	"body until end":   {okHead + "\r\n", "x"},
	"chunked body":     {okHead + "Transfer-Encoding: chunked\r\n\r\n", "5\r\nxxxxx\r\n"},
	"chunk":            {okHead + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n", "x"},
	"chunk extension":  {okHead + "Transfer-Encoding: chunked\r\n\r\n5;x=", "x"},
	"chunk length":     {okHead + "Transfer-Encoding: chunked\r\n\r\n", "0"},
	"trailer":          {okHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"},
	"1xx":              {"", "HTTP/1.1 100 Continue\r\n\r\n"},
	"early hints":      {"", "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n"},
}

// countingConn counts what is read of a connection that has src to say.
type countingConn struct {
	net.Conn
	src  io.Reader
	read atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) { return len(p), nil }
func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func clientFrom(src io.Reader) (*client, *countingConn) {
	near, _ := net.Pipe()
	conn := &countingConn{Conn: near, src: src}
	s := newClient(conn)
	s.remote = netip.MustParseAddrPort("192.0.2.1:7475")
	return s, conn
}

// TestEndlessReply asks strangers whose answers never end: each costs a bounded
// number of bytes and of memory, and nothing of it is believed.
func TestEndlessReply(t *testing.T) {
	tr := listenHere(t)
	for name, f := range floods {
		t.Run(name, func(t *testing.T) {
			s, conn := clientFrom(f.reader())
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := s.do(t.Context(), http.MethodPost, offerPath, tr.header(), "v=0")
			runtime.ReadMemStats(&after)
			if err == nil && r.status == http.StatusCreated {
				t.Errorf("it was taken for an answer of %d bytes", len(r.body))
			}
			if n := conn.read.Load(); n > maxReply+int64(s.r.Size()) {
				t.Errorf("%d bytes were read", n)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
				t.Errorf("it took %d bytes of memory", n)
			}
		})
	}
}

// TestReplyLimitIsPerRequest gets several answers over one connection that are
// longer together than one may be.
func TestReplyLimitIsPerRequest(t *testing.T) {
	body := strings.Repeat("x", maxDescription)
	one := fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", okHead, len(body), body)
	s, conn := clientFrom(nil)
	for range 4 {
		conn.src = strings.NewReader(one)
		r, err := s.do(t.Context(), http.MethodGet, offerPath, make(http.Header), "")
		if err != nil || string(r.body) != body || r.media != sdpType {
			t.Fatalf("got %d bytes of %q, %v", len(r.body), r.media, err)
		}
	}
}

// TestEndlessReplyOverTCP dials strangers whose answers never end, over a real
// connection.
func TestEndlessReplyOverTCP(t *testing.T) {
	tr := listenHere(t)
	for name, f := range floods {
		t.Run(name, func(t *testing.T) {
			addr := serveOnce(t, func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					_, _ = io.Copy(conn, f.reader())
				}
			})
			for _, in := range []Instance{{}, anyInstance()} {
				_, err := tr.Dial(t.Context(), Target{Instance: in, Addrs: []netip.AddrPort{addr}})
				if err == nil || errors.Is(err, ErrTimeout) || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("instance %v: got %v, want to be rid of it at once", in, err)
				}
			}
		})
	}
}

// serveOnce serves connections to loopback until the test ends.
func serveOnce(t *testing.T, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return plain(l.Addr())
}

// TestOtherServersAreNotBelieved dials ports at which something else answers
// HTTP: what it says is no node's word, and the next address is tried.
func TestOtherServersAreNotBelieved(t *testing.T) {
	a, b := listenHere(t), listenHere(t)
	for _, status := range []string{"404 Not Found", "409 Conflict", "421 Misdirected Request", "426 Upgrade Required", "503 Service Unavailable", "204 No Content", "201 Created", "200 OK"} {
		t.Run(status, func(t *testing.T) {
			addr := serveOnce(t, func(conn net.Conn) {
				r := bufio.NewReader(conn)
				for {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
					_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")
				}
			})
			for _, in := range []Instance{{}, anyInstance()} {
				if _, err := a.Dial(t.Context(), Target{Instance: in, Addrs: []netip.AddrPort{addr}}); !errors.Is(err, errNoNode) {
					t.Errorf("instance %v: got %v, want %v", in, err, errNoNode)
				}
			}
			near, err := a.Dial(t.Context(), Target{Instance: b.self.Instance, Addrs: []netip.AddrPort{addr, b.Addrs()[0]}})
			if err != nil {
				t.Fatalf("the next address was not tried: %v", err)
			}
			far, _ := b.Accept(t.Context())
			near.Close(nil)
			far.Close(nil)
			for a.claims.linked(b.self.Instance) != nil || b.claims.linked(a.self.Instance) != nil {
				runtime.Gosched()
			}
		})
	}
}

// FuzzReply reads what a stranger answers: nothing must panic, and nothing be
// longer than it may.
func FuzzReply(f *testing.F) {
	f.Add([]byte(okHead + "Content-Length: 3\r\n\r\nv=0"))
	f.Add([]byte("HTTP/1.1 204 No Content\r\nLanyap-Version: 1\r\nLanyap-Instance: 0123456789abcdef\r\nLanyap-Room: x\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 404 Not Found\r\n\r\nnothing"))
	for _, flood := range floods {
		f.Add([]byte(flood.head + strings.Repeat(flood.repeat, 16)))
	}
	tr := &Transport{tag: RoomTag("lan"), self: Hello{Instance: Instance{1}}}
	f.Fuzz(func(t *testing.T, p []byte) {
		s, conn := clientFrom(bytes.NewReader(p))
		r, err := s.do(t.Context(), http.MethodGet, offerPath, make(http.Header), "")
		if n := conn.read.Load(); n > maxReply+int64(s.r.Size()) {
			t.Fatalf("%d bytes were read", n)
		}
		if err != nil {
			return
		}
		if len(r.body) > maxDescription {
			t.Fatalf("the body has %d bytes", len(r.body))
		}
		if err := tr.refusal(r); err == nil {
			t.Fatal("no reason is given")
		}
	})
}
