package peer

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"syscall/js"
	"testing"
)

// fakeNode answers each request with a status, some headers and a body, and counts
// them.
func fakeNode(t *testing.T, status int, headers map[string]any, body string) {
	t.Helper()
	kept := js.Global().Get("fetch")
	t.Cleanup(func() { js.Global().Set("fetch", kept) })
	js.Global().Set("fakeAnswer", map[string]any{"status": status, "headers": headers, "body": body})
	js.Global().Call("eval", `globalThis.requests = [];
		globalThis.fetch = async (url, options) => {
			requests.push({url, ...options});
			const a = fakeAnswer, status = options.method === "GET" ? 204 : a.status;
			return new Response(status === 204 ? null : a.body, {status, headers: a.headers});
		}`)
}

func answerHeaders(p *Transport, other Instance, change ...string) map[string]any {
	h := map[string]any{headerVersion: protocolVersion, headerInstance: other.String(), headerRoom: p.tag, headerYou: "10.0.0.8"}
	for i := 0; i+1 < len(change); i += 2 {
		h[change[i]] = change[i+1]
	}
	return h
}

func dialHost(ctx context.Context, p *Transport) error {
	_, err := p.Dial(ctx, Target{Addrs: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.7:7475")}})
	return err
}

func TestPageIsRefused(t *testing.T) {
	fakeBrowser(t)
	other := Instance{1}
	for _, test := range []struct {
		name   string
		status int
		change []string
		want   error
	}{
		{"another room", 404, nil, ErrRoom},
		{"another instance", 421, nil, ErrInstance},
		{"linked", 409, nil, ErrLinked},
		{"full", 503, nil, ErrFull},
		{"another version", 426, []string{headerVersion, "2"}, ErrVersion},
		{"another room, as it says itself", 201, []string{headerRoom, "0123"}, ErrRoom},
	} {
		p := listenPage(t)
		fakeNode(t, test.status, answerHeaders(p, other, test.change...), "")
		if err := dialHost(t.Context(), p); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if you := p.address(); you.String() != "10.0.0.8" {
			t.Errorf("%s: the page is at %v, want 10.0.0.8", test.name, you)
		}
	}
	noneAlive(t, 0)
}

func TestPageAsksNobodyElse(t *testing.T) {
	fakeBrowser(t)
	p := listenPage(t)
	fakeNode(t, 404, answerHeaders(p, Instance{1}), "")
	_, err := p.Dial(t.Context(), Target{Addrs: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.6:7475")}})
	if !errors.Is(err, errNotHost) {
		t.Errorf("dial of another node: %v, want %v", err, errNotHost)
	}
	if n := js.Global().Get("requests").Length(); n > 0 {
		t.Errorf("%d requests for it", n)
	}
}

// TestPageSaysWhoItIs looks at what a page sends.
func TestPageSaysWhoItIs(t *testing.T) {
	fakeBrowser(t)
	p := listenPage(t)
	other := Instance{1}
	fakeNode(t, 409, answerHeaders(p, other), "")
	_ = dialHost(t.Context(), p)
	requests := js.Global().Get("requests")
	if requests.Length() != 2 {
		t.Fatalf("%d requests, want a question and an offer", requests.Length())
	}
	for i, method := range []string{"GET", "POST"} {
		r := requests.Index(i)
		if url, got := r.Get("url").String(), r.Get("method").String(); url != offerPath || got != method {
			t.Errorf("%s %s, want %s %s", got, url, method, offerPath)
		}
		for name, want := range map[string]string{
			headerVersion: "1", headerInstance: p.self.Instance.String(), headerRoom: p.tag, headerPort: noPort,
		} {
			if got := r.Get("headers").Get(name).String(); got != want {
				t.Errorf("%s: %s %q, want %q", method, name, got, want)
			}
		}
	}
	if got := requests.Index(1).Get("headers").Get(headerFor).String(); got != other.String() {
		t.Errorf("the offer is for %s, want %s", got, other)
	}
}

func TestLongAnswerToAPage(t *testing.T) {
	fakeBrowser(t)
	p := listenPage(t)
	fakeNode(t, 201, answerHeaders(p, Instance{1}, "Content-Type", sdpType), strings.Repeat("x", maxDescription+1))
	if err := dialHost(t.Context(), p); !errors.Is(err, errLongReply) {
		t.Errorf("dial: %v, want %v", err, errLongReply)
	}
}

// TestPageGivesUpADial ends one that waits for an answer: the request is taken back.
func TestPageGivesUpADial(t *testing.T) {
	fakeBrowser(t)
	p := listenPage(t)
	fakeNode(t, 404, nil, "")
	js.Global().Call("eval", `globalThis.fetch = (url, options) => { globalThis.asked = options.signal; return new Promise(() => {}) }`)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- dialHost(ctx, p) }()
	for js.Global().Get("asked").IsUndefined() {
		pause()
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v, want %v", err, context.Canceled)
	}
	for !js.Global().Get("asked").Get("aborted").Bool() {
		pause()
	}
	noneAlive(t, 0)
}

func TestHostOfAPage(t *testing.T) {
	for host, want := range map[string]string{
		"10.0.0.7:7475":   "10.0.0.7:7475",
		"10.0.0.7":        "10.0.0.7:80",
		"[fd00::7]:7475":  "[fd00::7]:7475",
		"[fd00::7]":       "[fd00::7]:80",
		"localhost:7475":  "127.0.0.1:7475",
		"localhost":       "127.0.0.1:80",
		"localhost.x:80":  "",
		"lanyap.local:80": "",
		"":                "",
	} {
		at, ok := parseHost(host)
		if ok != (want != "") || ok && at.String() != want {
			t.Errorf("%q: %v, %v; want %q", host, at, ok, want)
		}
	}
}
