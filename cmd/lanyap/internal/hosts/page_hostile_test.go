//go:build linux

package hosts

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// attacker serves a page of another site on a host. It is empty: what it does is
// run in it by the tests.
func attacker(t *testing.T, h *lab.Host) string {
	t.Helper()
	listener, err := h.Listen(net.JoinHostPort(h.Addr.String(), "80"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<!doctype html><title>evil</title><body>")
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return fmt.Sprintf("http://%s/", h.Addr)
}

// TestPageOfAnotherSite has what a page of another site can do to a node from
// inside of a visitor's browser: it reads nothing, joins nothing, frames nothing,
// and opens no socket.
func TestPageOfAnotherSite(t *testing.T) {
	t.Parallel()
	anotherSite(t, browse(t), false)
}

// TestPrivateRoomOfAnotherSite is the same where the room has a secret.
func TestPrivateRoomOfAnotherSite(t *testing.T) {
	t.Parallel()
	anotherSite(t, browse(t), true)
}

func anotherSite(t *testing.T, l *lab.Lab, private bool) {
	t.Helper()
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	var args []string
	enter := visit
	if private {
		args, enter = inCabinet(t, hosts[0]), guest
	}
	nodes := []*lab.Process{chat(t, hosts[0], args...)}
	l.Await(patience, "the node is ready", nodes[0].Ready)
	// With these the browser lets a page reach private addresses without asking,
	// as those of last year do: the node is alone with what comes.
	b := browser.Start(t, browser.Config{On: hosts[1], Args: []string{
		"--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessSendPreflights"}})
	evil := b.Open(attacker(t, hosts[2]))
	evil.Wait(`document.title === "evil"`)
	victim := address(nodes[0])
	offer := fmt.Sprintf("%sv1/offer", victim)

	// An offer as a page would post it; the answer does not matter if it is not
	// taken.
	const sdp = `"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"`
	for name, js := range map[string]string{
		"read the page":        fmt.Sprintf(`fetch(%q)`, victim),
		"read what it tells":   fmt.Sprintf(`fetch(%q)`, victim+"page.json"),
		"post an offer":        fmt.Sprintf(`fetch(%q, {method: "POST", body: %s, headers: {"Lanyap-Port": "0"}})`, offer, sdp),
		"put a file":           fmt.Sprintf(`fetch(%q, {method: "PUT", body: "x", headers: {"Upload-Offset": "0"}})`, victim+"files/0123"),
		"open a WebSocket":     fmt.Sprintf(`new Promise((ok, no) => { const s = new WebSocket(%q); s.onopen = ok; s.onerror = no; s.onclose = no })`, "ws"+strings.TrimPrefix(victim, "http")+"v1/watch?instance=0123456789abcdef&proof=00"),
		"import its program":   fmt.Sprintf(`import(%q)`, victim+"assets/page.js"),
		"open an event stream": fmt.Sprintf(`new Promise((ok, no) => { const s = new EventSource(%q); s.onmessage = ok; s.onerror = no })`, victim+"page.json"),
	} {
		if err := evil.TryEval(`(async () => { await `+js+` })()`, nil); err == nil {
			t.Errorf("a page of another site may %s", name)
		}
	}
	// Without an answer that it may read it can still send.
	var kinds []string
	evil.Eval(fmt.Sprintf(`Promise.all([
		fetch(%[1]q, {method: "POST", mode: "no-cors", body: %[2]s}).then(r => r.type, () => "refused"),
		fetch(%[3]q, {mode: "no-cors"}).then(r => r.type, () => "refused"),
		navigator.sendBeacon(%[1]q, %[2]s) && "beacon",
	])`, offer, sdp, victim), &kinds)
	for _, kind := range kinds {
		if !slices.Contains([]string{"opaque", "refused", "beacon"}, kind) {
			t.Errorf("an answer of type %q", kind)
		}
	}
	// A form posts where a script may not, and goes there.
	evil.Eval(fmt.Sprintf(`(() => {
		const f = document.createElement("form")
		f.action = %q, f.method = "post", f.enctype = "text/plain", f.target = "form"
		const field = document.createElement("input")
		field.name = %s
		f.append(field)
		const frame = document.createElement("iframe")
		frame.name = "form"
		document.body.append(frame, f)
		f.submit()
	})()`, offer, sdp), nil)
	// In a frame it shows nothing.
	evil.Eval(fmt.Sprintf(`new Promise(done => {
		const frame = document.createElement("iframe")
		frame.src = %q
		frame.onload = frame.onerror = done
		document.body.append(frame)
	})`, victim), nil)
	framed := func() bool {
		return slices.ContainsFunc(evil.Console(), func(line string) bool {
			return strings.Contains(line, "frame-ancestors") || strings.Contains(line, "X-Frame-Options") || strings.Contains(line, "Refused to frame") || strings.Contains(line, "Framing")
		})
	}
	if !l.Until(patience, framed) {
		t.Errorf("the browser says nothing of a frame that it refuses: %q", evil.Console())
	}
	l.Stays(2*time.Second, "somebody joined", func() bool { return nodes[0].Present() > 0 })

	// The node is none the worse for it.
	visitor := enter(l, b, nodes[0], "visitor")
	all := members(nodes, visitor)
	awaitMesh(t, l, all)
	talk(t, l, all)
	verify(t, l, all...)
}

// TestRebinding has a name of the attacker's become the address of a node, so that
// its pages are of one site with it. The node answers to addresses only.
func TestRebinding(t *testing.T) {
	t.Parallel()
	rebinding(t, browse(t), false)
}

// TestPrivateRoomRebound is the same where the room has a secret.
func TestPrivateRoomRebound(t *testing.T) {
	t.Parallel()
	rebinding(t, browse(t), true)
}

func rebinding(t *testing.T, l *lab.Lab, private bool) {
	t.Helper()
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	var args []string
	if private {
		args = inCabinet(t, hosts[0])
	}
	node := chat(t, hosts[0], args...)
	l.Await(patience, "the node is ready", node.Ready)
	b := browser.Start(t, browser.Config{On: hosts[1], Args: []string{browser.Resolve("rebound.test", hosts[0].Addr.String())}})
	url := strings.Replace(address(node), hosts[0].Addr.String(), "rebound.test", 1)
	evil := b.Open(url)
	evil.Wait("document.readyState === 'complete'")
	var status int
	evil.Eval("performance.getEntriesByType('navigation')[0].responseStatus", &status)
	if status < 400 {
		t.Errorf("under a name that is not its own the node answers %d", status)
	}
	for _, path := range []string{"page.json", "assets/page.js", "v1/offer"} {
		evil.Eval(fmt.Sprintf("fetch(%q).then(r => r.status, () => 400)", "/"+path), &status)
		if status < 400 {
			t.Errorf("/%s is answered by %d", path, status)
		}
	}
	evil.Eval(`fetch("/v1/offer", {method: "POST", body: "v=0", headers: {"Lanyap-Port": "0"}}).then(r => r.status, () => 400)`, &status)
	if status < 400 {
		t.Errorf("an offer is answered by %d", status)
	}
	l.Stays(time.Second, "somebody joined", func() bool { return node.Present() > 0 })
}

// TestBrowsersThatLackSomething are told in a sentence what it is.
func TestBrowsersThatLackSomething(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := chat(t, hosts[0])
	l.Await(patience, "the node is ready", node.Ready)
	b := browser.Start(t, browser.Config{On: hosts[1]})
	for _, c := range []struct {
		name string
		make func(*browser.Tab)
		says string // in what is shown
	}{
		{"JavaScript is off", func(tab *browser.Tab) { tab.NoScript() }, "needs JavaScript"},
		{"no WebRTC", func(tab *browser.Tab) { tab.Before("delete globalThis.RTCPeerConnection") }, "WebRTC"},
		{"no WebAssembly", func(tab *browser.Tab) { tab.Before("delete globalThis.WebAssembly") }, "WebAssembly"},
		{"a program that does not load", func(tab *browser.Tab) { tab.BlockURLs("*/lanyap.wasm*") }, "could not start"},
	} {
		tab := b.Window()
		c.make(tab)
		tab.Go(address(node))
		if !tab.Until(patience, fmt.Sprintf("document.body.innerText.includes(%q)", c.says)) {
			var text string
			tab.Eval("document.body.innerText", &text)
			t.Errorf("%s: the page says %q, want something of %q", c.name, text, c.says)
		}
		tab.Close()
	}
	l.Stays(time.Second, "somebody joined", func() bool { return node.Present() > 0 })
}

// TestPageWithoutStorage: a browser that keeps nothing joins all the same.
func TestPageWithoutStorage(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := chat(t, hosts[0])
	l.Await(patience, "the node is ready", node.Ready)
	visitor := visit(l, browser.Start(t, browser.Config{On: hosts[1], NoStorage: true}), node, "visitor")
	all := members([]*lab.Process{node}, visitor)
	awaitMesh(t, l, all)
	talk(t, l, all)
	visitor.Wait(`document.querySelector("#keep").disabled`)
	verify(t, l, all...)
}

// markup is what must be shown as it is, wherever it comes from.
const markup = `<img src=x onerror="globalThis.owned=1"><script>owned=1</script>`

// TestMarkupIsText: names, messages and names of files are text.
func TestMarkupIsText(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	const name = `<b onclick=owned=1>bo</b><img src=x>`
	node := run(t, hosts[0], "chat", "--json", "--name", name)
	l.Await(patience, "the node is ready", node.Ready)
	b := browser.Start(t, browser.Config{On: hosts[1]})
	visitor := visit(l, b, node, "visitor")
	other := visit(l, b, node, markup[:60])
	all := members([]*lab.Process{node}, visitor, other)
	awaitMesh(t, l, all)
	node.Say(markup)
	other.Say(markup)
	visitor.shows(name, markup)
	visitor.shows(other.Self().Name, markup)
	visitor.Wait(fmt.Sprintf(`document.querySelector("#people [data-name=" + CSS.escape(%q) + "]")`, name))
	visitor.awaitKeeper()
	path := file(t, hosts[2], "<i>film&amp;.jpg", 1000)
	from := send(t, hosts[2], path, "--to", "visitor")
	visitor.awaitOffer("<i>film&amp;.jpg", hosts[2].Name)
	sameRoot(t, path, visitor.accept(b, patience).Path)
	exits(t, from, patience, 0)
	for _, p := range []*page{visitor, other} {
		var made bool
		p.Eval(`"owned" in globalThis || document.querySelectorAll("#messages img, #messages script, #messages b, #people b, #people img, #offers i").length > 0`, &made)
		if made {
			t.Errorf("%s has made elements of what others wrote", p.Name)
		}
	}
	verify(t, l, all...)
}

// TestFileNamesThatArePaths: whatever a page calls what it offers, nothing is
// written but where files are received; the page is told that it may not.
func TestFileNamesThatArePaths(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomWithPages(t, 2, 1)
	visitor := pages[0]
	visitor.awaitKeeper()
	to := receive(t, l, nodes[1].Host, "--loop")
	for i, name := range []string{"../../escaped", "/etc/escaped", "a/../../escaped", `..\escaped`, "a\x00b", ".", "", strings.Repeat("x", 5000)} {
		visitor.Eval(fmt.Sprintf(`lanyap.ask(JSON.stringify({do: "offer", id: "bad%d", to: [], files: [{path: %q, size: 1, time: 0}]}))`, i, name), nil)
		id := fmt.Sprintf(`"id":"bad%d"`, i)
		answered := func() bool {
			return visitor.Has(func(ev lab.Event) bool {
				said := strings.ReplaceAll(ev.Raw, `\"`, `"`)
				return ev.Type == "keeper" && (strings.Contains(said, `"is":"failed"`) || strings.Contains(said, `"is":"mistake"`)) && (strings.Contains(said, id) || strings.Contains(said, `"is":"mistake"`))
			})
		}
		// A backslash is a letter of a name where this runs.
		if !strings.Contains(name, `\`) && !l.Until(patience, answered) {
			t.Errorf("an offer of %.20q is not refused", name)
		}
	}
	good := file(t, visitor.host, "good", 1000)
	visitor.Choose("#files", good)
	l.Await(2*patience, "a good one arrives", func() bool {
		return slices.ContainsFunc(movings(to, "received"), func(m moving) bool { return filepath.Base(m.Path) == "good" })
	})
	quit(t, to)
	holds(t, nodes[1].Host, "good")
}

// TestAnotherRoom: an address that names another room than the node is in says so,
// and nobody joins.
func TestAnotherRoom(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := chat(t, hosts[0], "--room", "attic")
	l.Await(patience, "the node is ready", node.Ready)
	b := browser.Start(t, browser.Config{On: hosts[1]})
	tab := b.Open(address(node) + "?room=cellar")
	tab.Wait(`/attic/.test(document.body.innerText) && /cellar/.test(document.body.innerText)`)
	l.Stays(time.Second, "somebody joined", func() bool { return node.Present() > 0 })
	visitor := newTab(l, b.Window(), "visitor")
	visitor.Go(address(node) + "?room=attic&name=visitor")
	all := members([]*lab.Process{node}, visitor.document(0))
	awaitMesh(t, l, all)
	talk(t, l, all)
	verify(t, l, all...)
}
