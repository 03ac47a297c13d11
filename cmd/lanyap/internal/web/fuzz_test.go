package web

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzServe has a browser ask for what it likes: no answer has markup of it.
func FuzzServe(f *testing.F) {
	f.Add("GET", "/?room=<script>alert(1)</script>&name=\"x", "127.0.0.1:7475", "gzip;q=0")
	f.Add("HEAD", "/assets/../../etc/passwd", "localhost", "gzip")
	f.Add("GET", "/page.json", "[::1]:1", "*")
	f.Add("PUT", "/files/a/b", "evil.example", "")
	f.Add("GET", "/assets/0123456789abcdef/page.js", "10.0.0.1", "br, gzip;q=0.5")
	h := testHandler()
	f.Fuzz(func(t *testing.T, method, target, host, accept string) {
		if _, err := url.ParseRequestURI(target); err != nil || strings.ContainsAny(method+target+host+accept, "\r\n\x00 ") {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\nAccept-Encoding: " + accept + "\r\n\r\n")))
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		resp := w.Result()
		if resp.Header.Get("Content-Security-Policy") == "" {
			t.Error("an answer without a policy")
		}
		if resp.StatusCode != http.StatusNotFound || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			return
		}
		const tags = 18 // of what sorry writes
		if body := w.Body.String(); strings.Count(body, "<") != tags || strings.Count(body, `"`)%2 != 0 {
			t.Errorf("%s %s: %d tags: %s", method, target, strings.Count(body, "<"), body)
		}
	})
}
