package keeper

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// pipes is a listener whose connections are in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// connect opens a connection to the keeper's handler behind a server that is as
// impatient as a node's.
func (h *house) connect() net.Conn {
	l := &pipes{make(chan net.Conn, 1), make(chan struct{})}
	server := &http.Server{Handler: h.keeper, ReadTimeout: 5 * time.Second, WriteTimeout: 20 * time.Second}
	go func() { _ = server.Serve(l) }()
	h.t.Cleanup(func() { server.Close() })
	here, there := net.Pipe()
	h.t.Cleanup(func() { here.Close() })
	l.conns <- there
	return here
}

// TestSlowUpload: an upload takes as long as it takes, if a byte comes each minute, and
// is ended when none does.
func TestSlowUpload(t *testing.T) {
	inHouse(t, func(h *house) {
		_, _, _, url := uploading(h, 10)
		conn := h.connect()
		send := func(text string) {
			t.Helper()
			if _, err := io.WriteString(conn, text); err != nil {
				t.Fatal(err)
			}
		}
		send(fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: 10.0.0.7\r\nUpload-Offset: 0\r\nContent-Length: 10\r\n\r\n", url))
		for range 5 {
			time.Sleep(stall - time.Second)
			send("x")
		}
		answered := make(chan *http.Response, 1)
		go func() {
			r, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Error(err)
			}
			answered <- r
		}()
		begun := time.Now()
		r := <-answered
		if r == nil {
			return
		}
		h.want(r, http.StatusRequestTimeout, "Upload-Offset: 5")
		if d := time.Since(begun); d < stall/2 || d > 2*stall {
			t.Errorf("ended after %v", d)
		}
		h.want(h.put(url, 5, "fghij"), http.StatusNoContent)
	})
}

// TestSlowDownload: a browser may take as long as it wants, if it takes something each
// minute, and is cut off when it does not.
func TestSlowDownload(t *testing.T) {
	inHouse(t, func(h *house) {
		data := noise(3 << 20)
		_, _, sent, d := taking(h, map[string]string{"film": data})
		wait(t, sent)
		conn := h.connect()
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: 10.0.0.7\r\n\r\n", d.text("url")); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for range 10 {
			time.Sleep(stall / 3)
			if _, err := io.CopyN(&got, r.Body, 200_000); err != nil {
				t.Fatal(err)
			}
		}
		if got.String() != data[:got.Len()] {
			t.Error("other bytes came")
		}
		time.Sleep(2 * stall)
		n, err := io.Copy(io.Discard, r.Body)
		if err == nil || n > 1<<20 {
			t.Errorf("who took nothing for two minutes got %d bytes more, %v", n, err)
		}
	})
}
