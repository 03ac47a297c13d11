//go:build linux

package hosts

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// A linker is a node that makes links and nothing else, and serves the page of
// package linkpage, which does the same in a browser. What a mesh would do for them,
// to carry offers above all, the test does.

// siteVariable names the directory that a linker serves.
const (
	siteVariable = "LANYAP_HOSTS_SITE"
)

var site struct {
	once sync.Once
	dir  string
	err  error
}

// linkSite builds the page once for each test process.
func linkSite(t testing.TB) string {
	t.Helper()
	site.once.Do(func() { site.dir, site.err = buildSite() })
	if site.err != nil {
		t.Fatal(site.err)
	}
	return site.dir
}

const siteHTML = `<!doctype html><title>links</title><script src="wasm_exec.js"></script><script src="start.js"></script>`

const siteScript = `const go = new Go();
WebAssembly.instantiateStreaming(fetch("page.wasm"), go.importObject).then(r => go.run(r.instance));`

func buildSite() (string, error) {
	dir, err := os.MkdirTemp("", "lanyap-site-")
	if err != nil {
		return "", err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	runtime, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, "page.wasm"), "./linkpage")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, errors.Join(
		os.WriteFile(filepath.Join(dir, "wasm_exec.js"), runtime, 0o644),
		os.WriteFile(filepath.Join(dir, "start.js"), []byte(siteScript), 0o644),
		os.WriteFile(filepath.Join(dir, "index.html"), []byte(siteHTML), 0o644),
	)
}

// linkReport is what a linker says.
type linkReport struct {
	Type     string  `json:"type"`
	Instance string  `json:"instance,omitempty"`
	Text     string  `json:"text,omitempty"`
	Addr     string  `json:"addr,omitempty"`
	Web      bool    `json:"web,omitempty"`
	Seconds  float64 `json:"seconds,omitempty"`
}

// linker is a process in that role.
type linker struct {
	*lab.Process
	t testing.TB
	l *lab.Lab
}

func startLinker(t *testing.T, l *lab.Lab, h *lab.Host, env ...string) *linker {
	t.Helper()
	p := &linker{startRole(t, h, "linker", append(env, siteVariable+"="+linkSite(t), addrVariable+"="+h.Addr.String())...), t, l}
	l.Await(patience, "a linker is ready", p.Ready)
	return p
}

// url is where its page is.
func (p *linker) url() string { return "http://" + p.addr().String() + "/" }

func (p *linker) addr() netip.AddrPort { return netip.AddrPortFrom(p.Host.Addr, 7475) }

func (p *linker) instance() string { return p.reports("ready")[0].Instance }

// reports returns those of one type.
func (p *linker) reports(kind string) []linkReport {
	var all []linkReport
	for _, ev := range p.Log().Events {
		var r linkReport
		if ev.Type == kind && json.Unmarshal([]byte(ev.Raw), &r) == nil {
			all = append(all, r)
		}
	}
	return all
}

// await waits for one more report of a type than there were, and returns it.
func (p *linker) await(kind string, before int) linkReport {
	p.t.Helper()
	p.l.Await(patience, fmt.Sprintf("%s reports %q", p.Host.Name, kind), func() bool { return len(p.reports(kind)) > before })
	return p.reports(kind)[before]
}

// command has it do something and returns what it reports then.
func (p *linker) command(kind, format string, args ...any) linkReport {
	p.t.Helper()
	before := len(p.reports(kind))
	p.Say(fmt.Sprintf(format, args...))
	return p.await(kind, before)
}

// linking is a linker's process, from inside.
type linking struct {
	t   *peer.Transport
	out func(linkReport)

	mu    sync.Mutex // guards conns
	conns map[string]*peer.Conn
}

