package keeper

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// taking has bo send files to a page, which takes them.
func taking(h *house, files map[string]string) (pia *tab, bo *native, sent *share.Transfer, download news) {
	h.t.Helper()
	bo = h.native("bo")
	pia = h.tab("pia", bo)
	sent = bo.send(pia.node.Self().ID, files)
	pia.say(`{"do":"accept","id":%q}`, pia.await("offer").text("id"))
	return pia, bo, sent, pia.await("download")
}

func TestTakeWhatIsOffered(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		data := noise(3 << 20)
		sent := bo.send(pia.node.Self().ID, map[string]string{"film.mp4": data})
		offer := pia.await("offer")
		from := offer["from"].(map[string]any)
		item := offer["items"].([]any)[0].(map[string]any)
		if from["name"] != "bo" || from["id"] != bo.id().String() || item["name"] != "film.mp4" ||
			offer.number("size") != int64(len(data)) || offer.number("files") != 1 || offer.number("count") != 1 {
			t.Errorf("offered: %v", offer)
		}
		pia.say(`{"do":"accept","id":%q}`, offer.text("id"))
		pia.say(`{"do":"accept","id":%q}`, offer.text("id")) // once more, since it may not have been heard
		d := pia.await("download")
		if d.text("name") != "film.mp4" || d["zip"] != false || !strings.HasSuffix(d.text("url"), "/film.mp4") {
			t.Errorf("download: %v", d)
		}
		r := h.request(http.MethodGet, d.text("url"), nil)
		h.want(r, http.StatusOK, fmt.Sprint("Content-Length: ", len(data)), "Content-Type: application/octet-stream",
			"Content-Disposition: attachment; filename=film.mp4", "Cache-Control: no-store")
		if bodyOf(t, r) != data {
			t.Error("another film came")
		}
		wait(t, sent)
		pia.await("done", offer.text("id"))
		pia.silent(time.Second, "mistake", "failed")

		again := bo.send(pia.node.Self().ID, map[string]string{"no": "x"})
		pia.say(`{"do":"decline","id":%q}`, pia.await("offer").text("id"))
		<-again.Done()
		if !errors.Is(again.Err(), share.ErrDeclined) {
			t.Errorf("declined: %v", again.Err())
		}
	})
}

func TestOfferThatIsWithdrawn(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		sent := bo.send(pia.node.Self().ID, map[string]string{"film": "x"})
		offer := pia.await("offer")
		sent.Cancel()
		if n := pia.await("withdrawn"); n.text("id") != offer.text("id") || n.text("why") != "was withdrawn" {
			t.Errorf("told %v", n)
		}
		pia.say(`{"do":"accept","id":%q}`, offer.text("id"))
		pia.await("mistake")
	})
}

func TestText(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		const text = `meet <b>at</b> 5`
		tell := func() {
			t.Helper()
			sent, err := bo.sharer.Send(context.Background(), share.Text(text), pia.node.Self().ID)
			if err != nil {
				t.Fatal(err)
			}
			wait(t, sent)
		}
		hear := func() {
			t.Helper()
			if n := pia.await("text"); n.text("text") != text || n["from"].(map[string]any)["name"] != "bo" {
				t.Errorf("told %v", n)
			}
		}
		tell()
		hear()
		pia.conn.Close()
		time.Sleep(time.Second)
		tell() // while nobody listens
		pia.open()
		hear()
		pia.open()
		pia.silent(time.Second, "text") // it was told
	})
}

// TestManyLongTexts has texts wait for a page that take far more than they should: it
// comes back all the same, and others' texts with it.
func TestManyLongTexts(t *testing.T) {
	inHouse(t, func(h *house) {
		bo, mia := h.native("bo"), h.native("mia")
		pia := h.tab("pia", bo, mia)
		pia.conn.Close()
		time.Sleep(time.Second)
		tell := func(by *native, text string) {
			t.Helper()
			sent, err := by.sharer.Send(context.Background(), share.Text(text), pia.node.Self().ID)
			if err != nil {
				t.Fatal(err)
			}
			wait(t, sent)
		}
		tell(mia, "here I am")
		for range maxTexts {
			tell(bo, strings.Repeat("\x01", share.MaxText))
		}
		pia.open()
		if n := pia.await("text"); n.text("text") != "here I am" {
			t.Errorf("told %.100v", n)
		}
		tell(mia, "are you?")
		pia.await("text", "are you?")
	})
}

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

func TestPageComesBack(t *testing.T) {
	inHouse(t, func(h *house) {
		pia, bo, sent, d := taking(h, map[string]string{"film": "abc"})
		wait(t, sent)
		second := bo.send(pia.node.Self().ID, map[string]string{"book": "x"})
		pia.await("offer", "book")
		pia.conn.Close()
		time.Sleep(grace - time.Second)
		h.want(h.request(http.MethodHead, d.text("url"), nil), http.StatusOK)
		pia.open()
		seen := ""
		for len(seen) < 4 {
			n := pia.next()
			switch {
			case n.text("is") == "offer" && strings.Contains(fmt.Sprint(n), "film"):
				seen += "1"
			case n.text("is") == "download" && n.text("url") == d.text("url"):
				seen += "2"
			case n.text("is") == "done" && n.text("id") == d.text("id"):
				seen += "3"
			case n.text("is") == "offer" && strings.Contains(fmt.Sprint(n), "book"):
				seen += "4"
			default:
				t.Errorf("told again: %v", n)
			}
		}
		time.Sleep(2 * grace)
		select {
		case <-second.Done():
			t.Errorf("an offer to who has come back ended: %v", second.Err())
		default:
		}
		old := pia.lines
		pia.open() // while the other is still there, as after a change of networks
		for range old {
		}
		second.Cancel()
		pia.await("withdrawn")
	})
}

