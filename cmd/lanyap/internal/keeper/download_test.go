package keeper

import (
	"archive/zip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// TestDownload: what is accepted comes while it arrives, and is the browser's from
// then on.
func TestDownload(t *testing.T) {
	inHouse(t, func(h *house) {
		data := noise(9 << 20)
		pia, _, sent, d := taking(h, map[string]string{"film": data})
		if got := bodyOf(t, h.request(http.MethodGet, d.text("url"), nil)); got != data {
			t.Error("another film came")
		}
		wait(t, sent)
		pia.await("done")
		h.want(h.request(http.MethodHead, d.text("url"), nil), http.StatusOK, fmt.Sprint("Content-Length: ", len(data)))
		h.want(h.request(http.MethodGet, d.text("url")+"anything", nil), http.StatusOK)
		h.want(h.request(http.MethodPost, d.text("url"), nil), http.StatusMethodNotAllowed, "Allow: GET, HEAD")
		time.Sleep(fetchedFor / 2)
		h.want(h.request(http.MethodGet, d.text("url"), nil), http.StatusOK)
		time.Sleep(fetchedFor / 2)
		h.want(h.request(http.MethodHead, d.text("url"), nil), http.StatusOK)
		time.Sleep(fetchedFor)
		h.want(h.request(http.MethodGet, d.text("url"), nil), http.StatusNotFound)

		_, _, _, d = taking2(h, pia, map[string]string{"book": "x"})
		pia.say(`{"do":"forget","id":%q}`, d.text("id"))
		pia.say(`{"do":"forget","id":%q}`, d.text("id"))
		pia.await("mistake") // the second
		h.want(h.request(http.MethodGet, d.text("url"), nil), http.StatusNotFound)
	})
}

// taking2 is taking with a page that is there.
func taking2(h *house, pia *tab, files map[string]string) (*tab, *native, *share.Transfer, news) {
	h.t.Helper()
	cy := h.native("cy")
	for len(cy.node.Present()) < 3 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Second) // until it knows who keeps whom
	sent := cy.send(pia.node.Self().ID, files)
	pia.say(`{"do":"accept","id":%q}`, pia.await("offer", "cy").text("id"))
	return pia, cy, sent, pia.await("download")
}

func TestRanges(t *testing.T) {
	inHouse(t, func(h *house) {
		data := noise(1 << 20)
		_, _, _, d := taking(h, map[string]string{"film": data})
		url := d.text("url")
		tag := h.request(http.MethodHead, url, nil).Header.Get("ETag")
		if tag == "" {
			t.Fatal("no ETag")
		}
		for _, tt := range []struct {
			lines []string
			from  int
			to    int // 0: all of it, by 200
		}{
			{[]string{"Range: bytes=500-"}, 500, len(data)},
			{[]string{"Range: bytes=0-99"}, 0, 100},
			{[]string{"Range: bytes=-10"}, len(data) - 10, len(data)},
			{[]string{"Range: bytes=500-", "If-Range: " + tag}, 500, len(data)},
			{[]string{"Range: bytes=500-", `If-Range: "other"`}, 0, 0},
			{[]string{"Range: lines=5-"}, -1, -1},
			{[]string{fmt.Sprintf("Range: bytes=%d-", len(data))}, -1, -1},
			{[]string{"Range: bytes=x"}, -1, -1},
		} {
			r := h.request(http.MethodGet, url, nil, tt.lines...)
			switch {
			case tt.from < 0:
				h.want(r, http.StatusRequestedRangeNotSatisfiable)
			case tt.to == 0:
				h.want(r, http.StatusOK)
				if bodyOf(t, r) != data {
					t.Errorf("%q: another film came", tt.lines)
				}
			default:
				h.want(r, http.StatusPartialContent, fmt.Sprintf("Content-Range: bytes %d-%d/%d", tt.from, tt.to-1, len(data)))
				if bodyOf(t, r) != data[tt.from:tt.to] {
					t.Errorf("%q: other bytes came", tt.lines)
				}
			}
		}
	})
}

