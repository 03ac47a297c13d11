package keeper

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/sealed"
)

// key returns that of a line.
func (n news) key(t *testing.T) sealed.Key {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(n.text("key"))
	if err != nil || len(key) != sealed.KeySize {
		t.Fatalf("%v has no key: %v", n, err)
	}
	return sealed.Key(key)
}

func seal(key sealed.Key, offset int64, data string) string {
	var out bytes.Buffer
	w := sealed.NewWriter(&out, key, from(offset))
	_, _ = io.WriteString(w, data) // a Buffer takes all
	_ = w.Close()
	return out.String()
}

// unsealed returns what a response has sealed.
func unsealed(t *testing.T, resp *http.Response, key sealed.Key, offset int64) string {
	t.Helper()
	text, err := io.ReadAll(sealed.NewReader(resp.Body, key, from(offset)))
	if err != nil {
		t.Errorf("what comes is not as it was sealed: %v", err)
	}
	return string(text)
}

func TestSealedUpload(t *testing.T) {
	inSealedHouse(t, func(h *house) {
		data := noise(1 << 20)
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		pia.say(`{"do":"offer","id":"a1","to":[%q],"files":[{"path":"film","size":%d,"time":0}]}`, bo.id(), len(data))
		got := bo.take(bo.offer())
		line := pia.await("upload")
		url, key := line.text("url"), line.key(t)
		put := func(at int64, body string, status int, offset int64) {
			t.Helper()
			h.want(h.request(http.MethodPut, url, strings.NewReader(body), fmt.Sprint("Upload-Offset: ", at)), status, fmt.Sprint("Upload-Offset: ", offset))
		}
		h.want(h.request(http.MethodHead, url, nil), http.StatusNoContent, "Upload-Offset: 0", fmt.Sprint("Upload-Length: ", len(data)))
		put(0, data[:1000], http.StatusRequestTimeout, 0)                                // in clear
		put(0, seal(sealed.NewKey(), 0, data[:1000]), http.StatusRequestTimeout, 0)      // by another key
		put(0, seal(key, 1000, data[:1000]), http.StatusRequestTimeout, 0)               // for another place
		put(0, seal(key, 0, data+"x"), http.StatusRequestEntityTooLarge, 0)              // too much
		put(7, seal(key, 7, data[7:1000]), http.StatusConflict, 0)                       // not where it ends
		put(0, seal(key, 0, data[:300_000])[:200_000], http.StatusRequestTimeout, 3<<16) // cut: whole pieces stay
		put(3<<16, seal(key, 3<<16, data[3<<16:500_000]), http.StatusNoContent, 500_000)
		put(500_000, seal(key, 500_000, data[500_000:]), http.StatusNoContent, int64(len(data)))
		wait(t, got)
		if landed(t, bo.dir)["film"] != data {
			t.Error("another film has landed")
		}
	})
}

func TestSealedDownload(t *testing.T) {
	inSealedHouse(t, func(h *house) {
		data := noise(1 << 20)
		pia, _, sent, d := taking(h, map[string]string{"book": data})
		url, key := d.text("url"), d.key(t)
		wait(t, sent)
		pia.await("done")
		want := fmt.Sprint("Content-Length: ", sealed.Size(int64(len(data))))
		resp := h.request(http.MethodGet, url, nil)
		h.want(resp, http.StatusOK, want, "Content-Disposition: attachment", "ETag: ", "Cache-Control: no-store")
		if unsealed(t, resp, key, 0) != data {
			t.Error("another book has come")
		}
		h.want(h.request(http.MethodHead, url, nil), http.StatusOK, want)
		const at = 123_456
		resp = h.request(http.MethodGet, url+"?from=123456", nil)
		if unsealed(t, resp, key, at) != data[at:] {
			t.Error("another end of the book has come")
		}
		for _, odd := range []string{"?from=-1", "?from=x", "?from=99999999999"} {
			if resp := h.request(http.MethodGet, url+odd, nil); unsealed(t, resp, key, 0) != data {
				t.Errorf("%s: another book has come", odd)
			}
		}
	})
}

func TestSealedArchive(t *testing.T) {
	inSealedHouse(t, func(h *house) {
		pia, _, sent, d := taking(h, map[string]string{"album/a": "one", "album/b": noise(100_000)})
		wait(t, sent)
		pia.await("done")
		text := unsealed(t, h.request(http.MethodGet, d.text("url"), nil), d.key(t), 0)
		if z, err := zip.NewReader(strings.NewReader(text), int64(len(text))); err != nil || len(z.File) < 2 {
			t.Errorf("no archive of two: %v", err)
		}
	})
}

// TestSealedTellsNothing: who listens, or asks, sees no name of a file or a member, and
// nothing that is in a file.
func TestSealedTellsNothing(t *testing.T) {
	inSealedHouse(t, func(h *house) {
		pia, bo, sent, d := taking(h, map[string]string{"manuscript": strings.Repeat("call me ishmael ", 1000)})
		wait(t, sent)
		pia.await("done")
		pia.say(`{"do":"offer","id":"a1","to":[%q],"files":[{"path":"screenplay","size":10,"time":0}]}`, bo.id())
		bo.take(bo.offer())
		up := pia.await("upload")
		secrets := []string{
			"manuscript", "ishmael", "screenplay",
			h.node.Self().ID.String(), bo.id().String(), pia.node.Self().ID.String(),
		}
		names := regexp.MustCompile(`\b(kim|pia|bo)\b`) // in what is sealed they may be by chance
		look := func() {
			t.Helper()
			for _, url := range []string{d.text("url"), d.text("url") + "manuscript", d.text("url") + "?from=3", up.text("url"), "/files/", "/files/nothing", "/files/nothing/x"} {
				for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"} {
					resp := h.request(method, url, strings.NewReader("x"), "Upload-Offset: 0", "Range: bytes=0-100")
					text, _ := io.ReadAll(resp.Body)
					all := strings.ToLower(fmt.Sprintln(resp.Status, resp.Header, string(text)))
					for _, secret := range secrets {
						if strings.Contains(all, secret) {
							t.Errorf("%s %s is answered with %q", method, url, secret)
						}
					}
					said := strings.ToLower(fmt.Sprintln(resp.Status, resp.Header))
					if resp.StatusCode >= http.StatusBadRequest {
						said = all
					}
					if name := names.FindString(said); name != "" {
						t.Errorf("%s %s is answered with %q", method, url, name)
					}
				}
			}
		}
		look()
		if strings.Contains(d.text("url"), "manuscript") {
			t.Errorf("the address names the file: %s", d.text("url"))
		}
		pia.say(`{"do":"withdraw","id":"a1"}`)
		pia.say(`{"do":"forget","id":%q}`, d.text("id"))
		pia.await("done", "a1")
		look()
	})
}

// TestOpenRoomsAreAsBefore: where nothing has to be sealed nothing has a key.
func TestOpenRoomsAreAsBefore(t *testing.T) {
	inHouse(t, func(h *house) {
		_, _, _, d := taking(h, map[string]string{"book": "x"})
		if _, has := d["key"]; has || !strings.HasSuffix(d.text("url"), "/book") {
			t.Errorf("the line is %v", d)
		}
	})
}