// TestPageIsGone: after a minute its offers are withdrawn, who fetches from it is told,
// and what it took is removed when nobody fetches it.
func TestPageIsGone(t *testing.T) {
	inHouse(t, func(h *house) {
		pia, bo, sent, d := taking(h, map[string]string{"film": noise(1 << 20)})
		wait(t, sent)
		pia.offer("a1", nil, file{"open", 3, 0})
		open := bo.offer()
		pia.offer("a2", nil, file{"moving", 3, 0})
		moving := bo.take(bo.offer())
		url := pia.await("upload").text("url")
		waiting := bo.send(pia.node.Self().ID, map[string]string{"book": "x"})
		pia.await("offer", "book")
		slow := &slowWriter{header: make(http.Header), begun: make(chan struct{}), goOn: make(chan struct{})}
		fetching := make(chan struct{})
		go func() {
			defer close(fetching)
			r, _ := http.NewRequest(http.MethodGet, d.text("url"), nil)
			h.keeper.ServeHTTP(slow, r)
		}()
		<-slow.begun
		pia.node.Close()
		time.Sleep(grace - time.Second)
		select {
		case <-open.Withdrawn():
			t.Error("withdrawn at once")
		case <-moving.Done():
			t.Errorf("ended at once: %v", moving.Err())
		default:
		}
		time.Sleep(5 * time.Second)
		<-open.Withdrawn()
		<-moving.Done()
		<-waiting.Done()
		if moving.Err() == nil || waiting.Err() == nil {
			t.Errorf("moving: %v, waiting: %v", moving.Err(), waiting.Err())
		}
		h.want(h.put(url, 0, "abc"), http.StatusNotFound)
		h.want(h.request(http.MethodHead, d.text("url"), nil), http.StatusOK) // it is being fetched
		close(slow.goOn)
		<-fetching
		if slow.n != 1<<20 {
			t.Errorf("%d bytes were fetched", slow.n)
		}
		time.Sleep(2 * grace)
		h.want(h.request(http.MethodGet, d.text("url"), nil), http.StatusNotFound)
		h.keeper.mu.Lock()
		defer h.keeper.mu.Unlock()
		if len(h.keeper.pages)+len(h.keeper.tokens)+len(h.keeper.claims) > 0 {
			t.Errorf("left: %d pages, %d tokens, %d claims", len(h.keeper.pages), len(h.keeper.tokens), len(h.keeper.claims))
		}
		if left, _ := os.ReadDir(h.keeper.dir.Path()); len(left) != 1 { // the lock
			t.Errorf("left on disk: %v", left)
		}
	})
}

// slowWriter is a browser that takes the first bytes, and the rest later.
type slowWriter struct {
	header      http.Header
	begun, goOn chan struct{}
	n           int
}

func (s *slowWriter) Header() http.Header { return s.header }
func (s *slowWriter) WriteHeader(int)     {}
func (s *slowWriter) Write(p []byte) (int, error) {
	if s.n == 0 {
		close(s.begun)
		<-s.goOn
	}
	s.n += len(p)
	return len(p), nil
}

func TestManyPages(t *testing.T) {
	inHouse(t, func(h *house) {
		pia := h.tab("pia")
		h.keeper.mu.Lock()
		for i := range maxPages - 1 {
			m := pia.node.Self().Member
			m.Instance[0] += byte(i + 1)
			h.keeper.pages[m] = &session{}
		}
		h.keeper.mu.Unlock()
		late := h.enter("late")
		for len(late.Present()) < 2 {
			time.Sleep(time.Millisecond)
		}
		conn, err := late.Dial(context.Background(), h.node.Self().Member, Service)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(text), `"is":"failed"`) || !strings.Contains(string(text), "no room for another") {
			t.Errorf("the page that is too much is told %q, %v", text, err)
		}
		pia.say(`{"do":"accept","id":"x"}`)
		pia.await("mistake") // who is here goes on
	})
}

// TestNothingIsLeft: closing ends all at once, and tells both sides.
func TestNothingIsLeft(t *testing.T) {
	inHouse(t, func(h *house) {
		pia, bo, sent, d := taking(h, map[string]string{"film": noise(1 << 20)})
		pia.offer("a1", nil, file{"moving", 3, 0})
		moving := bo.take(bo.offer())
		wait(t, sent)
		begun := time.Now()
		if err := h.keeper.Close(); err != nil {
			t.Error(err)
		}
		if err := h.keeper.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		for range pia.lines {
		}
		moving.Cancel()
		h.want(h.request(http.MethodGet, d.text("url"), nil), http.StatusNotFound)
		if _, err := pia.node.Dial(context.Background(), h.node.Self().Member, Service); err == nil {
			t.Error("it still answers")
		}
	})
}