// playLinker makes links, as it is told on its input, until that ends.
func playLinker(in *bufio.Scanner, out *json.Encoder) error {
	var mu sync.Mutex
	report := func(r linkReport) {
		mu.Lock()
		defer mu.Unlock()
		_ = out.Encode(r)
	}
	addr, err := netip.ParseAddr(os.Getenv(addrVariable))
	if err != nil {
		return err
	}
	around, _ := addr.Prefix(24)
	t, err := peer.Listen(peer.Config{Name: "node", Addrs: []netip.Addr{addr}, OnLink: around.Contains})
	if err != nil {
		return err
	}
	defer t.Close()
	t.Handle(http.FileServer(http.Dir(os.Getenv(siteVariable))))
	p := &linking{t: t, out: report, conns: make(map[string]*peer.Conn)}
	report(linkReport{Type: "ready", Instance: t.Self().Instance.String()})
	go p.accept()
	for in.Scan() {
		if err := p.do(strings.Fields(in.Text())); err != nil {
			return err
		}
	}
	return in.Err()
}

func (p *linking) accept() {
	for {
		conn, err := p.t.Accept(context.Background())
		if err != nil {
			return
		}
		p.keep(conn)
	}
}

// keep reads a link until it ends, says it back, and sends back what comes over its
// channels.
func (p *linking) keep(conn *peer.Conn) {
	in := conn.Remote().Instance.String()
	p.mu.Lock()
	p.conns[in] = conn
	p.mu.Unlock()
	p.out(linkReport{Type: "linked", Instance: in, Addr: conn.RemoteAddr().String(), Web: conn.Remote().Web})
	go func() {
		for {
			m, err := conn.ReadMessage()
			if err != nil {
				p.out(linkReport{Type: "ended", Instance: in, Text: err.Error()})
				return
			}
			if len(m) < 1000 {
				p.out(linkReport{Type: "heard", Instance: in, Text: string(m)})
			}
		}
	}()
	go func() {
		for {
			s, err := conn.AcceptChannel(context.Background())
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(s, s)
				_ = s.Close()
			}()
		}
	}()
}

// do does what a line of input says; the first word is what, the second to whom.
func (p *linking) do(words []string) error {
	p.mu.Lock()
	conn := p.conns[words[1]]
	p.mu.Unlock()
	if conn == nil && words[0] != "answer" {
		return fmt.Errorf("no link to %s", words[1])
	}
	switch words[0] {
	case "say":
		return conn.WriteMessage([]byte(words[2]))
	case "close":
		return conn.Close(nil)
	case "flood":
		go func() { p.out(linkReport{Type: "flooded", Seconds: flood(conn, words[2], words[3])}) }()
	case "echo":
		go func() { p.out(linkReport{Type: "echoed", Seconds: echoed(conn, words[2])}) }()
	case "answer": // FROM SDP, in base64
		return p.answer(words[1], words[2], words[3])
	}
	return nil
}

func (p *linking) answer(instance, from, encoded string) error {
	in, err := peer.ParseInstance(instance)
	if err != nil {
		return err
	}
	sdp, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	c := peer.Carried{SDP: string(sdp)}
	c.From, _ = netip.ParseAddr(from)
	answer, err := p.t.AnswerCarried(context.Background(), in, c)
	if err != nil {
		answer = "error: " + err.Error()
	}
	p.out(linkReport{Type: "answered", Instance: instance, Text: answer})
	return nil
}

// flood sends messages and returns in how many seconds, or a negative number.
func flood(conn *peer.Conn, counted, sized string) float64 {
	var count, size int
	if _, err := fmt.Sscan(counted+" "+sized, &count, &size); err != nil {
		return -1
	}
	message, began := make([]byte, size), time.Now()
	for range count {
		if err := conn.WriteMessage(message); err != nil {
			return -1
		}
	}
	if _, err := conn.Ping(context.Background()); err != nil {
		return -1
	}
	return time.Since(began).Seconds()
}

// echoed sends so many bytes through a channel and reads them back.
func echoed(conn *peer.Conn, sized string) float64 {
	var size int64
	if _, err := fmt.Sscan(sized, &size); err != nil {
		return -1
	}
	began := time.Now()
	s, err := conn.OpenChannel()
	if err != nil {
		return -1
	}
	defer s.Close()
	go func() {
		_, _ = io.CopyN(s, zeros{}, size)
		_ = s.CloseWrite()
	}()
	if n, err := io.Copy(io.Discard, s); err != nil || n != size {
		return -1
	}
	return time.Since(began).Seconds()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// linkTab is a tab with the page.
type linkTab struct {
	*browser.Tab
	t testing.TB
}

func openLinkTab(t testing.TB, b *browser.Browser, p *linker) *linkTab {
	t.Helper()
	tab := &linkTab{b.Open(p.url()), t}
	tab.Wait("globalThis.link")
	return tab
}

func quoted(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		q, _ := json.Marshal(a)
		out[i] = string(q)
	}
	return strings.Join(out, ", ")
}

