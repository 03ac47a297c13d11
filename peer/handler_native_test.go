//go:build !js

package peer

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// say sends a request as it stands to a node, over a connection of its own, and
// returns the answer and all of its body.
func say(t *testing.T, to *Transport, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", to.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp, string(body)
}

// lines are those of a request's head.
func lines(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }

// TestHandleWhat is what a handler is asked, and what it is not.
func TestHandleWhat(t *testing.T) {
	node := listening(t, Config{})
	get := func(path string) (*http.Response, string) {
		return say(t, node, lines("GET "+path+" HTTP/1.1", "Host: 127.0.0.1", "Connection: close"))
	}
	if resp, _ := get("/"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("without a handler: %s", resp.Status)
	}
	node.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "h of "+r.URL.Path) }))
	for path, beside := range map[string]bool{
		"/": true, "/page.json": true, "/v1x": true, "/V1/offer": true, "//v1/offer": true, "/a/../v1/offer": true,
		"/v1": false, "/v1/": false, "/v1/offer": false, "/v1/watch": false, "/v1/whatever": false, "/%761/offer": false,
	} {
		resp, body := get(path)
		if got := strings.HasPrefix(body, "h of "); got != beside {
			t.Errorf("%s: %s %q", path, resp.Status, body)
		}
		for name := range resp.Header {
			if strings.HasPrefix(name, "Access-Control") || beside && strings.HasPrefix(name, "Lanyap") {
				t.Errorf("%s: answered with %s", path, name)
			}
		}
		if policy := resp.Header.Get("Cross-Origin-Resource-Policy"); beside && policy != "same-origin" {
			t.Errorf("%s: others may embed it: %q", path, policy)
		}
	}
	node.Handle(nil)
	if resp, _ := get("/"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("once the handler is gone: %s", resp.Status)
	}
}

