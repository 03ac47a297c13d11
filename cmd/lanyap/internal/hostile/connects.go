//go:build linux

package hostile

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// greetings are what is said on a connection that ends at once.
var greetings = []string{
	"",
	"\x16",
	"GET /v1/offer HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n",
	"GET /v1/watch?instance=0123456789abcdef&proof=1 HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
	"POST /v1/offer HTTP/1.1\r\nHost: 10.0.0.1\r\nContent-Length: 500\r\n\r\nv=0",
	"no HTTP at all\r\n\r\n",
}

// connects connects to At and hangs up, with a word or without, by an end or by a
// reset. It counts "connects" and "refused".
func connects(ctx context.Context, o Order, n *Tally) error {
	return o.crowd(ctx, n, offerers, func(conn net.Conn, turn int) {
		_, _ = io.WriteString(conn, greetings[turn%len(greetings)])
		if turn%3 == 0 { // who hears the answer out
			_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			_, _ = io.Copy(io.Discard, conn)
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
		n.Add("connects")
	})
}

// links makes links to At, each of a node of its own, and ends each at once. It counts
// "links", and the others by why there was none.
func links(ctx context.Context, o Order, n *Tally) error {
	next := o.pace(ctx)
	return together(4, func(int) error {
		for next() {
			t, err := peer.Listen(peer.Config{Observer: true})
			if err != nil {
				return err
			}
			conn, err := t.Dial(ctx, peer.Target{Addrs: []netip.AddrPort{o.At}})
			n.Add(outcome(err))
			if err == nil {
				_ = conn.Close(nil)
			}
			_ = t.Close()
		}
		return nil
	})
}

// outcome is the word for what a dial has come to.
func outcome(err error) string {
	if err == nil {
		return "links"
	}
	for _, known := range []error{peer.ErrSecret, peer.ErrGuesses, peer.ErrFull, peer.ErrTimeout, peer.ErrLinked, peer.ErrHungUp, peer.ErrRefused} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "failed"
}
