package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/lanyap/lanyap/mesh"
)

const index = `<!doctype html><link rel="stylesheet" href="assets/style.css"><script type="module" src="assets/page.js"></script>`

var (
	script = strings.Repeat("// a script that compresses well\n", 100)
	wasm   = strings.Repeat("\x00asm", 1000)
)

// fixture is a small page.
func fixture() fstest.MapFS {
	return fstest.MapFS{
		"index.html":     {Data: []byte(index)},
		"page.js":        {Data: []byte(script)},
		"style.css":      {Data: []byte("a{}")}, // too small to be compressed
		"icon.svg":       {Data: []byte("<svg/>")},
		"lanyap.wasm.gz": {Data: zipped(wasm)},
		"parts/talk.js":  {Data: []byte("export {}")},
		"notes.txt":      {Data: []byte("not of the page")},
	}
}

func zipped(text string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return out.Bytes()
}

func unzipped(t *testing.T, r io.Reader) string {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func testHandler() *handler {
	return newHandler(Config{Room: "lan", Self: mesh.Peer{Name: "ana"}, Version: func() string { return "v1" }}, fixture())
}

// ask sends a request as a browser would, with header lines "Name: value".
func ask(h http.Handler, method, target string, lines ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRoutes(t *testing.T) {
	h := testHandler()
	hash := h.site.look().hash
	tests := []struct {
		target string
		status int
		media  string
		cache  string
	}{
		{"/", 200, "text/html; charset=utf-8", "no-cache"},
		{"/?name=bo", 200, "text/html; charset=utf-8", "no-cache"},
		{"/?room=lan", 200, "text/html; charset=utf-8", "no-cache"},
		{"/?room=", 200, "text/html; charset=utf-8", "no-cache"},
		{"/?room=other", 404, "text/html; charset=utf-8", "no-store"},
		{"/page.json", 200, "application/json", "no-store"},
		{"/assets/page.js", 200, "text/javascript; charset=utf-8", "no-cache"},
		{"/assets/lanyap.wasm", 200, "application/wasm", "no-cache"},
		{"/assets/" + hash + "/page.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/" + hash + "/style.css", 200, "text/css; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/" + hash + "/icon.svg", 200, "image/svg+xml", "public, max-age=31536000, immutable"},
		{"/assets/" + hash + "/parts/talk.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/" + hash + "/lanyap.wasm", 200, "application/wasm", "public, max-age=31536000, immutable"},
		{"/assets/0123456789abcdef/page.js", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets/", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets/parts/", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets/parts", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets/index.html", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets/lanyap.wasm.gz", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets/notes.txt", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets/../web.go", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets/..%2fweb.go", 404, "text/html; charset=utf-8", "no-store"},
		{"/assets//page.js", 404, "text/html; charset=utf-8", "no-store"},
		{"/index.html", 404, "text/html; charset=utf-8", "no-store"},
		{"/favicon.ico", 404, "text/html; charset=utf-8", "no-store"},
		{"/files/x", 404, "text/html; charset=utf-8", "no-store"}, // nobody moves them
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			resp := ask(h, method, tt.target, "Accept-Encoding: gzip")
			if resp.StatusCode != tt.status {
				t.Errorf("%s %s: %d, want %d", method, tt.target, resp.StatusCode, tt.status)
			}
			for name, want := range map[string]string{"Content-Type": tt.media, "Cache-Control": tt.cache} {
				if got := resp.Header.Get(name); got != want {
					t.Errorf("%s %s: %s: %q, want %q", method, tt.target, name, got, want)
				}
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	h := testHandler()
	h.Files = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
			"connect-src 'self' ws:; img-src 'self' data: blob:; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
		"Access-Control-Allow-Origin":  "",
	}
	for _, target := range []string{"/", "/page.json", "/assets/page.js", "/assets/lanyap.wasm", "/nothing", "/files/x", "/?room=other"} {
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			resp := ask(h, method, target)
			for name, value := range want {
				if got := resp.Header.Get(name); got != value {
					t.Errorf("%s %s: %s: %q, want %q", method, target, name, got, value)
				}
			}
		}
	}
}

func TestMethods(t *testing.T) {
	h := testHandler()
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"} {
		for _, target := range []string{"/", "/page.json", "/assets/page.js", "/nothing"} {
			resp := ask(h, method, target)
			if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, target, resp.StatusCode, resp.Header.Get("Allow"))
			}
		}
	}
}

