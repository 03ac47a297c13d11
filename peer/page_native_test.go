//go:build !js

package peer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"
)

// tab is a page as a browser runs it, as far as its peers can tell: it has no port,
// and speaks HTTP as browsers do.
type tab struct {
	*Transport // for its sockets and identity
	t          *testing.T
	hello      Hello
	http       *http.Client
	to         *Transport

	token  token
	offers uint64 // the count of its offer
	count  uint64 // of its proofs
	conn   *Conn  // to the node
	ss     *session
}

// openTab opens a page that a node serves.
func openTab(t *testing.T, to *Transport) *tab {
	t.Helper()
	p := &tab{Transport: listening(t, Config{Secret: to.secret}), t: t, to: to, http: &http.Client{Transport: new(http.Transport)}}
	t.Cleanup(p.http.CloseIdleConnections)
	p.hello = p.self
	p.hello.Web, p.offers = true, 1
	return p
}

// anew returns the same page as it is when it offers another link: over a socket of
// its own, as an RTCPeerConnection has it.
func (p *tab) anew() *tab {
	q := openTab(p.t, p.to)
	q.Transport.identity, q.hello, q.offers = p.identity, p.hello, p.offers+1
	return q
}

// session makes what a browser's RTCPeerConnection is.
func (p *tab) session() (offer string) {
	p.t.Helper()
	var err error
	if p.ss, err = p.newSession(loopback, p.to.Addrs()[0], true); err != nil {
		p.t.Fatal(err)
	}
	ss := p.ss
	p.t.Cleanup(ss.release)
	if offer, err = p.ss.offer(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	return offer
}

// request is what a page sends to the node that it was loaded from.
func (p *tab) request(method, path, body string) *http.Request {
	p.t.Helper()
	host := p.to.Addrs()[0].String()
	req, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+host+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for key, value := range map[string]string{
		headerVersion: protocolVersion, headerInstance: p.hello.Instance.String(), headerRoom: p.tag,
		headerPort: noPort, headerFor: p.to.self.Instance.String(), "Content-Type": sdpType, "Origin": "http://" + host,
	} {
		req.Header.Set(key, value)
	}
	return req
}

// post posts an offer and returns what the node answers.
func (p *tab) post(offer string) (*http.Response, string) {
	p.t.Helper()
	resp, err := p.http.Do(p.request(http.MethodPost, offerPath, offer))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp, string(body)
}

// open takes the answer and returns the data channel, over which hello is to come.
func (p *tab) open(answer string) (*rtcChannel, transcript, error) {
	p.t.Helper()
	d, err := parseDescription([]byte(answer))
	if err != nil {
		p.t.Fatal(err)
	}
	p.ss.expect()
	if err := p.ss.accept(webrtc.SDPTypeAnswer, d); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), dialTimeout)
	defer cancel()
	ch, err := p.ss.channel(ctx, d.fingerprint)
	return ch, transcript{room: p.room, offerer: p.fingerprint, answerer: d.fingerprint}, err
}

// door is the page's.
func (p *tab) door() *door {
	if p.secret.IsZero() {
		return nil
	}
	return &door{
		secret: p.secret, offerer: p.hello.Instance, answerer: p.to.self.Instance, token: p.token,
		ctx: p.ctx, keeper: new(doorkeeper),
	}
}

// take takes the answer and does hello.
func (p *tab) take(answer string) error {
	p.t.Helper()
	ch, script, err := p.open(answer)
	if err != nil {
		return err
	}
	said, err := greet(ch, greeting{hello: p.hello, count: p.offers}, p.identity, script, true, p.door())
	if err != nil {
		ch.hangUp(closingOf(err))
		return err
	}
	p.token = said.token
	p.ss.account.trust()
	p.conn = newConn(ch, said.hello)
	p.conn.spawn = p.spawn
	done := make(chan struct{})
	go func() {
		ch.hangUp(<-ch.closing)
		close(done)
	}()
	p.t.Cleanup(func() { _ = p.conn.Close(nil); <-done })
	return nil
}

// link links the page to its node and returns the node's end.
func (p *tab) link() *link {
	p.t.Helper()
	resp, answer := p.post(p.session())
	if resp.StatusCode != http.StatusCreated {
		p.t.Fatalf("the offer was answered with %s: %s", resp.Status, answer)
	}
	return p.joins(answer)
}

