//go:build !js

package peer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// webSocket makes the request for a watch as a browser does, over a connection of its
// own, and returns the connection and the answer.
func (p *tab) webSocket(path string, change map[string]string) (net.Conn, *http.Response) {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.to.Addrs()[0].String())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	req, err := http.NewRequest(http.MethodGet, "http://"+p.to.Addrs()[0].String()+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	for key, value := range map[string]string{
		"Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": "http://10.0.0.9:7475",
	} {
		req.Header.Set(key, value)
	}
	for key, value := range change {
		req.Header.Set(key, value)
	}
	req.Host = req.Header.Get("Host")
	if err := req.Write(conn); err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { resp.Body.Close() })
	return conn, resp
}

// watch opens a watch, and waits until the node has it.
func (p *tab) watch(l *link) net.Conn {
	p.t.Helper()
	before := l.current()
	conn, resp := p.webSocket(p.watchPath(p.prove(purposeWatch)), nil)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		p.t.Fatalf("the watch was answered with %s", resp.Status)
	}
	await(p.t, "the node has the watch", func() bool { return l.current() != before && l.current().stands() })
	return conn
}

// TestPageWatch has a page open a WebSocket and close it again and again: it lives,
// and so does its link.
func TestPageWatch(t *testing.T) {
	node := listening(t, Config{})
	p := openTab(t, node)
	l := p.link()
	if l.current().stands() {
		t.Error("there is a watch that nobody has opened")
	}
	_, resp := p.webSocket(p.watchPath(p.prove(purposeWatch)), nil)
	// The key and its answer are those of RFC 6455 §1.3.
	if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("got %s %v", resp.Status, resp.Header)
	}
	await(t, "the node has the watch", func() bool { return l.current().stands() })
	for name, end := range map[string]func(net.Conn){
		"closed":    func(c net.Conn) { c.Close() },
		"reset":     func(c net.Conn) { c.(*net.TCPConn).SetLinger(0); c.Close() },
		"a frame":   func(c net.Conn) { c.Write([]byte{0x88, 0x80, 1, 2, 3, 4}) },
		"half shut": func(c net.Conn) { c.(*net.TCPConn).CloseWrite() },
	} {
		conn := p.watch(l)
		end(conn)
		await(t, "the watch has ended", func() bool { return !l.current().stands() })
		if _, err := l.conn.Ping(t.Context()); err != nil {
			t.Fatalf("%s: the link ended: %v", name, err)
		}
		_, _ = io.Copy(io.Discard, conn) // the node lets go of what has ended
	}
	last := p.watch(l)
	_ = l.conn.Close(nil)
	if n, err := last.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("when the link ends the page reads %d bytes, %v; want its end", n, err)
	}
}

// TestPageWatchAnew has a page open a second watch while the first stands: the last
// counts, and the first is closed.
func TestPageWatchAnew(t *testing.T) {
	p := openTab(t, listening(t, Config{}))
	l := p.link()
	first := p.watch(l)
	p.watch(l)
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the first: %v", err)
	}
	if l.conn.Err() != nil || !l.current().stands() {
		t.Error("the link or its watch has ended")
	}
}

// TestCrashedPage has a page's browser die: its watch ends, and nothing answers.
func TestCrashedPage(t *testing.T) {
	p := openTab(t, listening(t, Config{}))
	l := p.link()
	conn := p.watch(l)
	p.crash()
	began := time.Now()
	conn.Close()
	<-l.conn.Done()
	if err := l.conn.Err(); !errors.Is(err, ErrGone) {
		t.Errorf("the link ended with %v", err)
	}
	if took := time.Since(began); took < quickWait || took > 20*quickWait {
		t.Errorf("it took %v", took)
	}
}

// TestUnwatchedPage has a page that has no watch fall silent: it is asked, and gone if
// it does not answer.
func TestUnwatchedPage(t *testing.T) {
	p := openTab(t, listening(t, Config{}))
	l := p.link()
	a := l.channel.session.account
	longAgo := func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.heard = a.heard.Add(-unwatchedAfter)
	}
	longAgo()
	await(t, "it is asked, and heard", func() bool { return a.silence() < unwatchedAfter })
	if l.conn.Err() != nil {
		t.Fatal("it answers, and is gone: ", l.conn.Err())
	}
	p.crash()
	longAgo()
	<-l.conn.Done()
	if err := l.conn.Err(); !errors.Is(err, ErrTimeout) {
		t.Errorf("the link ended with %v", err)
	}
}

