//go:build linux

package hostile

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// trap announces instances at At, an address of its own, and answers who asks or
// offers there with too much. It counts "announced", "sprung" and "MiB", which is what
// was taken.
func trap(ctx context.Context, o Order, n *Tally) error {
	l, err := net.Listen("tcp", o.At.String())
	if err != nil {
		return err
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	go func() {
		for i := 0; ; i++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go spring(ctx, conn, i, n)
		}
	}()
	return instances(ctx, o, n)
}

// spring answers the first request on a connection.
func spring(ctx context.Context, conn net.Conn, turn int, n *Tally) {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		_ = conn.Close()
		return
	}
	n.Add("sprung")
	shells := responseBombs(r.Header.Get("Lanyap-For"))
	drop(ctx, conn, shells[turn%len(shells)], n)
}

func responseBombs(instance string) []shell {
	who := fmt.Sprintf("HTTP/1.1 201 Created\r\nLanyap-Version: 1\r\nLanyap-Instance: %s\r\nContent-Type: application/sdp\r\n", instance)
	zipped, much := zeros(64<<20), bytes.Repeat([]byte("x"), 1<<16)
	sdp := strings.Replace(candidates(20<<10), "actpass", "active", 1)
	return []shell{
		{who + "Content-Length: 1099511627776\r\n\r\n", much},
		{who + "\r\n", much},
		{who + "Transfer-Encoding: chunked\r\n\r\n1;", much},
		{who + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zipped), zipped), nil},
		{who, bytes.Repeat([]byte("X-More: and more\r\n"), 1000)},
		{who + "X-Long: ", much},
		{"HTTP/1.1 200 ", much},
		{"", bytes.Repeat([]byte("HTTP/1.1 100 Continue\r\n\r\n"), 1000)},
		{who + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(sdp), sdp), nil},
	}
}
