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
// it can; every eighth asks for much and reads nothing. It counts "opened", "refused",
// and "cut", which At has ended.
func slow(ctx context.Context, o Order, n *Tally) error {
	next := o.pace(ctx)
	return o.crowd(offerers, func(d *net.Dialer) {
		for i := 0; next(); i++ {
			conn, err := d.DialContext(ctx, "tcp", o.At.String())
			if err != nil {
				n.Add("refused")
				time.Sleep(10 * time.Millisecond)
				continue
			}
			n.Add("opened")
			go func() {
				if dawdle(ctx, conn, i%(len(slownesses)+1), o.Hold) {
					n.Add("cut")
				}
			}()
		}
	})
}

// dawdle keeps a connection, and reports whether the other side ended it.
func dawdle(ctx context.Context, conn net.Conn, kind int, hold time.Duration) bool {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, hold)
	defer cancel()
	if kind == len(slownesses) {
		return gorge(ctx, conn)
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
