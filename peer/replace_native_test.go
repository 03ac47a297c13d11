//go:build !js

package peer_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// TestReplace moves a link to another address, as a laptop does that goes from
// cable to Wi-Fi. Linux has all of 127.0.0.0/8 on loopback.
func TestReplace(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a second loopback address")
	}
	first, second := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	a := listen(t, peer.Config{Addrs: []netip.Addr{first, second}})
	b := listen(t, peer.Config{Addrs: []netip.Addr{first, second}})
	at := func(tr *peer.Transport, addr netip.Addr) peer.Target {
		return peer.Target{Instance: tr.Self().Instance, Addrs: []netip.AddrPort{netip.AddrPortFrom(addr, tr.Addrs()[0].Port())}}
	}
	old, err := a.Dial(t.Context(), at(b, first))
	if err != nil {
		t.Fatal(err)
	}
	oldFar, _ := b.Accept(t.Context())

	near, err := a.Dial(t.Context(), at(b, second))
	if err != nil {
		t.Fatal(err)
	}
	far, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	<-old.Done()
	<-oldFar.Done()
	if !errors.Is(old.Err(), peer.ErrReplaced) || !errors.Is(oldFar.Err(), peer.ErrReplaced) {
		t.Errorf("the old ends ended with %v and %v, want ErrReplaced", old.Err(), oldFar.Err())
	}
	if err := near.WriteMessage([]byte("moved")); err != nil {
		t.Fatal(err)
	}
	if got, err := far.ReadMessage(); string(got) != "moved" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestDialInVain asks for somebody else at an address that is linked, as a node
// does that looks for one whose place another took: the link must not notice.
func TestDialInVain(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	near, far := pair(t, a, b)
	if _, err := a.Dial(t.Context(), peer.Target{Instance: anyInstance(), Addrs: b.Addrs()}); !errors.Is(err, peer.ErrInstance) {
		t.Fatalf("got %v, want ErrInstance", err)
	}
	go near.ReadMessage()
	go far.ReadMessage()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := near.Ping(ctx); err != nil {
		t.Errorf("the link is deaf: %v", err)
	}
}

// TestKilled has a process that is linked die without a word: the link must
// end at once, not by a timeout.
func TestKilled(t *testing.T) {
	if os.Getenv("PEER_TEST_CHILD") != "" {
		tr, err := peer.Listen(peer.Config{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("at", tr.Addrs()[0])
		c, err := tr.Accept(t.Context())
		for err == nil {
			_, err = c.ReadMessage()
		}
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), "PEER_TEST_CHILD=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddrPort(strings.TrimSpace(strings.TrimPrefix(line, "at ")))
	a := listen(t, peer.Config{})
	c, err := a.Dial(t.Context(), peer.Target{Addrs: []netip.AddrPort{addr}})
	if err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	child.Process.Kill()
	_, err = c.ReadMessage()
	if !errors.Is(err, peer.ErrGone) {
		t.Errorf("got %v, want ErrGone", err)
	}
	// By refusals it is a matter of milliseconds, by a timeout half a minute.
	if d := time.Since(killed); d > 15*time.Second {
		t.Errorf("it took %v", d)
	}
}

// TestEndpoint is what a browser, a scanner or a node of another version meets.
func TestEndpoint(t *testing.T) {
	a := listen(t, peer.Config{Room: "lan"})
	addr, in := a.Addrs()[0], a.Self().Instance.String()
	other := anyInstance().String()
	good := map[string]string{
		"Lanyap-Version": "1", "Lanyap-Instance": other, "Lanyap-Room": peer.RoomTag("lan"),
		"Lanyap-Port": "9", "Lanyap-For": in, "Content-Type": "application/sdp",
	}
	tests := []struct {
		name   string
		method string
		path   string
		change map[string]string
		body   string
		want   int
	}{
		{"a question", "GET", "/v1/offer", nil, "", 204},
		{"garbage", "POST", "/v1/offer", nil, "garbage", 400},
		{"a long offer", "POST", "/v1/offer", nil, strings.Repeat("a=x\r\n", 4000), 413},
		{"another version", "POST", "/v1/offer", map[string]string{"Lanyap-Version": "2"}, "", 426},
		{"another room", "POST", "/v1/offer", map[string]string{"Lanyap-Room": peer.RoomTag("x")}, "", 404},
		{"another instance", "POST", "/v1/offer", map[string]string{"Lanyap-For": other}, "", 421},
		{"ourselves", "POST", "/v1/offer", map[string]string{"Lanyap-Instance": in}, "", 421},
		{"no port", "POST", "/v1/offer", map[string]string{"Lanyap-Port": ""}, "", 400},
		{"a port that is none", "POST", "/v1/offer", map[string]string{"Lanyap-Port": "00"}, "", 400},
		{"a page's garbage", "POST", "/v1/offer", map[string]string{"Lanyap-Port": "0"}, "garbage", 400},
		{"a page of ours", "GET", "/v1/offer", map[string]string{"Origin": "http://localhost:7475", "Host": "localhost:7475"}, "", 204},
		{"a page of another port", "GET", "/v1/offer", map[string]string{"Origin": "http://localhost:80", "Host": "localhost:7475"}, "", 421},
		{"a page by TLS", "GET", "/v1/offer", map[string]string{"Origin": "https://localhost:7475", "Host": "localhost:7475"}, "", 421},
		{"a page of nowhere", "GET", "/v1/offer", map[string]string{"Origin": "null"}, "", 421},
		{"a page's preflight", "OPTIONS", "/v1/offer", map[string]string{"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}, "", 421},
		{"no instance", "POST", "/v1/offer", map[string]string{"Lanyap-Instance": "x"}, "", 400},
		{"a page's request", "GET", "/v1/offer", map[string]string{"Origin": "http://evil.example"}, "", 421},
		{"a rebound name", "GET", "/v1/offer", map[string]string{"Host": "evil.example"}, "", 421},
		{"localhost", "GET", "/v1/offer", map[string]string{"Host": "localhost:7475"}, "", 204},
		{"a watch without a link", "POST", "/v1/watch", nil, "0123456789abcdef", 409},
		{"another type", "POST", "/v1/offer", map[string]string{"Content-Type": "text/plain"}, "v=0\r\n", 415},
		{"no type", "POST", "/v1/offer", map[string]string{"Content-Type": ""}, "v=0\r\n", 415},
		{"a type with a parameter", "POST", "/v1/offer", map[string]string{"Content-Type": "Application/SDP; charset=utf-8"}, "garbage", 400},
		{"another method", "DELETE", "/v1/offer/x", nil, "", 404},
		{"another path", "GET", "/", nil, "", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+addr.String()+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range good {
				req.Header.Set(k, v)
			}
			for k, v := range tt.change {
				req.Header.Set(k, v)
			}
			req.Host = req.Header.Get("Host")
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != tt.want {
				body, _ := io.ReadAll(resp.Body)
				t.Errorf("got %d %s, want %d", resp.StatusCode, body, tt.want)
			}
			if resp.Header.Get("Lanyap-Instance") != in || resp.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers are %v", resp.Header)
			}
		})
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// TestStalledRequests opens connections and says nothing: an honest node gets
// through meanwhile.
func TestStalledRequests(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	for range 200 {
		conn, err := net.Dial("tcp", a.Addrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if _, err := b.Dial(t.Context(), target(a)); err != nil {
		t.Error(err)
	}
}
