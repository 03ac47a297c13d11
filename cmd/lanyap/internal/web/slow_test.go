package web

import (
	"io"
	"net"
	"net/http"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// pipeListener hands out one connection in memory.
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

func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := fstest.MapFS{"page.js": {Data: make([]byte, 1<<20)}}
		l := &pipeListener{make(chan net.Conn, 1), make(chan struct{})}
		server := &http.Server{Handler: newHandler(Config{}, files), WriteTimeout: time.Second}
		go func() { _ = server.Serve(l) }()
		defer server.Close()
		here, there := net.Pipe()
		l.conns <- there
		if _, err := io.WriteString(here, "GET /assets/page.js HTTP/1.1\r\nHost: 10.0.0.7\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second) // longer than the server's own limit
		some := make([]byte, 1000)
		if _, err := io.ReadFull(here, some); err != nil {
			t.Fatalf("after half a minute: %v", err)
		}
		time.Sleep(sendLimit)
		n, err := io.Copy(io.Discard, here)
		if err != nil || n >= 1<<20 {
			t.Errorf("after the time is up: %d bytes more, %v", n, err)
		}
	})
}
