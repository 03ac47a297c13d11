//go:build linux

package hostile

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// shell is a request or a response that is larger than it says, or than anybody wants:
// its beginning, and what follows again and again.
type shell struct {
	head string
	more []byte
}

// bombs posts what is too large to At, which is Instance, and goes on until it is
// stopped. It counts "bombs", "refused" and "MiB", which is what At has taken.
func bombs(ctx context.Context, o Order, n *Tally) error {
	shells := requestBombs(o.Instance)
	return o.crowd(ctx, n, 4, func(conn net.Conn, turn int) {
		n.Add("bombs")
		drop(ctx, conn, shells[turn%len(shells)], n)
	})
}

// drop sends a shell until the other side has had enough, 10 s at most.
func drop(ctx context.Context, conn net.Conn, s shell, n *Tally) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	go func() { _, _ = io.Copy(io.Discard, conn) }() // its end is not waited for
	_, err := io.WriteString(conn, s.head)
	for sent := 0; err == nil && len(s.more) > 0; sent += len(s.more) {
		if _, err = conn.Write(s.more); sent>>20 != (sent+len(s.more))>>20 {
			n.Add("MiB")
		}
	}
}

func requestBombs(instance string) []shell {
	head := func(size int) string { return offerHead(instance, anyInstance(), size) }
	said := strings.TrimSuffix(head(0), "\r\n")
	unsized := strings.Replace(said, "Content-Length: 0\r\n", "", 1)
	zipped := zeros(64 << 20)
	return []shell{
		{head(1 << 40), bytes.Repeat([]byte("a=x\r\n"), 10_000)},
		{unsized + "Transfer-Encoding: chunked\r\n\r\n", append([]byte("10000\r\n"), append(make([]byte, 1<<16), "\r\n"...)...)},
		{unsized + "Transfer-Encoding: chunked\r\n\r\n1;", bytes.Repeat([]byte("x"), 1<<16)}, // an extension without an end
		{strings.Replace(said, "Content-Length: 0", fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d", len(zipped)), 1) + "\r\n" + string(zipped), nil},
		{said, bytes.Repeat([]byte("X-More: and more\r\n"), 1000)},
		{said + "X-Long: ", bytes.Repeat([]byte("x"), 1<<16)},
		{"GET /", bytes.Repeat([]byte("x"), 1<<16)},
		sized(head, candidates(16<<10)),
		sized(head, strings.Repeat("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n", 200)),
		sized(head, "v=0\r\ns="+strings.Repeat("x", 16<<10)+"\r\n"),
	}
}

// sized is a request whose body is what it says.
func sized(head func(int) string, body string) shell { return shell{head(len(body)) + body, nil} }

// candidates is a description with as many candidates as fit into a size.
func candidates(size int) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
		"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":") + "\r\n" +
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\n" +
		"a=ice-ufrag:abcdefgh\r\na=ice-pwd:0123456789abcdef0123456789\r\na=sctp-port:5000\r\n")
	for i := 0; b.Len() < size-100; i++ {
		fmt.Fprintf(&b, "a=candidate:%d 1 udp 2130706431 10.77.%d.%d %d typ host\r\n", i, i>>8&255, i&255, 1024+i)
	}
	return b.String()
}

// zeros is a gzip file of so many.
func zeros(size int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for range size >> 16 {
		_, _ = z.Write(make([]byte, 1<<16))
	}
	_ = z.Close()
	return b.Bytes()
}