// TestOtherSitesReachNothing has browsers send what pages of other sites can make
// them send: neither the handler nor anything of ours takes it, and no answer is for
// their eyes.
func TestOtherSitesReachNothing(t *testing.T) {
	node := listening(t, Config{})
	var asked atomic.Int64
	node.Handle(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	own := node.Addrs()[0].String()
	const evil = "Origin: http://evil.example"
	offer := []string{
		headerVersion + ": 1", headerInstance + ": " + anyInstance().String(), headerRoom + ": " + node.tag,
		headerPort + ": 0", headerFor + ": " + node.self.Instance.String(), "Content-Type: " + sdpType, "Content-Length: 0",
	}
	tests := []struct {
		name string
		head []string
	}{
		{"fetch", []string{"GET /page.json HTTP/1.1", "Host: " + own, evil}},
		{"fetch of an offer", append([]string{"POST /v1/offer HTTP/1.1", "Host: " + own, evil}, offer...)},
		{"fetch that asks first", []string{"OPTIONS /v1/offer HTTP/1.1", "Host: " + own, evil, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: lanyap-port"}},
		{"fetch into a private network that asks first", []string{"OPTIONS / HTTP/1.1", "Host: " + own, evil, "Access-Control-Request-Method: GET", "Access-Control-Request-Private-Network: true"}},
		{"upload", []string{"PUT /files/0123 HTTP/1.1", "Host: " + own, evil, "Content-Length: 0"}},
		{"form", []string{"POST / HTTP/1.1", "Host: " + own, evil, "Content-Type: application/x-www-form-urlencoded", "Content-Length: 0"}},
		{"form of a sandbox", []string{"POST / HTTP/1.1", "Host: " + own, "Origin: null", "Content-Type: text/plain", "Content-Length: 0"}},
		{"beacon", []string{"POST /v1/offer HTTP/1.1", "Host: " + own, evil, "Content-Type: text/plain;charset=UTF-8", "Content-Length: 0"}},
		{"script", []string{"GET /page.json HTTP/1.1", "Host: " + own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"}},
		{"frame", []string{"GET / HTTP/1.1", "Host: " + own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}},
		{"rebound name", []string{"GET /page.json HTTP/1.1", "Host: evil.example"}},
		{"rebound name with its own origin", append([]string{"POST /v1/offer HTTP/1.1", "Host: evil.example", evil}, offer...)},
		{"rebound name with our port", []string{"GET / HTTP/1.1", "Host: evil.example:7475", "Origin: http://evil.example:7475"}},
		{"other host in the request line", []string{"GET http://evil.example/ HTTP/1.1", "Host: " + own}},
		{"other host behind the first", []string{"GET / HTTP/1.1", "Host: " + own + ".evil.example"}},
		{"WebSocket elsewhere than for a watch", []string{"GET /ws HTTP/1.1", "Host: " + own, evil, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}},
		{"WebSocket under a name", []string{"GET /v1/watch?instance=00&proof=1 HTTP/1.1", "Host: evil.example", evil, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}},
		{"all there is", []string{"OPTIONS * HTTP/1.1", "Host: " + own, evil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := node.made.Load()
			resp, body := say(t, node, lines(tt.head...))
			if resp.StatusCode != http.StatusMisdirectedRequest {
				t.Errorf("got %s %q", resp.Status, body)
			}
			for name := range resp.Header {
				if strings.HasPrefix(name, "Access-Control") {
					t.Errorf("answered with %s", name)
				}
			}
			if asked.Load() != 0 || node.made.Load() != before {
				t.Error("it reached somebody")
			}
		})
	}
	t.Run("WebSocket for a watch", func(t *testing.T) {
		resp, _ := say(t, node, lines("GET /v1/watch?instance="+anyInstance().String()+"&proof=1 HTTP/1.1", "Host: "+own, evil,
			"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="))
		if resp.StatusCode != http.StatusConflict {
			t.Errorf("got %s", resp.Status)
		}
	})
	t.Run("HTTP/2", func(t *testing.T) {
		resp, _ := say(t, node, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
		if resp.StatusCode < 400 || resp.ProtoMajor != 1 {
			t.Errorf("got %s", resp.Status)
		}
		resp, _ = say(t, node, lines("GET / HTTP/1.1", "Host: "+own, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"))
		if resp.StatusCode == http.StatusSwitchingProtocols {
			t.Error("it is spoken")
		}
	})
}

// TestSameOriginReachesTheHandler has the page itself ask, over one connection, and
// so does a link that leads to it.
func TestSameOriginReachesTheHandler(t *testing.T) {
	node := listening(t, Config{})
	node.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%s %d", r.Method, n)
	}))
	own := node.Addrs()[0].String()
	conn, err := net.Dial("tcp", own)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	for _, tt := range []struct{ request, want string }{
		{lines("GET / HTTP/1.1", "Host: "+own, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"), "GET 0"},
		{lines("GET /a.js HTTP/1.1", "Host: "+own, "Sec-Fetch-Site: same-origin"), "GET 0"},
		{lines("PUT /files/0123 HTTP/1.1", "Host: "+own, "Origin: http://"+own, "Content-Length: 5") + "hello", "PUT 5"},
		{lines("HEAD /files/0123 HTTP/1.1", "Host: "+own, "Origin: http://"+own), ""},
		{lines("POST /x HTTP/1.1", "Host: "+own, "Origin: http://"+own, "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n", "POST 3"},
	} {
		if _, err := io.WriteString(conn, tt.request); err != nil {
			t.Fatal(err)
		}
		method, _, _ := strings.Cut(tt.request, " ")
		resp, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || string(body) != tt.want {
			t.Errorf("%q: got %s %q", tt.request, resp.Status, body)
		}
	}
	// What comes after chunks would be for two readers to agree on.
	if n, err := r.Read(make([]byte, 1)); err == nil {
		t.Errorf("after chunks %d more bytes come", n)
	}
}

// servedPipe serves a handler over a connection in memory.
func servedPipe(t *testing.T, h http.HandlerFunc) (conn net.Conn, end func()) {
	tr := &Transport{limits: newLimits(), sockets: &sockets{}}
	tr.Handle(h)
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	server := newServer(tr)
	go server.Serve(l)
	near, far := net.Pipe()
	l.conns <- far
	return near, func() {
		_ = server.Close()
		_ = near.Close()
		synctest.Wait()
	}
}

// TestHandlerTakesItsTime has requests last for an hour where the handler says so, and
// no longer than others where it does not.
func TestHandlerTakesItsTime(t *testing.T) {
	const hour = time.Hour
	upload := func(conn net.Conn) {
		_, _ = io.WriteString(conn, lines("PUT /f HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 60"))
		for range 60 {
			time.Sleep(time.Minute)
			if _, err := io.WriteString(conn, "x"); err != nil {
				return
			}
		}
	}
	read := func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	}
	tests := []struct {
		name   string
		h      http.HandlerFunc
		client func(net.Conn)
		want   string // empty: it is cut off
		after  time.Duration
	}{
		{"an upload that may", func(w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(w)
			if err := c.SetReadDeadline(time.Now().Add(2 * hour)); err != nil {
				t.Error(err)
			}
			if err := c.SetWriteDeadline(time.Now().Add(2 * hour)); err != nil {
				t.Error(err)
			}
			read(w, r)
		}, upload, "60 <nil>", hour},
		{"an upload that may not", read, upload, "0 read pipe: i/o timeout", httpTimeout},
		{"an answer that may", func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
			for range 60 {
				select {
				case <-time.After(time.Minute):
				case <-r.Context().Done():
					return
				}
			}
			_, _ = io.WriteString(w, "done")
		}, func(conn net.Conn) { _, _ = io.WriteString(conn, lines("GET /f HTTP/1.1", "Host: 127.0.0.1")) }, "done", hour},
		{"an answer that may not", func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(hour)
			_, _ = io.WriteString(w, "done")
		}, func(conn net.Conn) { _, _ = io.WriteString(conn, lines("GET /f HTTP/1.1", "Host: 127.0.0.1")) }, "", hour},
		{"a head that never ends", read, func(conn net.Conn) {
			for _, err := io.WriteString(conn, "GET /f HTTP/1.1\r\n"); err == nil; _, err = io.WriteString(conn, "X: y\r\n") {
				time.Sleep(time.Second)
			}
		}, "", httpTimeout + time.Second},
		{"a second head that never ends", func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(hour))
			w.WriteHeader(http.StatusNoContent)
		}, func(conn net.Conn) {
			_, _ = io.WriteString(conn, lines("GET /f HTTP/1.1", "Host: 127.0.0.1"))
			for _, err := io.WriteString(conn, "GET /f HTTP/1.1\r\n"); err == nil; _, err = io.WriteString(conn, "X: y\r\n") {
				time.Sleep(time.Second)
			}
		}, "", httpTimeout + 2*time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn, end := servedPipe(t, tt.h)
				began := time.Now()
				go tt.client(conn)
				r := bufio.NewReader(conn)
				var body []byte
				for {
					resp, err := http.ReadResponse(r, nil)
					if err != nil {
						break
					}
					body, _ = io.ReadAll(resp.Body)
					if len(body) > 0 {
						break
					}
				}
				if took := time.Since(began); string(body) != tt.want || took > tt.after {
					t.Errorf("got %q after %v, want %q after %v at most", body, took, tt.want, tt.after)
				}
				end()
				time.Sleep(2 * hour)
			})
		})
	}
}

