//go:build linux

package hosts

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// browsed is a room for figures of pages: three nodes, of which the first serves, a
// page that stays, and a browser on another host that opens and closes one.
type browsed struct {
	t     testing.TB
	l     *lab.Lab
	nodes []*lab.Process
	other *page
	b     *browser.Browser
}

func newBrowsed(t *testing.T) *browsed {
	t.Helper()
	browser.Need(t, "chromium")
	needPage(t)
	l := lab.New(t)
	hosts := l.Switch().Hosts(5, lab.HostConfig{})
	r := &browsed{t: t, l: l, nodes: chatAll(t, hosts[:3])}
	awaitMesh(t, l, r.nodes)
	r.other = visit(l, browser.Start(t, browser.Config{On: hosts[3]}), r.nodes[0], "other")
	r.b = browser.Start(t, browser.Config{On: hosts[4]})
	awaitMesh(t, l, members(r.nodes, r.other))
	// A person's browser has long been running; a second after its start it is
	// still busy with itself.
	r.b.Tab()
	pause(l, 3*time.Second)
	return r
}

// open opens a page once and closes it again: how long it took until it was in the
// room with the node that serves it, and until it was linked to all four.
func (r *browsed) open(cold bool, as func(*browser.Tab)) (first, all time.Duration, ok bool) {
	r.t.Helper()
	if cold {
		r.b.ClearCache()
	}
	blank := r.b.Window()
	as(blank)
	tab := newTab(r.l, blank, "visitor")
	quiet(r.l)
	start := time.Now()
	tab.Go(named(address(r.nodes[0]), "visitor"))
	visitor := tab.document(0)
	ok = r.l.Until(2*tolerance, func() bool {
		linked := direct(visitor)
		return len(linked) == len(r.nodes)+1
	})
	linked := direct(visitor)
	first = linked[r.nodes[0].Self().Instance].Sub(start)
	for _, at := range linked {
		all = max(all, at.Sub(start))
	}
	visitor.leave()
	r.l.Until(tolerance, func() bool { return meshed(members(r.nodes, r.other)) })
	return first, all, ok && first > 0
}

// direct returns when a page was linked to each of those to whom it is.
func direct(p *page) map[string]time.Time {
	linked := make(map[string]time.Time)
	for _, ev := range p.Log().Events {
		switch {
		case ev.Type != "joined" && ev.Type != "rerouted":
		case ev.Via == nil && linked[ev.Peer.Instance].IsZero():
			linked[ev.Peer.Instance] = ev.At
		}
	}
	return linked
}

// opened measures rounds of open in turn, with an empty cache and with a full one.
func opened(t *testing.T, as func(*browser.Tab)) (string, int) {
	r := newBrowsed(t)
	var first, all [2]series
	r.open(true, as) // what a browser does once only is not the page's
	for range *rounds {
		for i, cold := range []bool{true, false} {
			one, four, ok := r.open(cold, as)
			if !ok {
				first[i].failed++
				continue
			}
			first[i].add(one)
			all[i].add(four)
		}
	}
	return fmt.Sprintf("first %s, cached %s; all 4: %s, cached %s", first[0].String(0.9), first[1].String(0.9), all[0].String(0.9), all[1].String(0.9)),
		len(first[0].samples) + len(first[1].samples)
}

func measurePageOpen(t *testing.T, _ contender) (string, int) {
	return opened(t, func(*browser.Tab) {})
}

// measurePhoneOpen is the same with a sixth of the processor and a network of
// 20 Mbit/s.
func measurePhoneOpen(t *testing.T, _ contender) (string, int) {
	return opened(t, func(tab *browser.Tab) {
		tab.Phone()
		tab.Slow(6)
		tab.Throttle(20_000_000, 0)
	})
}

// measurePageSize is of what is in the repository.
func measurePageSize(t *testing.T, _ contender) (string, int) {
	needPage(t)
	info, err := os.Stat("../web/assets/lanyap.wasm.gz")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%.2f MB", float64(info.Size())/1e6), 1
}

