//go:build linux

package browser

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// site is a server with one page, which notes what happens to it.
const site = `<!doctype html><title>site</title>
<meta name=viewport content="width=device-width">
<style>body { margin: 0; background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>
<input id=box><button id=button>press</button><input id=file type=file multiple><input id=folder type=file webkitdirectory>
<div id=target style="height: 100px">drop here</div><a id=get href="/get" download>get</a><ul id=seen></ul>
<script>
const note = text => { const li = document.createElement("li"); li.textContent = text; seen.append(li) }
box.addEventListener("keydown", e => { if (e.key == "Enter") note((e.shiftKey ? "shifted " : "entered ") + box.value) })
box.addEventListener("keydown", e => { if (e.key == "Escape") note("escaped") })
button.addEventListener("click", e => note(e.isTrusted ? "clicked" : "scripted"))
button.addEventListener("touchstart", () => note("touched"))
file.addEventListener("change", async () => { for (const f of file.files) note("chose " + f.name + ": " + await f.text()) })
folder.addEventListener("change", () => { for (const f of folder.files) note("folder " + f.webkitRelativePath) })
target.addEventListener("dragover", e => e.preventDefault())
target.addEventListener("drop", async e => { e.preventDefault(); for (const f of e.dataTransfer.files) note("dropped " + f.name + ": " + await f.text()) })
document.addEventListener("visibilitychange", () => note(document.visibilityState))
document.addEventListener("freeze", () => note("frozen"))
document.addEventListener("resume", () => note("resumed"))
addEventListener("pagehide", () => navigator.sendBeacon("/bye"))
</script>`

type server struct {
	*httptest.Server
	mu   sync.Mutex // guards byes
	byes int
	kept atomic.Int32 // requests for what may be kept
}