// ask has the page do something and returns what it says.
func (tab *linkTab) ask(what string, args ...string) string {
	tab.t.Helper()
	said, err := tab.tryAsk(what, args...)
	if err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
	return said
}

func (tab *linkTab) tryAsk(what string, args ...string) (said string, err error) {
	var result struct{ Said, Error string }
	js := fmt.Sprintf(`link[%q](%s).then(said => ({said}), error => ({error}))`, what, quoted(args))
	if err := tab.TryEval(js, &result); err != nil {
		return "", err
	}
	if result.Error != "" {
		return "", errors.New(result.Error)
	}
	return result.Said, nil
}

// start has the page do something that others have to help with.
func (tab *linkTab) start(what string, args ...string) {
	tab.t.Helper()
	tab.Eval(fmt.Sprintf(`void (link.result = null, link[%q](%s).then(said => link.result = {said}, error => link.result = {error}))`, what, quoted(args)), nil)
}

// result waits for what became of start.
func (tab *linkTab) result() (string, error) {
	tab.t.Helper()
	tab.Wait("link.result")
	var r struct{ Said, Error string }
	tab.Eval("link.result", &r)
	if r.Error != "" {
		return "", errors.New(r.Error)
	}
	return r.Said, nil
}

func (tab *linkTab) self() (in string) {
	tab.t.Helper()
	tab.Eval("link.self", &in)
	return in
}

// hears waits until the page has heard a text of somebody.
func (tab *linkTab) hears(in, text string) {
	tab.t.Helper()
	tab.Wait(fmt.Sprintf("link.heard.some(m => m.instance === %q && m.text === %q)", in, text))
}

// pageEnd is a link that has ended, as a page says it.
type pageEnd struct {
	Instance, Why string
	At            float64 // milliseconds since 1970
}

func (tab *linkTab) ended() (all []pageEnd) {
	tab.t.Helper()
	tab.Eval("link.ended", &all)
	return all
}

// addrOf returns where the page finds somebody that it is linked to.
func (tab *linkTab) addrOf(in string) netip.AddrPort {
	tab.t.Helper()
	var addr string
	tab.Eval(fmt.Sprintf("link.linked.filter(l => l.instance === %q).at(-1)?.addr ?? ''", in), &addr)
	at, _ := netip.ParseAddrPort(addr)
	return at
}

// carry links the page to somebody whose answer, and where that is from, answer
// returns.
func (tab *linkTab) carry(to string, answer func(offer string) (sdp, from string)) {
	tab.t.Helper()
	if err := tab.tryCarry(to, answer); err != nil {
		tab.t.Fatalf("carried offer: %v", err)
	}
}

func (tab *linkTab) tryCarry(to string, answer func(offer string) (sdp, from string)) error {
	tab.t.Helper()
	var before int
	tab.Eval("link.offers.length", &before)
	tab.start("offer", to)
	tab.Wait(fmt.Sprintf("link.offers.length > %d || link.result", before))
	var offer string
	tab.Eval(fmt.Sprintf("link.offers[%d]?.sdp ?? ''", before), &offer)
	if offer != "" {
		sdp, from := answer(offer)
		tab.ask("answered", to, sdp, from)
	}
	_, err := tab.result()
	return err
}

// answer has the node answer an offer of a page that is on a host.
func (p *linker) answer(tab *linkTab, offer string, on *lab.Host) string {
	p.t.Helper()
	return p.answerTo(tab.self(), offer, on)
}

func (p *linker) answerTo(page, offer string, on *lab.Host) string {
	p.t.Helper()
	sdp := base64.StdEncoding.EncodeToString([]byte(offer))
	return p.command("answered", "answer %s %s %s", page, on.Addr, sdp).Text
}