// joins takes an answer and returns the node's end of the link, which both sides read.
func (p *tab) joins(answer string) *link {
	p.t.Helper()
	if err := p.take(answer); err != nil {
		p.t.Fatal(err)
	}
	conn, err := p.to.Accept(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range []*Conn{p.conn, conn} {
		go func() {
			for {
				if _, err := c.ReadMessage(); err != nil {
					return
				}
			}
		}()
	}
	l := p.to.claims.linked(p.hello.Instance)
	if l == nil || l.conn != conn {
		p.t.Fatal("another link was accepted")
	}
	return l
}

// crash has nothing of the page's leave any more.
func (p *tab) crash() { _ = p.ss.socket.conn.UDPConn.Close() }

func (p *tab) prove(purpose string) string {
	p.count++
	return proof{p.hello.Instance, purpose, p.count}.under(p.token, "")
}

// watchPath is what the page opens its watch at.
func (p *tab) watchPath(proof string) string {
	return watchPath + "?" + url.Values{queryInstance: {p.hello.Instance.String()}, queryProof: {proof}}.Encode()
}

// TestPageLinks has a page offer a link: it is answered over a connection that the
// browser uses again, and told where it is seen.
func TestPageLinks(t *testing.T) {
	node := listening(t, Config{})
	p := openTab(t, node)
	resp, answer := p.post(p.session())
	if resp.StatusCode != http.StatusCreated || resp.Header.Get("Content-Type") != sdpType || resp.Header.Get(headerInstance) != node.self.Instance.String() {
		t.Fatalf("got %s %v: %s", resp.Status, resp.Header, answer)
	}
	if you := resp.Header.Get(headerYou); you != loopback.String() {
		t.Errorf("it is told that it is at %q", you)
	}
	l := p.joins(answer)
	if r := l.conn.Remote(); !r.Web || r.Instance != p.hello.Instance || len(r.Addrs) != 0 {
		t.Errorf("the node sees %+v", r)
	}
	if at := l.conn.RemoteAddr(); at != p.Addrs()[0] {
		t.Errorf("the page sends from %v, and is seen at %v", p.Addrs()[0], at)
	}
	if _, err := l.conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	reused := false
	trace := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
	again, err := p.http.Do(p.request(http.MethodGet, offerPath, "").WithContext(trace))
	if err != nil {
		t.Fatal(err)
	}
	again.Body.Close()
	if again.StatusCode != http.StatusNoContent || again.Header.Get(headerYou) != loopback.String() || !reused {
		t.Errorf("a question after that: %s %v, over the same connection: %v", again.Status, again.Header, reused)
	}
	_ = p.conn.Close(errors.New("enough"))
	<-l.conn.Done()
	var closed *CloseError
	if err := l.conn.Err(); !errors.As(err, &closed) || closed.Reason != "enough" {
		t.Errorf("the node's end: %v", err)
	}
}

// TestPagesOfOneHost has several pages of one browser link at once: none is in
// another's way, though they are at one address and have no ports.
func TestPagesOfOneHost(t *testing.T) {
	node := listening(t, Config{})
	var tabs []*tab
	var answers []string
	for range 5 {
		p := openTab(t, node)
		resp, answer := p.post(p.session())
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("page %d: %s: %s", len(tabs), resp.Status, answer)
		}
		tabs, answers = append(tabs, p), append(answers, answer)
	}
	for i, p := range tabs {
		p.joins(answers[i])
	}
	for i, p := range tabs {
		if _, err := p.conn.Ping(t.Context()); err != nil {
			t.Errorf("page %d: %v", i, err)
		}
	}
}

// TestPageOffersAnew has a page whose link the node still believes in offer another,
// as after a network that was gone: the new one takes its place.
func TestPageOffersAnew(t *testing.T) {
	node := listening(t, Config{})
	p := openTab(t, node)
	old := p.link()
	l := p.anew().link()
	<-old.conn.Done()
	if err := old.conn.Err(); !errors.Is(err, ErrReplaced) {
		t.Errorf("the old link ended with %v", err)
	}
	if _, err := l.conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestPageSaysSoTwice has the port that an offer names and hello's flag disagree.
func TestPageSaysSoTwice(t *testing.T) {
	t.Run("a port of none and no flag", func(t *testing.T) {
		node := listening(t, Config{})
		p := openTab(t, node)
		p.hello.Web = false
		_, answer := p.post(p.session())
		if p.take(answer) == nil {
			_, err := p.conn.ReadMessage()
			t.Log("the page's end: ", err)
		}
		noLinkFrom(t, node, p.hello.Instance)
	})
	t.Run("a flag and a port", func(t *testing.T) {
		node := listening(t, Config{})
		p := openTab(t, node)
		req := p.request(http.MethodPost, offerPath, p.session())
		req.Header.Set(headerPort, "4")
		req.Header.Del("Origin")
		resp, err := p.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if p.take(string(answer)) == nil {
			_, err := p.conn.ReadMessage()
			t.Log("the page's end: ", err)
		}
		noLinkFrom(t, node, p.hello.Instance)
	})
}

// noLinkFrom waits until nothing is left of an instance's attempts, and holds that
// they came to nothing.
func noLinkFrom(t *testing.T, node *Transport, in Instance) {
	t.Helper()
	await(t, "the attempt is over", func() bool {
		node.claims.mu.Lock()
		defer node.claims.mu.Unlock()
		return len(node.claims.attempts) == 0
	})
	if node.claims.linked(in) != nil {
		t.Error("it is linked")
	}
}

// TestPageThatGoesSilent has pages that offer and do no more: they are half-made links
// like others, of which there may be so many for so long.
func TestPageThatGoesSilent(t *testing.T) {
	node := listening(t, Config{})
	p := openTab(t, node)
	offer := p.session()
	for n := range maxHalfOpen {
		p.hello.Instance = anyInstance()
		if resp, body := p.post(offer); resp.StatusCode != http.StatusCreated {
			t.Fatalf("offer %d: %s: %s", n, resp.Status, body)
		}
	}
	p.hello.Instance = anyInstance()
	if resp, _ := p.post(offer); resp.StatusCode != http.StatusServiceUnavailable && resp.StatusCode != http.StatusCreated {
		t.Errorf("one more than there may be: %s", resp.Status)
	}
	node.halfOpen.mu.Lock()
	if n := len(node.halfOpen.slots); n > maxHalfOpen {
		t.Errorf("there are %d", n)
	}
	for v := range node.halfOpen.slots {
		v.cancel(ErrTimeout) // as their time does
	}
	node.halfOpen.mu.Unlock()
	noLinkFrom(t, node, p.hello.Instance)
	p.hello.Instance = p.self.Instance
	p.link()
}