func TestPageJSON(t *testing.T) {
	resp := ask(testHandler(), "GET", "/page.json")
	var got map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	node, _ := got["node"].(map[string]any)
	if got["room"] != "lan" || node["name"] != "ana" || got["you"] != "192.0.2.1" || got["version"] != "v1" || got["files"] != false {
		t.Errorf("page.json: %v", got)
	}
	for _, key := range []string{"id", "instance"} {
		if node[key] == nil || node[key] == "" {
			t.Errorf("page.json: the node has no %s: %v", key, got)
		}
	}
}

// TestAddressWithoutZone: a page cannot do anything with a zone of this host.
func TestAddressWithoutZone(t *testing.T) {
	for from, want := range map[string]string{
		"[fe80::1%eth0]:5": "fe80::1", "[::ffff:10.0.0.7]:5": "10.0.0.7", "pipe": "",
	} {
		r := httptest.NewRequest("GET", "/page.json", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		testHandler().ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `"you":"`+want+`"`) {
			t.Errorf("from %s: %s, want %q", from, w.Body, want)
		}
	}
}

func TestAnotherRoomIsNamed(t *testing.T) {
	h := testHandler()
	h.Room = `<b>&"`
	resp := ask(h, "GET", "/?name=a%26b&room=%3Cscript%3E")
	text := body(t, resp)
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("status %d", resp.StatusCode)
	}
	for _, want := range []string{"&lt;script&gt;", "&lt;b&gt;&amp;&#34;", `href="/?name=a%26b"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "<script>") || strings.Contains(text, "<b>") {
		t.Errorf("markup came through:\n%s", text)
	}
}

func TestWasmIsSentAsItIs(t *testing.T) {
	h := testHandler()
	for accept, packed := range map[string]bool{
		"gzip": true, "gzip, deflate": true, "br, gzip;q=0.5": true, "gzip;q=1.0": true,
		"": false, "identity": false, "br": false, "gzip;q=0": false, "deflate, gzip; q=0.0": false, "gzip;q=x": false,
	} {
		resp := ask(h, "GET", "/assets/lanyap.wasm", "Accept-Encoding: "+accept)
		got := resp.Header.Get("Content-Encoding") == "gzip"
		if got != packed {
			t.Errorf("%q: Content-Encoding %q", accept, resp.Header.Get("Content-Encoding"))
			continue
		}
		read := body
		if packed {
			read = func(t *testing.T, resp *http.Response) string { return unzipped(t, resp.Body) }
		}
		text := read(t, resp)
		if text != wasm {
			t.Errorf("%q: %d bytes came, want %d", accept, len(text), len(wasm))
		}
		if resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: Vary %q", accept, resp.Header.Get("Vary"))
		}
	}
}

func TestTextsAreCompressed(t *testing.T) {
	h := testHandler()
	resp := ask(h, "GET", "/assets/page.js", "Accept-Encoding: gzip")
	if resp.Header.Get("Content-Encoding") != "gzip" || resp.ContentLength > int64(len(script)) {
		t.Errorf("Content-Encoding %q, length %d", resp.Header.Get("Content-Encoding"), resp.ContentLength)
	}
	if got := unzipped(t, resp.Body); got != script {
		t.Errorf("%d bytes, want %d", len(got), len(script))
	}
	if got := body(t, ask(h, "GET", "/assets/page.js")); got != script {
		t.Errorf("without gzip: %d bytes, want %d", len(got), len(script))
	}
	if resp := ask(h, "GET", "/assets/style.css", "Accept-Encoding: gzip"); resp.Header.Get("Content-Encoding") != "" {
		t.Error("what only grows is compressed")
	}
}

// TestReloadCostsOneRequest: the page names everything by what never changes, and
// is itself not sent again.
func TestReloadCostsOneRequest(t *testing.T) {
	h := testHandler()
	resp := ask(h, "GET", "/")
	page := body(t, resp)
	hash := h.site.look().hash
	for _, want := range []string{`"assets/` + hash + `/style.css"`, `"assets/` + hash + `/page.js"`} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not in %s", want, page)
		}
	}
	again := ask(h, "GET", "/", "If-None-Match: "+resp.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
		t.Errorf("asked again: %d", again.StatusCode)
	}
	for _, accept := range []string{"gzip", "identity"} {
		for _, name := range []string{"page.js", "style.css", "lanyap.wasm"} {
			first := ask(h, "GET", "/assets/"+name, "Accept-Encoding: "+accept)
			again := ask(h, "GET", "/assets/"+name, "Accept-Encoding: "+accept, "If-None-Match: "+first.Header.Get("ETag"))
			if again.StatusCode != http.StatusNotModified {
				t.Errorf("%s of %s asked again: %d", accept, name, again.StatusCode)
			}
		}
	}
	a, b := ask(h, "GET", "/assets/lanyap.wasm", "Accept-Encoding: gzip"), ask(h, "GET", "/assets/lanyap.wasm")
	if a.Header.Get("ETag") == b.Header.Get("ETag") {
		t.Error("different bytes have one ETag")
	}
}

func TestNewVersionIsTakenAtOnce(t *testing.T) {
	before := testHandler()
	old := ask(before, "GET", "/").Header.Get("ETag")
	for name := range fixture() {
		if name == "notes.txt" {
			continue
		}
		files := fixture()
		files[name] = &fstest.MapFile{Data: append(bytes.Clone(files[name].Data), ' ')}
		after := newHandler(Config{Room: "lan", Version: func() string { return "" }}, files)
		resp := ask(after, "GET", "/", "If-None-Match: "+old)
		if resp.StatusCode != http.StatusOK || strings.Contains(body(t, resp), before.site.look().hash) {
			t.Errorf("with another %s: %d", name, resp.StatusCode)
		}
	}
}

// counting counts what is opened.
type counting struct {
	fs.FS
	opened atomic.Int32
}

func (c *counting) Open(name string) (fs.File, error) {
	c.opened.Add(1)
	return c.FS.Open(name)
}

func TestNothingIsReadBeforeSomebodyComes(t *testing.T) {
	files := &counting{FS: fixture()}
	h := newHandler(Config{Room: "lan", Version: func() string { return "" }}, files)
	ask(h, "GET", "/page.json")
	ask(h, "GET", "/?room=other")
	if n := files.opened.Load(); n != 0 {
		t.Errorf("%d files were opened", n)
	}
	ask(h, "GET", "/")
	if files.opened.Load() == 0 {
		t.Error("the page was made of nothing")
	}
}

func TestProgramWithoutAPage(t *testing.T) {
	h := newHandler(Config{Room: "lan", Version: func() string { return "" }}, fstest.MapFS{})
	if resp := ask(h, "GET", "/"); resp.StatusCode != http.StatusNotFound || !strings.Contains(body(t, resp), "no page in this program") {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// TestThePageInThisProgram: what is embedded is served, and the page names only what
// is there.
func TestThePageInThisProgram(t *testing.T) {
	h := New(Config{Room: "lan"})
	resp := ask(h, "GET", "/")
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
	rest := body(t, resp)
	for {
		_, after, more := strings.Cut(rest, `"assets/`)
		if !more {
			return
		}
		var name string
		name, rest, _ = strings.Cut(after, `"`)
		if resp := ask(h, "GET", "/assets/"+name); resp.StatusCode != http.StatusOK {
			t.Errorf("the page names assets/%s, which is answered by %d", name, resp.StatusCode)
		}
	}
}

// TestLocalhostHasAnAddress has a browser go on to the address that a name stands for:
// the page can link to an address alone.
func TestLocalhostHasAnAddress(t *testing.T) {
	server := httptest.NewServer(testHandler())
	defer server.Close()
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for host, want := range map[string]string{
		"localhost:1234": server.URL + "/?name=ana&room=%3C", "localhost": server.URL + "/?name=ana&room=%3C",
		"127.0.0.1:1234": "", "localhost.example": "", "[::1]:1234": "",
	} {
		req, err := http.NewRequest(http.MethodGet, server.URL+"/?name=ana&room=%3C", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != want || (resp.StatusCode == http.StatusTemporaryRedirect) != (want != "") {
			t.Errorf("%s: %s, %q; want %q", host, resp.Status, got, want)
		}
	}
}