func serve(t *testing.T) *server {
	s := new(server)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, site)
	})
	mux.HandleFunc("/bye", func(http.ResponseWriter, *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.byes++
	})
	mux.HandleFunc("/kept", func(w http.ResponseWriter, _ *http.Request) {
		s.kept.Add(1)
		w.Header().Set("Cache-Control", "max-age=3600")
		io.WriteString(w, "kept")
	})
	mux.HandleFunc("/get", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="got.txt"`)
		io.WriteString(w, "what was got")
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *server) gone() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byes
}

// noted is true where the page has noted a text.
func noted(text string) string {
	return fmt.Sprintf("[...seen.children].some(li => li.textContent === %q)", text)
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(content), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestChromium is one browser for all that needs no other: a start takes a
// second of two cores.
func TestChromium(t *testing.T) {
	s := serve(t)
	b := Start(t, Config{})
	for _, c := range []struct {
		name string
		test func(*testing.T, *server, *Browser)
	}{
		{"keys", testKeys},
		{"clicks and touches", testClicks},
		{"scripts", testScripts},
		{"files chosen and dropped", testFiles},
		{"downloads", testDownloads},
		{"hidden and frozen", testHidden},
		{"looks", testLooks},
		{"console", testConsole},
		{"ways to go", testGo},
		{"throttled", testThrottled},
		{"blocked", testBlocked},
		{"cache", testCache},
		{"crash", testCrash},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, s, b) })
	}
}

func testKeys(_ *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	tab.Type("#box", "hi <ü>\n")
	tab.Wait(noted("entered hi <ü>"))
	tab.Press("Shift+Enter")
	tab.Wait(noted("shifted hi <ü>"))
	tab.Press("Escape")
	tab.Wait(noted("escaped"))
	long := strings.Repeat("long ", 100)
	tab.Type("#box", long+"\n")
	tab.Wait(fmt.Sprintf("box.value.includes(%q)", long))
	tab.Close()
}

func testClicks(_ *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	tab.Click("#button")
	tab.Wait(noted("clicked"))
	tab.Phone()
	tab.Reload()
	tab.Tap("#button")
	tab.Wait(noted("touched"))
	tab.Close()
}

func testScripts(t *testing.T, s *server, b *Browser) {
	tab := b.Tab()
	var mu sync.Mutex
	var got []string
	tab.Bind("tell", func(text string) { mu.Lock(); defer mu.Unlock(); got = append(got, text) })
	tab.Before("globalThis.early = 1; tell('before ' + location.pathname)")
	tab.Go(s.URL + "/one")
	tab.Wait("document.title === 'site'")
	var sum int
	tab.Eval("Promise.resolve(early + 1)", &sum)
	if sum != 2 {
		t.Errorf("a promise became %d, want 2", sum)
	}
	tab.Eval("tell('from the page')", nil)
	want := []string{"before /one", "from the page"}
	if !b.until(patience, func() bool { mu.Lock(); defer mu.Unlock(); return slices.Equal(got, want) }) {
		t.Errorf("told %q, want %q", got, want)
	}
	if err := tab.TryEval("none.such", nil); err == nil || !strings.Contains(err.Error(), "ReferenceError") {
		t.Errorf("a script that throws: %v", err)
	}
	if tab.Until(10*time.Millisecond, "none.such") {
		t.Error("what throws is true")
	}
	tab.Eval("setTimeout(() => note('later'), 100)", nil)
	tab.Wait(noted("later"))
	// What is waited for may come with another document.
	tab.Eval("setTimeout(() => location = '/two', 100)", nil)
	tab.Wait("location.pathname === '/two'")
	tab.Close()
}

func testFiles(t *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	one, two := write(t, "one.txt", "1"), write(t, "two.txt", "2")
	tab.Choose("#file", one, two)
	tab.Wait(noted("chose one.txt: 1"))
	tab.Wait(noted("chose two.txt: 2"))
	tab.Drop("#target", one, two)
	tab.Wait(noted("dropped one.txt: 1"))
	tab.Wait(noted("dropped two.txt: 2"))
	tab.Choose("#folder", filepath.Dir(filepath.Dir(write(t, "album/2001/beach.jpg", "3"))))
	tab.Wait(noted("folder album/2001/beach.jpg"))
	tab.Close()
}

func testDownloads(t *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	tab.Click("#get")
	got := b.Downloaded(patience, 0)
	data, err := os.ReadFile(got.Path)
	if err != nil || string(data) != "what was got" || got.Name != "got.txt" || got.State != "completed" || got.Bytes != int64(len(data)) {
		t.Errorf("got %q, %v of %+v", data, err, got)
	}
	tab.Close()
}

func testHidden(_ *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	tab.Wait("!document.hidden")
	other := b.Tab()
	tab.Wait(noted("hidden"))
	tab.Freeze(true)
	tab.Freeze(false)
	tab.Front()
	tab.Wait(noted("frozen"))
	tab.Wait(noted("resumed"))
	tab.Wait(noted("visible"))
	other.Close()
	window := b.Window()
	window.Go(s.URL)
	window.Wait("!document.hidden")
	tab.Wait("!document.hidden")
	window.Close()
	tab.Close()
}

func testLooks(t *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	for _, dark := range []bool{true, false} {
		tab.Size(320, 480)
		tab.Dark(dark)
		tab.Wait(fmt.Sprintf("innerWidth === 320 && matchMedia('(prefers-color-scheme: dark)').matches === %v", dark))
		picture, err := png.Decode(bytes.NewReader(tab.Screenshot()))
		if err != nil {
			t.Fatal(err)
		}
		if got := picture.Bounds().Size(); got.X != 320 || got.Y != 480 {
			t.Errorf("a picture of %v, want 320 × 480", got)
		}
		if r, _, _, _ := picture.At(300, 470).RGBA(); (r == 0) != dark {
			t.Errorf("dark %v: the background has red %d", dark, r)
		}
	}
	tab.Close()
}

func testConsole(t *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	tab.Eval("console.log('said', 7); setTimeout(() => { throw new Error('uncaught') })", nil)
	has := func(text string) bool {
		return slices.ContainsFunc(tab.Console(), func(line string) bool { return strings.Contains(line, text) })
	}
	if !b.until(patience, func() bool { return has("log: said 7") && has("exception: Uncaught Error: uncaught") }) {
		t.Errorf("the console has %q", tab.Console())
	}
	tab.Close()
}

func testGo(t *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	tab.Reload()
	tab.Wait("document.title === 'site'")
	if err := tab.TryGo("http://127.0.0.1:1/"); err == nil || !strings.Contains(err.Error(), "ERR_") {
		t.Errorf("where nobody listens: %v", err)
	}
	before := s.gone()
	tab.Go(s.URL)
	tab.Wait("document.title === 'site'")
	tab.Close()
	eventually(t, "a tab that is closed says goodbye", func() bool { return s.gone() > before })
	tab = b.Tab()
	tab.NoScript()
	tab.Go(s.URL)
	tab.Wait("document.title === 'site'")
	var defined string
	tab.Eval("typeof note", &defined)
	if defined != "undefined" {
		t.Errorf("without scripts note is a %s", defined)
	}
	tab.Close()
}

func testThrottled(t *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	tab.Throttle(1_000_000, 300*time.Millisecond)
	begun := time.Now()
	tab.Eval("fetch('/get').then(r => r.text())", nil)
	if took := time.Since(begun); took < 250*time.Millisecond {
		t.Errorf("an answer took %v, want the latency of 300 ms", took)
	}
	work := func() (ms float64) {
		tab.Eval("(() => { const t = performance.now(); for (let i = 0, x = 0; i < 3e7; i++) x += i % 7; return performance.now() - t })()", &ms)
		return ms
	}
	full := work()
	for range 4 {
		full = min(full, work()) // others may want the processor, too
	}
	tab.Slow(20)
	if slow := work(); slow < 3*full {
		t.Errorf("a loop takes %.0f ms, and %.0f where the processor is 20 times slower", full, slow)
	}
	if b.CPU() == 0 {
		t.Error("no page has used any processor time")
	}
	tab.Close()
}

func testBlocked(t *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	tab.BlockURLs("*/get*")
	if err := tab.TryEval("fetch('/get')", nil); err == nil {
		t.Error("what is blocked was fetched")
	}
	tab.Eval("fetch('/other')", nil)
	tab.Close()
}

func testCache(t *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	for _, want := range []int32{1, 1, 2} {
		if want > 1 {
			b.ClearCache()
		}
		tab.Eval("fetch('/kept').then(r => r.text())", nil)
		if got := s.kept.Load(); got != want {
			t.Errorf("what may be kept was asked for %d times, want %d", got, want)
		}
	}
	tab.Close()
}

func testCrash(t *testing.T, s *server, b *Browser) {
	tab := b.Open(s.URL)
	tab.Wait("document.title === 'site'")
	tab.Crash()
	if tab.Until(time.Second, "true") {
		t.Error("a tab that has crashed answers")
	}
	other := b.Open(s.URL)
	other.Wait("document.title === 'site'")
	other.Close()
}

func TestNoStorage(t *testing.T) {
	s := serve(t)
	b := Start(t, Config{NoStorage: true})
	tab := b.Open(s.URL)
	tab.Wait("document.title === 'site'")
	for _, name := range []string{"localStorage", "sessionStorage"} {
		if err := tab.TryEval(name+".length", nil); err == nil || !strings.Contains(err.Error(), "denied") {
			t.Errorf("%s: %v, want it denied", name, err)
		}
	}
}

// TestTwoBrowsers has two run at once. One is killed, and its pages are gone
// with it; nothing of either is left behind.
func TestTwoBrowsers(t *testing.T) {
	s := serve(t)
	var dirs []string
	var pids []int
	t.Run("run", func(t *testing.T) {
		one, two := Start(t, Config{}), Start(t, Config{})
		for _, b := range []*Browser{one, two} {
			dirs = append(dirs, b.dir)
			b.Open(s.URL).Wait("document.title === 'site'")
			pids = append(append(pids, b.PID()), b.renderers()...)
		}
		one.Kill()
		two.Open(s.URL).Wait("document.title === 'site'")
		two.Close()
	})
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is left", dir)
		}
	}
	eventually(t, "all processes end", func() bool { return !slices.ContainsFunc(pids, runs) })
}

// runs reports whether there is such a process that has not ended.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !bytes.Contains(stat, []byte(") Z "))
}

// eventually waits for what nobody tells.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}
