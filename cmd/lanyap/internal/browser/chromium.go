//go:build linux

package browser

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// Browser is a Chromium that runs.
type Browser struct {
	*process
	pipe *pipe

	mu        sync.Mutex // guards what follows
	tabs      []*Tab
	downloads []*Download
	changed   chan struct{} // closed at the next event
}

// quietly has Chromium do nothing that no page asked for: it would call its
// maker, and a packet that leaves the network of a lab fails the test.
var quietly = []string{
	"--headless=new",
	"--no-sandbox", // tests run as root
	"--disable-gpu",
	"--disable-dev-shm-usage", // containers have 64 MiB
	"--no-first-run",
	"--no-default-browser-check",
	"--no-pings",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-domain-reliability",
	"--disable-sync",
	"--disable-breakpad",
	"--disable-default-apps",
	"--disable-extensions",
	"--disable-search-engine-choice-screen",
	"--metrics-recording-only",
	"--password-store=basic",
	"--disable-features=Translate,MediaRouter,OptimizationHints,OptimizationGuideModelDownloading,DialMediaRouteProvider,CertificateTransparencyComponentUpdater",
	// No name is looked up anywhere: a test that wants one adds a rule that says
	// what it is.
	"--host-resolver-rules=" + unresolved,
	"--remote-debugging-pipe",
}

// unresolved finds no name but localhost. Addresses are names to these rules.
const unresolved = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 10.*, EXCLUDE 127.*, EXCLUDE 172.*, EXCLUDE 192.168.*, EXCLUDE *:*"

// Resolve returns an argument by which the browser takes a name for an address,
// as a hostile DNS server may tell it at any time.
func Resolve(name, addr string) string {
	return "--host-resolver-rules=MAP " + name + " " + addr + ", " + unresolved
}

// Start starts a Chromium, which is ended with the test.
func Start(t testing.TB, cfg Config) *Browser {
	t.Helper()
	Need(t, "chromium")
	b := &Browser{process: newProcess(t), changed: make(chan struct{})}
	if cfg.NoStorage {
		b.write("Default/Preferences", `{"profile":{"default_content_setting_values":{"cookies":2}}}`)
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	b.pipe = &pipe{event: b.event, out: in, waiting: make(map[int]chan<- reply)}
	go b.pipe.read(out)
	args := append(slices.Clone(quietly), "--user-data-dir="+b.dir)
	// The browser reads from descriptor 3 and writes to 4.
	b.start(cfg.On, []*os.File{theirIn, theirOut}, "chromium", append(args, cfg.Args...)...)
	theirIn.Close()
	theirOut.Close()
	t.Cleanup(b.report)
	b.call("Browser.setDownloadBehavior", object{
		"behavior": "allow", "downloadPath": b.DownloadDir(), "eventsEnabled": true,
	}, nil)
	return b
}

type object = map[string]any

// limit is a context for what should happen at once.
func limit() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

// call is for what concerns no tab.
func (b *Browser) call(method string, params, result any) {
	b.t.Helper()
	ctx, cancel := limit()
	defer cancel()
	if err := b.pipe.call(ctx, "", method, params, result); err != nil {
		b.t.Fatal(err)
	}
}

// event is called by the goroutine that reads.
func (b *Browser) event(session, method string, params json.RawMessage) {
	if session == "" {
		b.downloadEvent(method, params)
	}
	b.mu.Lock()
	i := slices.IndexFunc(b.tabs, func(tab *Tab) bool { return tab.session == session })
	var tab *Tab
	if i >= 0 {
		tab = b.tabs[i]
	}
	b.mu.Unlock()
	if tab != nil {
		tab.event(method, params)
	}
	b.mu.Lock()
	close(b.changed)
	b.changed = make(chan struct{})
	b.mu.Unlock()
}

// until waits until cond holds, which it asks after each event, and reports
// whether it came to hold.
func (b *Browser) until(d time.Duration, cond func() bool) bool {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		if cond() {
			return true
		}
		select {
		case <-changed:
		case <-b.ended:
			return cond()
		case <-timeout.C:
			return cond()
		}
	}
}

// Kill ends the browser and all its pages at once, as kill -9 does.
func (b *Browser) Kill() { b.kill() }

// Close ends the browser as somebody does who closes it: pages get to know.
func (b *Browser) Close() {
	b.t.Helper()
	b.call("Browser.close", nil, nil)
	select {
	case <-b.ended:
	case <-time.After(patience):
		b.t.Errorf("browser: %v after it was closed it still runs", patience)
	}
	b.kill() // what did not end with it
}

// CPU returns the processor time of all pages that are open.
func (b *Browser) CPU() time.Duration {
	b.t.Helper()
	return cpu(b.renderers()...)
}

// renderers returns the process IDs of those that show pages.
func (b *Browser) renderers() []int {
	b.t.Helper()
	var list struct {
		ProcessInfo []struct {
			Type string
			ID   int
		}
	}
	b.call("SystemInfo.getProcessInfo", nil, &list)
	var pids []int
	for _, p := range list.ProcessInfo {
		if p.Type == "renderer" {
			pids = append(pids, p.ID)
		}
	}
	return pids
}

// DownloadDir is where files go that pages download. It is removed with the
// browser.
func (b *Browser) DownloadDir() string { return filepath.Join(b.dir, "downloads") }

// report shows what pages of a failed test have said.
func (b *Browser) report() {
	if !b.t.Failed() {
		return
	}
	b.mu.Lock()
	tabs := slices.Clone(b.tabs)
	b.mu.Unlock()
	for _, tab := range tabs {
		for _, line := range tab.Console() {
			b.t.Logf("%s: %.500s", tab.url, line)
		}
	}
}
