package peer

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"syscall/js"
	"testing"
	"time"
)

var (
	hereAddr  = netip.MustParseAddr("10.0.0.8")
	thereAddr = netip.MustParseAddr("10.0.0.9")
)

func listenPage(t *testing.T) *Transport {
	t.Helper()
	p, err := Listen(Config{Name: "page"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// carryTo brings offers to a page as members would, and its answers back.
func carryTo(from, to *Transport) func(context.Context, string) (Carried, error) {
	return func(ctx context.Context, offer string) (Carried, error) {
		answer, err := to.AnswerCarried(ctx, from.Self().Instance, Carried{SDP: offer, From: hereAddr})
		return Carried{SDP: answer, From: thereAddr}, err
	}
}

// linkPages links two pages of this process.
func linkPages(t *testing.T, a, b *Transport) (*Conn, *Conn) {
	t.Helper()
	near, err := a.DialCarried(t.Context(), b.Self().Instance, carryTo(a, b))
	if err != nil {
		t.Fatal(err)
	}
	far, err := b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

func TestPagesLink(t *testing.T) {
	fakeBrowser(t)
	a, b := listenPage(t), listenPage(t)
	near, far := linkPages(t, a, b)
	if near.Remote().Instance != b.Self().Instance || !near.Remote().Web || !far.Remote().Web {
		t.Errorf("linked to %+v and %+v", near.Remote(), far.Remote())
	}
	for _, m := range []string{"one", "two", "three"} {
		if err := near.WriteMessage([]byte(m)); err != nil {
			t.Fatal(err)
		}
		if got, err := far.ReadMessage(); string(got) != m || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, m)
		}
	}
	go func() { _, _ = far.ReadMessage() }()
	s, err := near.OpenChannel()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = s.Write([]byte("beside"))
	c, err := far.AcceptChannel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 6)
	if n, err := c.Read(p); string(p[:n]) != "beside" || err != nil {
		t.Errorf("got %q, %v over a channel", p[:n], err)
	}
}

// TestPagesOfferAtOnce has two pages offer to each other: one link comes of it.
func TestPagesOfferAtOnce(t *testing.T) {
	fakeBrowser(t)
	a, b := listenPage(t), listenPage(t)
	errs := make(chan error, 2)
	for _, p := range [][2]*Transport{{a, b}, {b, a}} {
		go func() {
			_, err := p[0].DialCarried(t.Context(), p[1].Self().Instance, carryTo(p[0], p[1]))
			errs <- err
		}()
	}
	one, other := <-errs, <-errs
	if (one == nil) == (other == nil) || !errors.Is(errors.Join(one, other), ErrLinked) {
		t.Errorf("dials ended with %v and %v, want one link and %v", one, other, ErrLinked)
	}
	accepted := b
	if a.self.Instance.String() > b.self.Instance.String() { // the lower one's goes on
		accepted = a
	}
	if conn, err := accepted.Accept(t.Context()); err != nil || conn.Err() != nil {
		t.Fatalf("there is no link: %v", err)
	}
	if _, err := a.DialCarried(t.Context(), b.Self().Instance, carryTo(a, b)); !errors.Is(err, ErrLinked) {
		t.Errorf("another offer: %v, want %v", err, ErrLinked)
	}
}

func TestPageOffersToItself(t *testing.T) {
	fakeBrowser(t)
	p := listenPage(t)
	if _, err := p.DialCarried(t.Context(), p.Self().Instance, carryTo(p, p)); !errors.Is(err, ErrSelf) {
		t.Errorf("dial: %v, want %v", err, ErrSelf)
	}
	if _, err := p.AnswerCarried(t.Context(), p.Self().Instance, Carried{SDP: fakeSDP}); !errors.Is(err, ErrSelf) {
		t.Errorf("answer: %v, want %v", err, ErrSelf)
	}
}

// TestOddOffersToAPage come from whoever sits in between.
func TestOddOffersToAPage(t *testing.T) {
	fakeBrowser(t)
	p := listenPage(t)
	for _, sdp := range []string{"", "x", strings.Repeat("a=x\r\n", maxDescription), strings.ReplaceAll(fakeSDP, "sha-256", "sha-1")} {
		if answer, err := p.AnswerCarried(t.Context(), Instance{1}, Carried{SDP: sdp, From: hereAddr}); err == nil {
			t.Errorf("%.20q is answered with %q", sdp, answer)
		}
	}
	noneAlive(t, 0)
}

// TestManyOffersToAPage come from one address, none of which becomes a link.
func TestManyOffersToAPage(t *testing.T) {
	fakeBrowser(t)
	p := listenPage(t)
	for i := range 2 * maxHalfOpenFrom {
		_, err := p.AnswerCarried(t.Context(), Instance{1, byte(i)}, Carried{SDP: fakeSDP, From: hereAddr})
		if full := i >= maxHalfOpenFrom; errors.Is(err, ErrFull) != full {
			t.Errorf("offer %d: %v, want %v only past %d", i, err, ErrFull, maxHalfOpenFrom)
		}
	}
	_ = p.Close()
	noneAlive(t, 0)
}

// fakeSDP is an offer from nowhere.
var fakeSDP = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 " +
	strings.TrimSuffix(strings.Repeat("00:", 32), ":") + "\r\na=ice-ufrag:9999\r\n"

func TestPagesWithoutCandidates(t *testing.T) {
	fakeBrowser(t)
	js.Global().Set("noCandidates", true)
	a, b := listenPage(t), listenPage(t)
	_, err := a.DialCarried(t.Context(), b.Self().Instance, carryTo(a, b))
	if !errors.Is(err, ErrNoWay) || !errors.Is(err, ErrUDP) {
		t.Errorf("dial: %v, want %v", err, ErrNoWay)
	}
	noneAlive(t, 0)
}

// TestPageSendsNowhereElse looks at what the browser is told of where others are.
func TestPageSendsNowhereElse(t *testing.T) {
	fakeBrowser(t)
	a, b := listenPage(t), listenPage(t)
	spoiled := func(ctx context.Context, offer string) (Carried, error) {
		offer += "a=candidate:2 1 udp 2 192.0.2.1 53 typ host\r\na=candidate:3 1 udp 2 192.168.7.7 4000 typ host\r\n"
		return carryTo(a, b)(ctx, offer)
	}
	if _, err := a.DialCarried(t.Context(), b.Self().Instance, spoiled); err != nil {
		t.Fatal(err)
	}
	l := b.claims.linked(a.Self().Instance)
	if l == nil {
		conn, err := b.Accept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l = b.claims.linked(conn.Remote().Instance)
	}
	told := l.channel.session.pc.Get("remote").String()
	for _, want := range []string{" 10.0.0.8 1000", " 192.168.7.7 4000 "} {
		if !strings.Contains(told, want) {
			t.Errorf("the browser is not told of %q: %s", want, told)
		}
	}
	for _, not := range []string{".local", "192.0.2.1"} {
		if strings.Contains(told, not) {
			t.Errorf("the browser is told of %q: %s", not, told)
		}
	}
}

// TestPageHides has the page go: the other side is told at once, before the handler
// has returned.
func TestPageHides(t *testing.T) {
	fakeBrowser(t)
	a, b := listenPage(t), listenPage(t)
	near, far := linkPages(t, a, b)
	b.events.forget() // it is in another page
	said := make(chan struct{})
	a.OnHide(func() {
		go func() {
			_ = near.WriteMessage([]byte("goodbye"))
			close(said)
		}()
	})
	js.Global().Get("windowEvents").Call("dispatchEvent", js.Global().Get("Event").New("pagehide"))
	select {
	case <-said:
	default:
		t.Error("what OnHide began was not done")
	}
	if got, err := far.ReadMessage(); string(got) != "goodbye" || err != nil {
		t.Errorf("got %q, %v, want goodbye", got, err)
	}
	var closed *CloseError
	if _, err := far.ReadMessage(); !errors.As(err, &closed) {
		t.Errorf("the link ended with %v, want a %T", err, closed)
	}
	if err := near.Err(); !errors.Is(err, ErrClosed) {
		t.Errorf("the page's link ended with %v, want %v", err, ErrClosed)
	}
}

// TestBrowserHearsNothing has the browser say so: a link that lives goes on, one
// that does not ends.
func TestBrowserHearsNothing(t *testing.T) {
	fakeBrowser(t)
	a, b := listenPage(t), listenPage(t)
	near, far := linkPages(t, a, b)
	go drainPage(near)
	reads := make(chan struct{})
	go func() {
		<-reads
		drainPage(far)
	}()
	pc := a.claims.linked(b.Self().Instance).channel.session.pc
	pc.Call("become", "disconnected")
	close(reads)
	if _, err := near.Ping(t.Context()); err != nil {
		t.Errorf("a link that lives: %v", err)
	}
	pc.Call("become", "failed")
	<-near.Done()
	if err := near.Err(); !errors.Is(err, ErrTimeout) {
		t.Errorf("ended with %v, want %v", err, ErrTimeout)
	}
}

func drainPage(c *Conn) {
	for {
		if _, err := c.ReadMessage(); err != nil {
			return
		}
	}
}

func TestNoPacketsBetweenPages(t *testing.T) {
	fakeBrowser(t)
	js.Global().Set("noPackets", true)
	a, b := listenPage(t), listenPage(t)
	_, err := a.DialCarried(t.Context(), b.Self().Instance, carryTo(a, b))
	if !errors.Is(err, ErrUDP) || errors.Is(err, ErrNoWay) {
		t.Errorf("dial: %v, want %v", err, ErrUDP)
	}
}

// noneAlive waits until so many RTCPeerConnections are left.
func noneAlive(t *testing.T, want int) {
	t.Helper()
	for range 500 {
		if js.Global().Get("alive").Int() == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d RTCPeerConnections are left, want %d", js.Global().Get("alive").Int(), want)
}

// TestManyLinks makes and ends links: nothing of them is left.
func TestManyLinks(t *testing.T) {
	fakeBrowser(t)
	a, b := listenPage(t), listenPage(t)
	count := 10_000
	if testing.Short() {
		count = 300
	}
	before := 0
	for i := range count {
		near, far := linkPages(t, a, b)
		_ = near.Close(nil)
		if _, err := far.ReadMessage(); err == nil {
			t.Fatal("a link that was closed goes on")
		}
		for a.claims.linked(b.Self().Instance) != nil || b.claims.linked(a.Self().Instance) != nil {
			time.Sleep(time.Millisecond)
		}
		if i == 0 {
			before = callbacksLeft()
		}
	}
	noneAlive(t, 0)
	if after := callbacksLeft(); after > before {
		t.Errorf("%d callbacks are left, %d after the first link", after, before)
	}
}

func callbacksLeft() int {
	callbacks.mu.Lock()
	defer callbacks.mu.Unlock()
	return len(callbacks.byID)
}

// pause lets events be delivered.
func pause() { time.Sleep(time.Millisecond) }

// TestPagesWithSecret links two pages of a room with a secret, and has one turned away
// that knows another.
func TestPagesWithSecret(t *testing.T) {
	fakeBrowser(t)
	listen := func(passphrase string) *Transport {
		p, err := Listen(Config{Name: "page", Secret: NewSecret("", passphrase)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		return p
	}
	a, b := listen("correct horse"), listen("correct horse")
	near, far := linkPages(t, a, b)
	if near.Remote().ID != b.Self().ID || near.Binding() != far.Binding() {
		t.Errorf("linked to %+v, bound to %x and %x", near.Remote(), near.Binding(), far.Binding())
	}
	for _, dials := range []bool{true, false} {
		from, to := listen("incorrect horse"), a
		if !dials {
			from, to = to, from
		}
		if _, err := from.DialCarried(t.Context(), to.Self().Instance, carryTo(from, to)); !errors.Is(err, ErrSecret) {
			t.Errorf("got %v, want %v", err, ErrSecret)
		}
	}
}
