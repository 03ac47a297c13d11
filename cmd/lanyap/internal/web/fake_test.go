package web

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// emptyWasm is a module with nothing in it.
var emptyWasm = []byte("\x00asm\x01\x00\x00\x00")

// TestFake serves the page from this folder with a room that follows a script in
// place of the program, for whoever works on its looks:
//
//	LANYAP_FAKE=127.0.0.1:8000 go test -run TestFake -timeout 0 ./cmd/lanyap/internal/web
//
// and then http://127.0.0.1:8000/?scene=people+talk and others in testdata/fake.js. With
// LANYAP_FAKE_PRIVATE the room has a secret, which is whatever has not "wrong" in it.
func TestFake(t *testing.T) {
	addr := os.Getenv("LANYAP_FAKE")
	if addr == "" {
		t.Skip("LANYAP_FAKE names no address")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		cfg := Config{Room: "lan", Private: os.Getenv("LANYAP_FAKE_PRIVATE") != "", Self: mesh.Peer{Name: "bo@shelf"}, Files: http.HandlerFunc(fakeUpload)}
		newHandler(cfg, os.DirFS("assets")).ServeHTTP(w, r) // what there is now
	})
	for suffix, serve := range map[string]http.HandlerFunc{
		"wasm_exec.js": func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/fake.js") },
		"lanyap.wasm": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/wasm")
			_, _ = w.Write(emptyWasm)
		},
	} {
		mux.HandleFunc("/assets/{hash}/"+suffix, serve)
	}
	t.Logf("http://%s/", addr)
	if err := http.ListenAndServe(addr, mux); err != nil {
		t.Fatal(err)
	}
}

// fakeUpload takes what is uploaded, 1 MiB a second, and keeps none of it.
func fakeUpload(w http.ResponseWriter, r *http.Request) {
	offset, _ := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	buf := make([]byte, 100<<10)
	for {
		n, err := io.ReadFull(r.Body, buf)
		offset += int64(n)
		if err != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.Header().Set("Upload-Offset", strconv.FormatInt(offset, 10))
	w.WriteHeader(http.StatusNoContent)
}