// TestCloseEndsHandlers has a node close while a handler is at work: its request's
// context ends.
func TestCloseEndsHandlers(t *testing.T) {
	node := listening(t, Config{})
	began, ended := make(chan struct{}), make(chan struct{})
	node.Handle(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		close(ended)
	}))
	conn, err := net.Dial("tcp", node.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, lines("GET / HTTP/1.1", "Host: 127.0.0.1"))
	<-began
	if err := node.Close(); err != nil {
		t.Error(err)
	}
	<-ended
}

// TestBesidePays holds what a page, and what a flood of one source, may ask for.
func TestBesidePays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &Transport{limits: newLimits(), sockets: &sockets{}}
		request := func(host byte) *http.Request {
			return (&http.Request{RemoteAddr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, host}), 4000).String()}).WithContext(context.Background())
		}
		served := 0
		for range 10 * besideBurst {
			if tr.allowBeside(request(1)) {
				served++
			}
		}
		if served != besideBurst {
			t.Errorf("%d requests are served at once, want %d", served, besideBurst)
		}
		if !tr.allowBeside(request(2)) {
			t.Error("another source is refused")
		}
		if !tr.charge(request(1)) {
			t.Error("its pages cost what nodes need")
		}
		own := request(1)
		own.RemoteAddr = "127.0.0.1:4000"
		if !tr.allowBeside(own) {
			t.Error("our own host is refused")
		}
		time.Sleep(time.Second)
		for served = 0; tr.allowBeside(request(1)); served++ {
		}
		if served != besideRate {
			t.Errorf("%d requests are served a second, want %d", served, besideRate)
		}
	})
}
