//go:build !js

package peer

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener hands out one end of connections in memory.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { close(l.done); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// dawdle connects to a server of ours, lets the client do its worst, and
// returns after how long the server has closed the connection.
func dawdle(t *testing.T, client func(net.Conn)) time.Duration {
	t.Helper()
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	server := newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	go server.Serve(l)
	defer server.Close()
	near, far := net.Pipe()
	l.conns <- far
	start := time.Now()
	client(near)
	near.Close()
	return time.Since(start)
}

// TestDawdlers are clients that hold a connection by doing next to nothing.
func TestDawdlers(t *testing.T) {
	drip := func(conn net.Conn, s string) {
		for {
			for i := range len(s) {
				if _, err := conn.Write([]byte{s[i]}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
			s = "x" // never an end
		}
	}
	readAll := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	tests := []struct {
		name   string
		client func(net.Conn)
		limit  time.Duration
	}{
		{"says nothing", readAll, httpTimeout},
		{"a header byte a second", func(c net.Conn) { go readAll(c); drip(c, "GET / HTTP/1.1\r\nHost: x\r\nX: ") }, httpTimeout},
		{"a body byte a second", func(c net.Conn) {
			go readAll(c)
			_, _ = io.WriteString(c, "POST /v1/offer HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n")
			drip(c, "")
		}, httpTimeout},
		{"asks once and stays", func(c net.Conn) {
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			readAll(c)
		}, idleTimeout},
		{"asks and does not read", func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					return
				}
			}
		}, answerTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := dawdle(t, tt.client); got > tt.limit+time.Second {
					t.Errorf("it was cut off after %v, want %v", got, tt.limit)
				}
				time.Sleep(time.Minute) // the server's lingering close
			})
		})
	}
}

// TestEndlessRequest sends requests that do not end, or whose end two readers
// would see in two places, to a real endpoint.
func TestEndlessRequest(t *testing.T) {
	tr := listenHere(t)
	in := anyInstance().String()
	post := "POST /v1/offer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/sdp\r\nLanyap-Version: 1\r\nLanyap-Instance: " + in +
		"\r\nLanyap-Room: " + tr.tag + "\r\nLanyap-Port: 9\r\nLanyap-For: " + tr.self.Instance.String() + "\r\n"
	tests := []struct {
		name string
		flood
		want []int // one of these, or just the end of the connection
	}{
		{"request line", flood{"GET /", "x"}, []int{400, 414, 431}},
		{"header line", flood{post + "X: ", "x"}, []int{431}},
		{"headers", flood{post, "X: y\r\n"}, []int{431}},
		{"body by length", flood{post + "Content-Length: 9223372036854775807\r\n\r\n", "x"}, []int{413}},
		{"chunked body", flood{post + "Transfer-Encoding: chunked\r\n\r\n", "5\r\nxxxxx\r\n"}, []int{413}},
		{"chunk", flood{post + "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n", "x"}, []int{413}},
		{"chunk extension", flood{post + "Transfer-Encoding: chunked\r\n\r\n5;x=", "x"}, []int{400, 413}},
		{"trailer", flood{post + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"}, []int{400, 413}},
		{"two lengths", flood{post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nv=0", "x"}, []int{400}},
		{"unknown coding", flood{post + "Transfer-Encoding: gzip, chunked\r\n\r\n", "0\r\n\r\n"}, []int{400, 501}},
		{"watch", flood{strings.Replace(post, offerPath, watchPath, 1) + "Transfer-Encoding: chunked\r\n\r\n", "5\r\nxxxxx\r\n"}, []int{409}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", tr.Addrs()[0].String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			answer := make(chan int, 1)
			go func() {
				defer close(answer)
				r := bufio.NewReader(conn)
				if resp, err := http.ReadResponse(r, nil); err == nil {
					answer <- resp.StatusCode
				}
				_, _ = io.Copy(io.Discard, r)
			}()
			n, err := io.Copy(conn, tt.reader()) // ends when the endpoint has had enough
			if err == nil {
				t.Error("there is no end")
			}
			// What the kernel takes of a connection that nobody reads is not ours to bound.
			if n > 64<<20 {
				t.Errorf("%d bytes were taken", n)
			}
			if status, ok := <-answer; ok {
				for _, want := range tt.want {
					if status == want {
						return
					}
				}
				t.Errorf("got %d, want one of %v", status, tt.want)
			}
		})
	}
}

// TestSmuggledRequest has a length and chunks disagree: what is behind the
// chunks must not be answered as a request of its own, even if a page makes it, which
// keeps its connections.
func TestSmuggledRequest(t *testing.T) {
	tr := listenHere(t)
	tr.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	for _, start := range []string{
		"POST /v1/offer HTTP/1.1\r\n", "GET /v1/offer HTTP/1.1\r\n", "PUT /v1/offer HTTP/1.1\r\n",
		"POST /v1/offer HTTP/1.1\r\nLanyap-Port: 0\r\n", "PUT /files/0 HTTP/1.1\r\n", "GET /page.json HTTP/1.1\r\n",
	} {
		t.Run(start, func(t *testing.T) {
			conn, err := net.Dial("tcp", tr.Addrs()[0].String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, start+"Host: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"+
				"0\r\n\r\nGET /v1/offer HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
			_ = conn.SetReadDeadline(time.Now().Add(6 * idleTimeout))
			all, err := io.ReadAll(conn)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(all), "HTTP/1.1 "); n != 1 {
				t.Errorf("%d answers: %q", n, all)
			}
		})
	}
}
