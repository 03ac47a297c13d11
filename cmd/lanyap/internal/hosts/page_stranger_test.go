//go:build linux

package hosts

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/peer"
)

// company is a private room in which something goes on: nodes and a page of names that
// nothing else can be mistaken for, words and files.
type company struct {
	l     *lab.Lab
	nodes []*lab.Process
	page  *page
	b     *browser.Browser
	words []string // that are nobody else's business: names, texts, files, what is in them
	ids   []peer.ID
}

const tale = "it was the best of times, it was the worst of times; "

// gather has nodes on the first hosts and a page on the last one of them be in the room.
func gather(t *testing.T, l *lab.Lab, hosts []*lab.Host) *company {
	t.Helper()
	c := &company{l: l, words: []string{cabinet, cabinetSecret, tale[:20]}}
	for i, h := range hosts[:len(hosts)-1] {
		c.nodes = append(c.nodes, run(t, h, append([]string{"chat", "--json", "--history", "1000", "--name", []string{"annabelle", "bartholomew"}[i]}, inCabinet(t, h)...)...))
	}
	awaitMesh(t, l, c.nodes)
	last := hosts[len(hosts)-1]
	c.b = browser.Start(t, browser.Config{On: last})
	c.page = guest(l, c.b, c.nodes[0], "penelope")
	c.page.host = last
	awaitMesh(t, l, c.all())
	for i, m := range c.all() {
		text := fmt.Sprintf("call me ishmael %d", i)
		m.Say(text)
		for _, o := range others(c.all(), m) {
			l.Await(patience, "it is heard", func() bool { return o.Heard(text) })
		}
	}
	c.words = append(c.words, "annabelle", "bartholomew", "penelope", "call me ishmael")
	for _, m := range c.all() {
		id, err := peer.ParseID(m.Self().ID)
		if err != nil {
			t.Fatal(err)
		}
		c.ids = append(c.ids, id)
	}
	return c
}

func (c *company) all() []member { return members(c.nodes, c.page) }

// story makes a file on a host of which every part can be told again.
func (c *company) story(t testing.TB, h *lab.Host, name string, size int) string {
	t.Helper()
	c.words = append(c.words, strings.TrimSuffix(name, filepath.Ext(name)))
	return put(t, filepath.Join(h.StateDir, name), []byte(strings.Repeat(tale, size/len(tale)+1)), 0o600)
}

// secrets returns what nobody else may see, in the forms in which it could be seen.
func (c *company) secrets() map[string][]byte {
	found := make(map[string][]byte)
	add := func(what string, raw []byte) {
		found[what] = raw
		found[what+" in hex"] = []byte(hex.EncodeToString(raw))
		found[what+" in base32"] = []byte(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:len(raw)/5*5]))
		for shift := range 3 {
			// Of groups of three bytes that are its own: the others depend on what is beside.
			text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), raw...))
			found[fmt.Sprintf("%s in base64 from byte %d on", what, shift)] = []byte(text[4*min(shift, 1) : (shift+len(raw))/3*4])
		}
	}
	for _, word := range c.words {
		add(word, []byte(word))
		found[word+" in a URL"] = []byte(url.QueryEscape(word))
	}
	for _, id := range c.ids {
		add("ID "+id.Short(), id[:])
		found["the text of ID "+id.Short()] = []byte(id.String()[:20])
		found["the short form of ID "+id.Short()] = []byte(id.Short())
	}
	for what, text := range found {
		if len(text) < 8 {
			panic(what + " is so short that it is in megabytes of anything")
		}
	}
	return found
}

// ask sends bytes to a node's port and returns all that is answered.
func ask(t testing.TB, from *lab.Host, node netip.AddrPort, request string) string {
	t.Helper()
	conn, err := from.Dial("tcp", node.String())
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); conn, err = from.Dial("tcp", node.String()) {
		time.Sleep(100 * time.Millisecond) // who calls so often has calls reset
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, request)
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(io.LimitReader(conn, 1<<20))
	return string(answer)
}