// TestYoungPageCrashes has a page's browser die before its watch stands: it is missed
// long before a page without one would be, unless linking took so long that it is given
// as much time.
func TestYoungPageCrashes(t *testing.T) {
	p := openTab(t, listening(t, Config{}))
	l := p.link()
	began := time.Now()
	p.crash()
	<-l.conn.Done()
	if err := l.conn.Err(); !errors.Is(err, ErrTimeout) {
		t.Errorf("the link ended with %v", err)
	}
	if took := time.Since(began); took >= max(unwatchedAfter, 2*youngShare*l.took) {
		t.Errorf("it took %v, and linking %v", took, l.took)
	}
}

// TestYoungPageIsBusy has a page's program say nothing for as long as its link is young:
// its browser lives, and so does the link.
func TestYoungPageIsBusy(t *testing.T) {
	p := openTab(t, listening(t, Config{}))
	resp, answer := p.post(p.session())
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %s", resp.Status, answer)
	}
	if err := p.take(answer); err != nil { // and nobody reads what comes
		t.Fatal(err)
	}
	conn, err := p.to.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := p.to.claims.linked(p.hello.Instance)
	l.seeYoung()
	if err := conn.Err(); err != nil {
		t.Errorf("the link ended with %v", err)
	}
	if conn.lastPing.Load() == 0 {
		t.Error("it was never asked")
	}
}

// TestWatchedPageIsLeftInPeace has a page that has a watch be silent for as long as
// others may.
func TestWatchedPageIsLeftInPeace(t *testing.T) {
	p := openTab(t, listening(t, Config{}))
	l := p.link()
	p.watch(l)
	a := l.channel.session.account
	a.mu.Lock()
	a.heard = a.heard.Add(-unwatchedAfter)
	a.mu.Unlock()
	before := l.conn.lastPing.Load()
	l.look(time.Now())
	if l.asking.Load() || l.conn.lastPing.Load() != before {
		t.Error("it is asked")
	}
}

// TestWatchWithoutProof has somebody who is not the page ask for its watch.
func TestWatchWithoutProof(t *testing.T) {
	node := listening(t, Config{})
	p := openTab(t, node)
	l := p.link()
	other := openTab(t, node)
	other.link()
	_, native := linkHere(t, listening(t, Config{}), node)
	stranger := openTab(t, node)
	used := p.prove(purposeWatch)
	conn, resp := p.webSocket(p.watchPath(used), nil)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(resp.Status)
	}
	await(t, "the node has the watch", func() bool { return l.current().stands() })
	tests := []struct {
		name   string
		path   string
		change map[string]string
		want   int
	}{
		{"no link", stranger.watchPath(stranger.prove(purposeWatch)), nil, 409},
		{"no proof", p.watchPath(""), nil, 409},
		{"a false proof", p.watchPath("99 00"), nil, 409},
		{"a proof that was used", p.watchPath(used), nil, 409},
		{"a proof for something else", p.watchPath(p.prove(purposeOffer)), nil, 409},
		{"another's proof", p.watchPath(other.prove(purposeWatch)), nil, 409},
		{"a node's link", watchPath + "?instance=" + native.conn.remote.Instance.String() + "&proof=1+00", nil, 409},
		{"no instance", watchPath + "?proof=1+00", nil, 400},
		{"nothing", watchPath, nil, 400},
		{"no WebSocket", p.watchPath(p.prove(purposeWatch)), map[string]string{"Upgrade": "h2c"}, 400},
		{"another version", p.watchPath(p.prove(purposeWatch)), map[string]string{"Sec-WebSocket-Version": "8"}, 400},
		{"no key", p.watchPath(p.prove(purposeWatch)), map[string]string{"Sec-WebSocket-Key": ""}, 400},
		{"a short key", p.watchPath(p.prove(purposeWatch)), map[string]string{"Sec-WebSocket-Key": "AAAA"}, 400},
		{"a name", p.watchPath(p.prove(purposeWatch)), map[string]string{"Host": "evil.example"}, 421},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, resp := p.webSocket(tt.path, tt.change)
			if resp.StatusCode != tt.want {
				t.Errorf("got %s, want %d", resp.Status, tt.want)
			}
			if resp.Header.Get("Sec-WebSocket-Accept") != "" {
				t.Error("it is accepted")
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("the connection is not closed: %v", err)
			}
		})
	}
	if w := l.current(); !w.stands() || w.RemoteAddr().String() != conn.LocalAddr().String() {
		t.Error("the page's watch is another, or none")
	}
	if native.conn.Err() != nil || l.conn.Err() != nil {
		t.Error("a link has ended")
	}
}

