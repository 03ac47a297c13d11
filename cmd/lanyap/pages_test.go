package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/qr"
	"github.com/lanyap/lanyap/mesh"
)

func TestPageAddresses(t *testing.T) {
	tests := []struct {
		name      string
		addrs     string
		preferred string
		want      string
	}{
		{"one", "10.0.0.7:7475", "", "10.0.0.7:7475"},
		{"none", "", "", ""},
		{"no link-local address of IPv6", "10.0.0.7:7475 [fe80::1%eth0]:7475", "", "10.0.0.7:7475"},
		{"link-local alone", "[fe80::1%eth0]:7475", "", ""},
		{"link-local of IPv4", "169.254.3.4:7475", "", "169.254.3.4:7475"},
		{"loopback where there is nothing else", "127.0.0.1:7475", "", "127.0.0.1:7475"},
		{"no loopback beside others", "127.0.0.1:7475 10.0.0.7:7475 [::1]:7475", "", "10.0.0.7:7475"},
		{"private before public", "8.8.8.8:1 [2001:db8::1]:1 [fd00::1]:1 10.0.0.7:1 100.64.0.1:1", "", "10.0.0.7:1 100.64.0.1:1 [fd00::1]:1 8.8.8.8:1 [2001:db8::1]:1"},
		{"that of the route", "10.0.0.7:1 172.17.0.1:1 192.168.1.2:1", "192.168.1.2", "192.168.1.2:1 10.0.0.7:1 172.17.0.1:1"},
		{"private before that of the route", "10.0.0.7:1 8.8.8.8:1", "8.8.8.8", "10.0.0.7:1 8.8.8.8:1"},
		{"IPv6 alone", "[2001:db8::1]:7475 [fe80::1%eth0]:7475", "", "[2001:db8::1]:7475"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var addrs []netip.AddrPort
			for _, s := range strings.Fields(tt.addrs) {
				addrs = append(addrs, netip.MustParseAddrPort(s))
			}
			var preferred netip.Addr
			if tt.preferred != "" {
				preferred = netip.MustParseAddr(tt.preferred)
			}
			var got []string
			for _, a := range pageAddrs(addrs, preferred) {
				got = append(got, a.String())
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("%v, want %s", got, tt.want)
			}
		})
	}
}

// serving is a network in which a node can answer browsers.
type serving struct {
	network
	mu       sync.Mutex // guards handlers
	handlers map[string]http.Handler
}

func newServing(t *testing.T) *serving {
	return &serving{network: newNetwork(t), handlers: make(map[string]http.Handler)}
}

func (s *serving) on(host string, args ...string) *program {
	s.t.Helper()
	take := func(_ *mesh.Node, h http.Handler) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.handlers[host] = h
		return nil
	}
	return setting{network: s.lan.Host(host), handle: take}.start(s.t, s.args(host, args)...)
}

// ask asks the node of a host as a browser does.
func (s *serving) ask(host, target string) *http.Response {
	s.t.Helper()
	s.mu.Lock()
	h := s.handlers[host]
	s.mu.Unlock()
	if h == nil {
		s.t.Fatalf("%s answers no browsers", host)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Result()
}

// TestWhoServesThePage: commands that stay do, and say where; those that go do not.
func TestWhoServesThePage(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		args []string
		page bool
	}{
		{[]string{"chat", "--listen"}, true},
		{[]string{"chat", "--listen", "--no-page"}, false},
		{[]string{"receive", dir, "--yes", "--loop"}, true},
		{[]string{"receive", dir, "--yes", "--loop", "--no-page"}, false},
		{[]string{"share", dir}, true},
		{[]string{"share", dir, "--no-page"}, false},
		{[]string{"page"}, true},
		{[]string{"send", "--text", "hi", "--timeout", "5m"}, false},
		{[]string{"get", "bo:x", dir, "--timeout", "5m"}, false},
		{[]string{"say", "hi", "--timeout", "5m"}, false},
		{[]string{"peers", "--timeout", "5m"}, false},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServing(t)
				asJSON := s.on("ana", append(slices.Clone(tt.args), "--json")...)
				plain := s.on("bo", tt.args...)
				settle()
				if got := s.handlers["ana"] != nil; got != tt.page {
					t.Errorf("answers browsers: %t, want %t", got, tt.page)
				}
				for _, ready := range asJSON.of("ready") {
					urls, _ := ready["page"].([]any)
					if got := len(urls) == 1 && regexp.MustCompile(`^http://10\.0\.0\.\d:7475/$`).MatchString(fmt.Sprint(urls[0])); got != tt.page {
						t.Errorf("ready says page %v", ready["page"])
					}
				}
				all := plain.out.String() + plain.err.String()
				if got := strings.Contains(all, "http://10.0.0."); got != tt.page {
					t.Errorf("says where the page is: %t, want %t:\n%s", got, tt.page, all)
				}
				for _, p := range []*program{asJSON, plain} {
					p.cancel(nil)
					p.exit()
				}
			})
		})
	}
}

func TestPageLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServing(t)
		loud := s.on("ana", "chat", "--listen")
		quiet := s.on("bo", "chat", "--listen", "--quiet")
		settle()
		if want := "* page: http://10.0.0.1:7475/\n"; !strings.Contains(loud.err.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, loud.err.String())
		}
		if loud.out.String() != "" {
			t.Errorf("stdout: %q", loud.out.String())
		}
		if got := quiet.err.String(); got != "" {
			t.Errorf("with --quiet: %q", got)
		}
		resp := s.ask("ana", "/page.json")
		var about struct {
			Room    string
			Node    struct{ Name string }
			Version string
		}
		if err := json.NewDecoder(resp.Body).Decode(&about); err != nil || about.Room != "lan" || about.Node.Name != "ana" || about.Version == "" {
			t.Errorf("page.json: %+v, %v", about, err)
		}
		for _, p := range []*program{loud, quiet} {
			p.cancel(nil)
			p.exit()
		}
	})
}

func TestLanyapPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServing(t)
		box := s.on("box", "page")
		drawn := s.on("ana", "page", "--qr")
		asJSON := s.on("bo", "page", "--json")
		chat := s.on("cy", "chat", "--json")
		settle()
		if got := box.out.String(); got != "http://10.0.0.1:7475/\n" {
			t.Errorf("stdout: %q", got)
		}
		if want := "* you are box in room lan; browsers join at\n"; box.err.String() != want {
			t.Errorf("stderr: %q, want %q", box.err.String(), want)
		}
		code, address, _ := strings.Cut(drawn.out.String(), "http://")
		if want, _ := qr.Draw("http://10.0.0.2:7475/", 80, false); code != want+"\n" || address != "10.0.0.2:7475/\n" {
			t.Errorf("with --qr: %s", drawn.out.String())
		}
		ready := asJSON.of("ready")
		if len(ready) != 1 || fmt.Sprint(ready[0]["page"]) != "[http://10.0.0.3:7475/]" || ready[0]["room"] != "lan" || ready[0]["name"] != "bo" {
			t.Errorf("ready: %v", ready)
		}
		if joined := chat.of("joined"); len(joined) != 0 {
			t.Errorf("who only serves pages is somebody in a chat: %v", joined)
		}
		if resp := s.ask("box", "/?room=other"); resp.StatusCode != http.StatusNotFound {
			t.Errorf("another room: %d", resp.StatusCode)
		}
		box.running()
		box.cancel(&signalError{signal: syscall.SIGTERM})
		box.wantExit(128 + int(syscall.SIGTERM))
		for _, p := range []*program{drawn, asJSON, chat} {
			p.cancel(nil)
			p.exit()
		}
	})
}

// TestPageKeepsTheHistory: who comes when those who talked have left reads it from
// who serves the page.
func TestPageKeepsTheHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServing(t)
		box := s.on("box", "page")
		ear := s.on("ear", "chat", "--listen", "--json")
		settle()
		s.on("ana", "say", "remember this").wantExit(exitOK)
		ear.cancel(nil)
		ear.exit()
		settle()
		late := s.on("cy", "chat", "--listen", "--json", "--history", "10")
		settle()
		if got := late.texts(); len(got) != 1 || got[0] != "remember this" {
			t.Errorf("who came late reads %q", got)
		}
		for _, p := range []*program{box, late} {
			p.cancel(nil)
			p.exit()
		}
	})
}

// TestNoPageWithoutAPort: where no node can answer browsers, nothing is said of a
// page, and a command that is about nothing else fails.
func TestNoPageWithoutAPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		unsupported := func(*mesh.Node, http.Handler) error { return errors.ErrUnsupported }
		page := setting{network: n.lan.Host("box"), handle: unsupported}.start(t, n.args("box", []string{"page"})...)
		page.wantError(exitFailure, "can serve no page")
		chat := setting{network: n.lan.Host("ana"), handle: unsupported}.start(t, n.args("ana", []string{"chat", "--listen"})...)
		settle()
		if strings.Contains(chat.err.String(), "page") {
			t.Errorf("stderr: %s", chat.err.String())
		}
		chat.cancel(nil)
		chat.exit()
		broken := func(*mesh.Node, http.Handler) error { return errors.New("handled") }
		for _, args := range [][]string{{"chat", "--listen"}, {"page"}, {"share", t.TempDir()}, {"receive", "--yes"}} {
			p := setting{network: n.lan.Host("bo"), handle: broken}.start(t, n.args("bo", args)...)
			p.wantError(exitFailure, "handled")
		}
	})
}