// TestStrangersLearnNothingByHTTP: whatever is asked of a node in a private room, while
// a page moves files through it, no answer has anything of the room in it.
func TestStrangersLearnNothingByHTTP(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	c := gather(t, l, hosts[:3])
	c.page.awaitKeeper()
	to := receive(t, l, hosts[1], inCabinet(t, hosts[1])...)
	c.page.Choose("#files", c.story(t, hosts[2], "manuscript.txt", 100_000))
	exits(t, to, 2*patience, 0)
	send(t, hosts[1], append(inCabinet(t, hosts[1]), c.story(t, hosts[1], "screenplay.txt", 100_000), "--to", "penelope")...)
	c.page.awaitOffer("screenplay.txt", hosts[1].Name)
	c.page.accept(c.b, 2*patience)

	at := netip.MustParseAddrPort(strings.TrimSuffix(strings.TrimPrefix(address(c.nodes[0]), "http://"), "/"))
	var urls []string // that the page used, with their tokens
	c.page.Eval(`performance.getEntriesByType("resource").map(e => new URL(e.name).pathname)`, &urls)
	for _, ev := range c.page.Log().Events {
		if _, rest, ok := strings.Cut(ev.Raw, `/files/`); ok {
			urls = append(urls, "/files/"+rest[:26], "/files/"+rest[:26]+"/", "/files/"+rest[:26]+"/x?from=5")
		}
	}
	paths := append(urls, "/", "/?room="+cabinet, "/?room=other", "/page.json", "/events", "/files/", "/files/x/y", "/v1", "/v1/", "/v1/offer", "/v1/watch",
		"/v1/watch?instance="+c.nodes[0].Self().Instance+"&proof=1+00", "/v1/members", "/v1/events", "/v1/history", "/debug/pprof/", "/assets/", "*", "//", "/../")
	tag := peer.RoomTag(cabinet)
	heads := []string{
		"",
		"Lanyap-Version: 1\r\nLanyap-Instance: 0123456789abcdef\r\nLanyap-Room: " + tag + "\r\nLanyap-Port: 7475\r\n",
		"Lanyap-Version: 1\r\nLanyap-Instance: 0123456789abcdef\r\nLanyap-Room: " + tag + "\r\nLanyap-Port: 0\r\nLanyap-Observer: 1\r\nLanyap-For: " + c.nodes[0].Self().Instance + "\r\n",
		"Lanyap-Version: 9\r\nLanyap-Instance: 0123456789abcdef\r\nLanyap-Room: " + tag + "\r\n",
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
		"Accept: text/event-stream\r\nUpload-Offset: 0\r\nRange: bytes=0-10\r\n",
	}
	secrets := c.secrets()
	look := func(asked, answer string) {
		t.Helper()
		lower := strings.ToLower(answer)
		for what, secret := range secrets {
			if strings.Contains(answer, string(secret)) || strings.Contains(lower, strings.ToLower(string(secret))) {
				t.Errorf("%q is answered with %s", asked, what)
			}
		}
	}
	count := 0
	for _, path := range paths {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "CONNECT", "TRACE"} {
			if strings.HasPrefix(path, "/assets/") && method != "GET" {
				continue
			}
			for _, head := range heads {
				body := offerOf(count, hosts[3].Addr.String()+" 40001")
				if method == "GET" || method == "HEAD" {
					body = ""
				}
				// The path alone is what was asked with: an answer may repeat it.
				request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n%s\r\n%s", method, path, at, len(body), head, body)
				answer := ask(t, hosts[3], at, request)
				look(method+" "+path, strings.ReplaceAll(answer, cabinet, ""))
				if strings.Contains(answer, cabinet) && !strings.Contains(path, cabinet) {
					t.Errorf("%s %s is answered with the room's name", method, path)
				}
				count++
			}
		}
	}
	for _, junk := range []string{"\x16\x03\x01\x02\x00", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "hello\n", strings.Repeat("\x00", 100)} {
		look(junk, ask(t, hosts[3], at, junk))
	}
	t.Logf("%d requests", count)
	if len(urls) < 10 || count < 500 {
		t.Errorf("only %d requests were made, and the page has used %d addresses", count, len(urls))
	}
	talk(t, l, c.all())
	verify(t, l, c.all()...)
}

// TestGuesserByThePage: a script in the page of a private room tries one secret after the
// other as quickly as it can. It has five, and then one in ten seconds; who knows the
// secret is let in meanwhile.
func TestGuesserByThePage(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	nodes := privately(t, l, hosts[:2])
	tab := locked(l, browser.Start(t, browser.Config{On: hosts[2]}), nodes[0], "guesser")
	begun := time.Now()
	tab.Eval(fmt.Sprintf(`(async () => {
		const about = await (await fetch("/page.json")).json()
		const heard = lanyapEvent
		let next = () => {}
		globalThis.lanyapEvent = line => { const e = JSON.parse(line); if (e.type === "refused" || e.type === "door" && e.busy) next() }
		globalThis.guessed = 0
		for (globalThis.guessing = true; guessing; guessed++) {
			const told = new Promise(ok => { next = ok; setTimeout(ok, 5000) })
			lanyap.join({
				name: "guesser", room: %q, secret: "wrong-secret-number-" + guessed, host: location.host, keeper: about.node.instance,
				seed: Array.from(crypto.getRandomValues(new Uint8Array(32)), b => b.toString(16).padStart(2, "0")).join(""),
			})
			await told
		}
	})(), 0`, cabinet), nil)
	guesser := tab.document(0)
	guesses := func() int {
		n := 0
		for _, ev := range guesser.Log().Events {
			if ev.Type == "refused" {
				n++
			}
		}
		return n
	}
	const burst, each = 5, 10 * time.Second
	l.Await(2*patience, "it has used what a guesser has", func() bool { return guesses() >= 3 })
	// Meanwhile somebody comes who knows it, and a page by an invite does.
	came := time.Now()
	nodes = append(nodes, chat(t, hosts[3], inCabinet(t, hosts[3])...))
	awaitMesh(t, l, nodes)
	t.Logf("the newcomer was in after %v", time.Since(came))
	pause(l, each)
	n, took := guesses(), time.Since(begun)
	var tried int
	tab.Eval("guessing = false, guessed", &tried)
	most := burst + int(took/each) + 1
	t.Logf("%d tries in %v, of which %d were guesses", tried, took, n)
	if n > most {
		t.Errorf("%d guesses were answered in %v, want %d at most", n, took, most)
	}
	if tried <= n {
		t.Errorf("only %d tries were made", tried)
	}
	talk(t, l, nodes)
	verify(t, l, nodes...)
}