// TestWatchBeforeItsLink has a page open its watch a moment before our side is done
// with hello.
func TestWatchBeforeItsLink(t *testing.T) {
	page := anyInstance()
	theirs := token{1}
	ask := func(tr *Transport) (*link, error) {
		said := proof{page, purposeWatch, 1}.under(theirs, "")
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, (&tab{hello: Hello{Instance: page}}).watchPath(said), nil)
		if err != nil {
			t.Fatal(err)
		}
		return tr.whosePageWatch(r)
	}
	offered := func(tr *Transport) *attempt {
		at := netip.MustParseAddrPort("10.0.0.7:0")
		a := &attempt{instance: page, pair: pairOf(loopback, at, page), cancel: func(error) {}, over: make(chan struct{}), web: true}
		if _, err := tr.claims.claim(a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	inBubble := func(name string, f func(t *testing.T, tr *Transport)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f(t, &Transport{claims: newClaims(anyInstance(), 4), limits: newLimits(), sockets: &sockets{}})
			})
		})
	}
	inBubble("which comes", func(t *testing.T, tr *Transport) {
		a := offered(tr)
		time.AfterFunc(watchWait/2, func() {
			near, _ := Pipe(Hello{}, Hello{ID: NewIdentity().ID(), Instance: page, Web: true})
			near.remote.Instance, near.remote.Web = page, true
			_, _, err := tr.claims.link(a, &link{conn: near}, func(linked func(Instance) bool) { tr.tokens.set(page, theirs, linked) })
			if err != nil {
				t.Error(err)
			}
		})
		began := time.Now()
		if l, err := ask(tr); err != nil || l == nil || time.Since(began) != watchWait/2 {
			t.Errorf("got %v, %v after %v", l, err, time.Since(began))
		}
	})
	inBubble("which does not come", func(t *testing.T, tr *Transport) {
		offered(tr)
		began := time.Now()
		if _, err := ask(tr); err == nil || time.Since(began) != watchWait {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
	inBubble("which nobody offers", func(t *testing.T, tr *Transport) {
		began := time.Now()
		if _, err := ask(tr); err == nil || time.Since(began) != 0 {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

// TestForeignWatchesCostNothing has a page of another site open WebSockets without an
// end: what its host may ask for is all there still.
func TestForeignWatchesCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &Transport{limits: newLimits(), sockets: &sockets{}, claims: newClaims(anyInstance(), 4)}
		for n := range 2 * sourceBurst {
			r := httptest.NewRequest(http.MethodGet, "http://10.0.0.1:7475"+watchPath+"?instance="+anyInstance().String()+"&proof=1+00", nil)
			r.RemoteAddr = "10.0.0.7:4000"
			for key, value := range map[string]string{
				"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
				"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": "http://evil.example",
			} {
				r.Header.Set(key, value)
			}
			w := httptest.NewRecorder()
			tr.servePageWatch(w, r)
			if w.Code != http.StatusConflict || w.Header().Get("Connection") != "close" {
				t.Fatalf("try %d: %d %v", n, w.Code, w.Header())
			}
		}
		if !tr.limits.sources.allow(source(7), sourceBurst) || !tr.limits.strangers.AllowN(time.Now(), strangerBurst) {
			t.Error("its host has less left")
		}
	})
}
