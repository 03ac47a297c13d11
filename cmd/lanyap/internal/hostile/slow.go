//go:build linux

package hostile

import (
	"context"
	"io"
	"net"
	"strings"
	"time"
)

// slownesses are beginnings of what may take long, each followed by a byte a second.
var slownesses = []string{
	"", // nothing: who called has vanished
	"GET /v1/offer HTTP/1.1\r\nHost: 10.0.0.1\r\nX-Slow: ",
	"POST /v1/offer HTTP/1.1\r\nHost: 10.0.0.1\r\nContent-Type: application/sdp\r\nContent-Length: 20000\r\n\r\nv=0\r\n",
	"POST /v1/offer HTTP/1.1\r\nHost: 10.0.0.1\r\nContent-Type: application/sdp\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n",
	"POST /v1/watch HTTP/1.1\r\nHost: 10.0.0.1\r\nContent-Length: 100\r\n\r\n",
	"\x16\x03\x01\x01\x00\x01\x00\x00\xfc\x03\x03", // a handshake of TLS
	"PUT /files/0123 HTTP/1.1\r\nHost: 10.0.0.1\r\nContent-Length: 100000000\r\n\r\n",
}

// slow opens connections to At and keeps each for Hold, in which it says as little as
// it can; of nine one asks for much and reads nothing, and another a byte a second. It counts "opened", "refused",
// and "cut", which At has ended.
func slow(ctx context.Context, o Order, n *Tally) error {
	return o.crowd(ctx, n, offerers, func(conn net.Conn, turn int) {
		n.Add("opened")
		go func() {
			if dawdle(ctx, conn, turn%(len(slownesses)+2), o.Hold) {
				n.Add("cut")
			}
		}()
	})
}

// dawdle keeps a connection, and reports whether the other side ended it.
func dawdle(ctx context.Context, conn net.Conn, kind int, hold time.Duration) bool {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, hold)
	defer cancel()
	switch kind {
	case len(slownesses):
		return gorge(ctx, conn)
	case len(slownesses) + 1:
		return sip(ctx, conn)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	words := slownesses[kind]
	_, err := io.WriteString(conn, words)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for err == nil {
		select {
		case <-gone:
			return true
		case <-ctx.Done():
			return false
		case <-tick.C:
			if words != "" {
				_, err = conn.Write([]byte("x"))
			}
		}
	}
	return true
}

// gorge asks without an end and reads nothing.
func gorge(ctx context.Context, conn net.Conn) bool {
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	ask := strings.Repeat("GET /page.json HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", 100)
	for {
		if _, err := io.WriteString(conn, ask); err != nil {
			return ctx.Err() == nil
		}
	}
}

// sip asks for the page's program, again and again, and reads a byte of it a second.
func sip(ctx context.Context, conn net.Conn) bool {
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	ask := strings.Repeat("GET /assets/lanyap.wasm HTTP/1.1\r\nHost: 10.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n", 10)
	_, err := io.WriteString(conn, ask)
	for err == nil {
		if _, err = io.ReadFull(conn, make([]byte, 1)); err == nil {
			rest(ctx, time.Second)
		}
	}
	return ctx.Err() == nil
}