// measurePageSay has a page say 256 bytes ten times a second, and takes the time
// until it is told that all three nodes have it, by the page's own clock.
func measurePageSay(t *testing.T, _ contender) (string, int) {
	const total = 200 // in 20 s, which is as long as a page is asked
	browser.Need(t, "chromium")
	needPage(t)
	l := lab.New(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	nodes := chatAll(t, hosts[:3])
	awaitMesh(t, l, nodes)
	visitor := visit(l, browser.Start(t, browser.Config{On: hosts[3]}), nodes[0], "visitor")
	awaitMesh(t, l, members(nodes, visitor))
	quiet(l)
	l.Until(tolerance, func() bool { return len(direct(visitor)) == 3 })
	var took []float64
	visitor.Eval(fmt.Sprintf(`new Promise(done => {
		const at = new Map(), took = []
		browserHears = line => {
			const ev = JSON.parse(line)
			if (ev.type !== "delivered" || !at.has(ev.ref) || ev.count !== 3) return
			took.push(performance.now() - at.get(ev.ref))
			if (took.length === %d) done(took)
		}
		let n = 0
		const tick = setInterval(() => {
			if (n++ === %[1]d) return clearInterval(tick)
			const begun = performance.now()
			at.set(lanyap.say(("message " + n + " ").padEnd(256, "x"), ""), begun)
		}, 100)
		setTimeout(() => done(took), %[1]d * 100 + 5000)
	})`, total), &took)
	var samples []time.Duration
	for _, ms := range took {
		samples = append(samples, time.Duration(ms*float64(time.Millisecond)))
	}
	return millis(samples, 0.5, 0.99), len(samples)
}

// measurePageShows has two nodes say 200 messages of 256 bytes a second together,
// and takes the processor time of the page that shows them. Nobody looks over its
// shoulder meanwhile.
func measurePageShows(t *testing.T, _ contender) (string, int) {
	const seconds = 20
	browser.Need(t, "chromium")
	needPage(t)
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	nodes := chatAll(t, hosts[:2])
	awaitMesh(t, l, nodes)
	b := browser.Start(t, browser.Config{On: hosts[2]})
	tab := b.Open(named(address(nodes[0]), "visitor"))
	l.Await(patience, "the page is in the room", func() bool { return nodes[0].Present() == 2 && nodes[1].Present() == 2 })
	pause(l, 3*time.Second)
	idle := b.CPU()
	pause(l, 5*time.Second)
	idle = b.CPU() - idle
	before, start := b.CPU(), time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := range seconds * 100 {
		<-tick.C
		for _, p := range nodes {
			p.Say(fmt.Sprintf("message %d %s", i, strings.Repeat("x", 240)))
		}
	}
	tab.Wait(fmt.Sprintf(`document.querySelector("#messages").textContent.includes("message %d ")`, seconds*100-1))
	share := float64(b.CPU()-before) / float64(time.Since(start))
	return fmt.Sprintf("%.1f %%, idle %.1f %%", 100*share, 100*idle.Seconds()/5), 200 * seconds
}

// measurePageCost compares nodes that serve the page, which nobody opens, with
// those that do not: time from start to ready, and resident memory.
func measurePageCost(t *testing.T, _ contender) (string, int) {
	l := lab.New(t)
	h := l.Switch().Host(lab.HostConfig{})
	var start [2][]time.Duration
	var memory [2][]time.Duration // bytes, as quantile takes them
	for range *rounds {
		for i, args := range [][]string{{"--no-page"}, {}} {
			p := chat(t, h, args...)
			l.Await(patience, "it is ready", p.Ready)
			ready, _ := p.Find(func(ev lab.Event) bool { return ev.Type == "ready" })
			start[i] = append(start[i], ready.At.Sub(p.Started))
			pause(l, time.Second)
			memory[i] = append(memory[i], time.Duration(p.RSS()))
			stop(p)
		}
	}
	return fmt.Sprintf("%s ms and %.1f MB without, %s ms and %.1f MB with",
		digits(quantile(start[0], 0.5), time.Millisecond), float64(quantile(memory[0], 0.5))/1e6,
		digits(quantile(start[1], 0.5), time.Millisecond), float64(quantile(memory[1], 0.5))/1e6), 2 * *rounds
}

// plainSite serves a page that puts a file to where it comes from, and gives one.
func plainSite(t testing.TB, h *lab.Host, gives, takes string) string {
	t.Helper()
	listener, err := h.Listen(net.JoinHostPort(h.Addr.String(), "80"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<!doctype html><title>plain</title><input type=file id=files><a id=get href=/film download>get</a>`)
	})
	mux.HandleFunc("GET /film", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", "attachment")
		http.ServeFile(w, r, gives)
	})
	mux.HandleFunc("PUT /film", func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Create(takes)
		if err == nil {
			_, err = io.Copy(f, r.Body)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return fmt.Sprintf("http://%s/", h.Addr)
}

// pageFiles is two hosts, a browser on the second, and a gibibyte for each way.
type pageFiles struct {
	t        *testing.T
	l        *lab.Lab
	node     *lab.Host
	b        *browser.Browser
	up, down string // what is moved
}

// plain moves both ways over plain HTTP.
func (f *pageFiles) plain(url, takes string) (up, down time.Duration) {
	f.t.Helper()
	tab := f.b.Open(url)
	tab.Choose("#files", f.up)
	start := time.Now()
	tab.Eval(`globalThis.put = 0; fetch("/film", {method: "PUT", body: files.files[0]}).then(r => { put = r.status }), 0`, nil)
	if !tab.Until(5*patience, "put") {
		f.t.Fatal("the plain upload does not end")
	}
	up = time.Since(start)
	sameRoot(f.t, f.up, takes)
	n := len(f.b.Downloads())
	start = time.Now()
	tab.Click("#get")
	got := f.b.Downloaded(5*patience, n)
	down = time.Since(start)
	sameRoot(f.t, f.down, got.Path)
	os.Remove(got.Path)
	os.Remove(takes)
	tab.Close()
	return up, down
}

// ours moves both ways between a page and the node that serves it, where somebody
// chats, and takes at once what is offered.
func (f *pageFiles) ours() (up, down time.Duration) {
	f.t.Helper()
	node := chat(f.t, f.node, "--input", "json")
	f.l.Await(patience, "the node is ready", node.Ready)
	visitor := visit(f.l, f.b, node, "visitor")
	visitor.awaitKeeper()
	takes := inbox(f.t, f.node)
	start := time.Now()
	visitor.Choose("#files", f.up)
	f.l.Await(patience, "it is offered", func() bool { return last(node, "offer").Offer != "" })
	node.Say(fmt.Sprintf(`{"get":%q,"dir":%q}`, last(node, "offer").Offer, takes))
	f.l.Await(5*patience, "it has arrived", func() bool { return len(movings(node, "received")) > 0 })
	up = time.Since(start)
	sameRoot(f.t, f.up, filepath.Join(takes, "film"))
	node.Say(fmt.Sprintf(`{"send":%q,"to":"visitor"}`, f.down))
	visitor.awaitOffer("film", f.node.Name)
	start = time.Now()
	got := visitor.accept(f.b, 5*patience)
	down = time.Since(start)
	sameRoot(f.t, f.down, got.Path)
	os.Remove(got.Path)
	visitor.leave()
	quit(f.t, node)
	os.RemoveAll(takes)
	return up, down
}

// measurePageFiles moves a gibibyte from a page to the node that serves it, and
// back, disk to disk, and compares that with the same browser and plain HTTP
// between the same hosts.
func measurePageFiles(t *testing.T, _ contender) (string, int) {
	browser.Need(t, "chromium")
	needPage(t)
	l := lab.New(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	f := &pageFiles{t: t, l: l, node: hosts[0], up: film(t, hosts[1], gibibyte), down: film(t, hosts[0], gibibyte)}
	f.b = browser.Start(t, browser.Config{On: hosts[1]})
	takes := filepath.Join(hosts[0].StateDir, "taken")
	site := plainSite(t, hosts[0], f.down, takes)
	var took [4][]time.Duration
	for range moveRounds {
		syscall.Sync()
		for i, move := range []func() (up, down time.Duration){func() (up, down time.Duration) { return f.plain(site, takes) }, f.ours} {
			up, down := move()
			took[2*i], took[2*i+1] = append(took[2*i], up), append(took[2*i+1], down)
			t.Logf("%s: up %v, down %v", []string{"plain", "ours"}[i], up, down)
			syscall.Sync()
		}
	}
	rate := func(i int) float64 { return gibibyte / 1e6 / quantile(took[i], 0.5).Seconds() }
	return fmt.Sprintf("up %.0f MB/s: %.2f× of %.0f; down %.0f MB/s: %.2f× of %.0f",
		rate(2), rate(2)/rate(0), rate(0), rate(3), rate(3)/rate(1), rate(1)), moveRounds
}