func TestArchive(t *testing.T) {
	inHouse(t, func(h *house) {
		files := map[string]string{"slides/one": "1", "slides/deep/two": noise(700_000), "slides/empty": "", "notes.txt": "n"}
		_, _, _, d := taking(h, files)
		if d["zip"] != true || !strings.HasSuffix(d.text("name"), " and 1 more.zip") {
			t.Errorf("download: %v", d)
		}
		r := h.request(http.MethodGet, d.text("url"), nil, "Range: bytes=5-")
		h.want(r, http.StatusOK, "Content-Type: application/zip")
		body := bodyOf(t, r)
		if r.Header.Get("Content-Length") != fmt.Sprint(len(body)) {
			t.Errorf("%d bytes, Content-Length %s", len(body), r.Header.Get("Content-Length"))
		}
		z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for _, f := range z.File {
			if strings.HasSuffix(f.Name, "/") {
				continue
			}
			in, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			got[f.Name] = string(data)
		}
		if len(got) != len(files) {
			t.Errorf("%d files, want %d", len(got), len(files))
		}
		for name, data := range files {
			if got[name] != data {
				t.Errorf("%s is not what was sent", name)
			}
		}
		h.want(h.request(http.MethodHead, d.text("url"), nil), http.StatusOK, fmt.Sprint("Content-Length: ", len(body)))
	})
}

// TestSenderThatCancels: a browser that fetches is cut off, and one that comes later
// is told.
func TestSenderThatCancels(t *testing.T) {
	inHouse(t, func(h *house) {
		cy := h.tab("cy")
		pia := h.tab("pia")
		time.Sleep(time.Second)
		cy.offer("a1", nil, file{"film", 1 << 20, 0})
		pia.say(`{"do":"accept","id":%q}`, pia.await("offer").text("id"))
		d := pia.await("download")
		h.want(h.put(cy.await("upload").text("url"), 0, noise(600_000)), http.StatusNoContent)
		fetched := make(chan *http.Response)
		go func() { fetched <- h.request(http.MethodGet, d.text("url"), nil) }()
		time.Sleep(time.Second)
		cy.say(`{"do":"cancel","id":"a1"}`)
		if r := <-fetched; r.StatusCode != 0 {
			t.Errorf("a browser takes what it has for all: %d", r.StatusCode)
		}
		if n := pia.await("failed"); n.text("why") != "canceled" {
			t.Errorf("told %v", n)
		}
		h.want(h.request(http.MethodGet, d.text("url"), nil), http.StatusGone)
	})
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"film.mp4":               `attachment; filename=film.mp4`,
		"a film.mp4":             `attachment; filename="a film.mp4"`,
		"Grüße.txt":              `attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt`,
		`say "hi".txt`:           `attachment; filename="say _hi_.txt"`,
		"../../etc/passwd":       `attachment; filename=_.._etc_passwd`,
		`C:\boot.ini`:            `attachment; filename=C__boot.ini`,
		".bashrc":                `attachment; filename=bashrc`,
		"...":                    `attachment; filename=file`,
		"a\r\nSet-Cookie: x":     "",
		"evil\u202egpj.exe":      "",
		"<img src=x>.html":       `attachment; filename="_img src=x_.html"`,
		strings.Repeat("x", 255): `attachment; filename=` + strings.Repeat("x", 255),
	} {
		got := disposition(nameOf(&share.Offer{Items: []share.Item{{Name: name}}, Count: 1}))
		if want != "" && got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
		if strings.ContainsAny(got, "\r\n\x00/\\<>") || strings.Contains(got, "\u202e") || strings.Contains(got, "%E2%80%AE") {
			t.Errorf("%q: %q", name, got)
		}
	}
	for _, tt := range []struct {
		offer *share.Offer
		want  string
	}{
		{&share.Offer{Items: []share.Item{{Name: "slides", Dir: true}}, Count: 1}, "slides.zip"},
		{&share.Offer{Items: []share.Item{{Name: "a"}, {Name: "b"}}, Count: 70}, "a and 69 more.zip"},
		{&share.Offer{}, "files.zip"},
	} {
		if got := nameOf(tt.offer); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
