package keeper

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

func TestOfferToOne(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		data := noise(3 << 20)
		pia.offer("a1", []peer.ID{bo.id()}, file{"film.mp4", int64(len(data)), 1_700_000_000_000})
		o := bo.offer()
		if o.From.Member != pia.node.Self().Member || o.Items[0].Name != "film.mp4" || o.Size != int64(len(data)) {
			t.Errorf("offered: %+v", o)
		}
		if line := pia.await("state"); line.text("state") != "offered" || line["member"].(map[string]any)["name"] != "bo" {
			t.Errorf("told %v", line)
		}
		pia.silent(time.Minute, "upload")
		got := bo.take(o)
		pia.await("state", "accepted")
		up := pia.await("upload")
		if up.text("id") != "a1" || up.number("file") != 0 || up.number("offset") != 0 {
			t.Errorf("asked for %v", up)
		}
		h.want(h.put(up.text("url"), 0, data), http.StatusNoContent, fmt.Sprint("Upload-Offset: ", len(data)))
		wait(t, got)
		if p := pia.await("progress", "bo"); p.number("size") != int64(len(data)) {
			t.Errorf("progress: %v", p)
		}
		pia.await("state", "arrived")
		pia.await("done", "a1")
		if files := landed(t, bo.dir); files["film.mp4"] != data {
			t.Errorf("landed: %d files", len(files))
		}
		h.want(h.request(http.MethodHead, up.text("url"), nil), http.StatusNotFound)
	})
}

// TestOfferToAll: to everybody who takes files, and nobody twice; who comes while it
// is open is offered it as well.
func TestOfferToAll(t *testing.T) {
	inHouse(t, func(h *house) {
		kim := h.sharing("kim", h.node)
		bo, cy := h.native("bo"), h.native("cy")
		h.enter("deaf") // chats only
		pol := h.tab("pol", bo, cy)
		pia := h.tab("pia", bo, cy)
		pia.offer("a1", nil, file{"a", 3, 0}, file{"d/b", 0, 0})
		for _, n := range []*native{kim, bo} {
			bo := n.offer()
			if bo.Files != 2 || bo.Count != 2 {
				t.Errorf("offered %+v", bo)
			}
			n.take(bo)
		}
		cy.offer().Decline()
		offer := pol.await("offer", "pia")
		pol.say(`{"do":"decline","id":%q}`, offer.text("id"))
		pia.await("upload")
		pia.await("state", "declined", "cy")
		dee := h.native("dee")
		late := dee.offer()
		if late.From.Name != "pia" {
			t.Errorf("who came late was offered %+v", late)
		}
		dee.take(late)
		pia.say(`{"do":"withdraw","id":"a1"}`)
		pia.await("done", "a1")
		if len(pia.node.Present()) == 0 {
			t.Error("nobody is here")
		}
	})
}

// TestOfferToAnotherStart: who takes no offers is offered it as soon as another
// start of that ID does, a lanyap receive beside a lanyap chat.
func TestOfferToAnotherStart(t *testing.T) {
	inHouse(t, func(h *house) {
		identity := peer.NewIdentity()
		h.enterAs("chats", identity)
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		pia.offer("a1", nil, file{"a", 3, 0})
		bo.offer()
		time.Sleep(time.Minute)
		late := h.sharing("receives", h.enterAs("receives", identity))
		if offer := late.offer(); offer.From.Name != "pia" {
			t.Errorf("offered %+v", offer)
		}
		pia.say(`{"do":"withdraw","id":"a1"}`)
		pia.await("done", "a1")
	})
}

// TestOfferToNobody: where nobody takes files that is told, in words.
func TestOfferToNobody(t *testing.T) {
	inHouse(t, func(h *house) {
		h.enter("deaf")
		pia := h.tab("pia")
		pia.offer("a1", nil, file{"a", 3, 0})
		if line := pia.await("failed"); line.text("why") != "nobody who is here takes files" {
			t.Errorf("told %v", line)
		}
		stranger := peer.NewIdentity().ID()
		pia.offer("a2", []peer.ID{stranger, h.node.Self().ID}, file{"a", 3, 0})
		if line := pia.await("state", stranger.String()); line.text("state") != "failed" || line.text("why") != "is no longer here" {
			t.Errorf("told %v", line)
		}
		if line := pia.await("state", "kim"); line.text("state") != "failed" || line.text("why") != "does not receive" {
			t.Errorf("told %v", line)
		}
		pia.await("done", "a2")
	})
}

func TestUploadsAreAskedForInTurn(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		files := make([]file, 20)
		for i := range files {
			files[i] = file{fmt.Sprintf("album/%02d", i), int64(i % 3), 0}
		}
		pia.offer("a1", []peer.ID{bo.id()}, files...)
		got := bo.take(bo.offer())
		open := make(map[int]string)
		total := 0
		for total < 13 { // those that are not empty
			synctest.Wait()
			time.Sleep(time.Second)
			for len(pia.lines) > 0 {
				if n := pia.next(); n.text("is") == "upload" {
					open[int(n.number("file"))] = n.text("url")
				}
			}
			if len(open) > maxUploads || len(open) == 0 {
				t.Fatalf("%d files are asked for at once", len(open))
			}
			for i, url := range open {
				h.want(h.put(url, 0, strings.Repeat("x", i%3)), http.StatusNoContent)
				delete(open, i)
				total++
			}
		}
		wait(t, got)
		pia.await("done")
		if n := len(landed(t, bo.dir)); n != 20 {
			t.Errorf("%d files landed", n)
		}
	})
}

func TestMistakes(t *testing.T) {
	inHouse(t, func(h *house) {
		pia := h.tab("pia")
		for line, want := range map[string]string{
			`}`:                                  "no line of the protocol",
			`[]`:                                 "no line of the protocol",
			`{"do":"offer","id":"a","files":{}}`: "no line of the protocol",
			`{"do":"offer","id":"a","to":["x"]}`: "no line of the protocol",
			`{"do":"offer","id":"","files":[]}`:  "letters and digits",
			`{"do":"offer","id":"<b>"}`:          "letters and digits",
			`{"do":"accept","id":"nothing"}`:     "no such offer",
			`{"do":"decline","id":"nothing"}`:    "no such offer",
			`{"do":"withdraw","id":"nothing"}`:   "no such offer",
			`{"do":"cancel","id":"nothing"}`:     "no such offer",
			`{"do":"forget","id":"nothing"}`:     "no such offer",
			`{"do":"offer","id":"` + strings.Repeat("x", 65) + `"}`:                                     "letters and digits",
			`{"do":"offer","id":"a","files":[` + strings.Repeat("{},", maxFiles) + `{}]}`:               "more than 10000 files",
			`{"do":"offer","id":"a","to":[` + strings.Repeat(`"`+peer.ID{}.String()+`",`, 256) + `""]}`: "no line of the protocol",
		} {
			pia.say("%s", line)
			if n := pia.await("mistake"); !strings.Contains(n.text("why"), want) {
				t.Errorf("%.60s: %v, want %q", line, n, want)
			}
		}
		for files, want := range map[string]string{
			`[]`:                                "",
			`[{"path":"../up","size":1}]`:       "..",
			`[{"path":"/etc/passwd","size":1}]`: "is empty",
			`[{"path":"a\\..\\b","size":1}]`:    "a",
			`[{"path":"a\u0000b","size":1}]`:    "",
			`[{"path":"a\u202eb","size":1}]`:    "",
			`[{"path":"","size":1}]`:            "",
			`[{"path":"a","size":-1}]`:          "no size",
			`[{"path":"a","size":9223372036854775807},{"path":"b","size":1}]`: "no size",
			`[{"path":"a","size":1},{"path":"a","size":1}]`:                   "a",
			`[{"path":"a","size":1},{"path":"a/b","size":1}]`:                 "a",
			`[{"path":"a","size":1099511627776}]`:                             "kim has no room for it: 1.0 TiB",
		} {
			pia.say(`{"do":"offer","id":"a","files":%s}`, files)
			if n := pia.await("failed"); n.text("id") != "a" || !strings.Contains(n.text("why"), want) || n.text("why") == "" {
				t.Errorf("%s: %v, want %q", files, n, want)
			}
		}
		pia.say(`{"do":"dance","id":"a"}`) // something newer
		pia.say(`{}`)
		pia.say(`{"do":"decline","id":"x"}`)
		if n := pia.next(); n.text("why") != errNoOffer.Error() {
			t.Errorf("what is not known is answered: %v", n)
		}
	})
}

func TestManyOffers(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		for i := range maxOpen + 1 {
			pia.offer(fmt.Sprint("a", i), nil, file{"a", 1, 0})
		}
		if n := pia.await("failed"); n.text("id") != fmt.Sprint("a", maxOpen) || !strings.Contains(n.text("why"), "16 offers are open") {
			t.Errorf("told %v", n)
		}
		pia.say(`{"do":"withdraw","id":"a0"}`)
		pia.await("done", "a0")
		pia.offer("b", nil, file{"a", 1, 0})
		pia.silent(time.Second, "failed")
	})
}

// TestManyOffersAtOnce has a page be heard on many streams at once, as one that opens them
// without end is: it has no more offers for that, and none twice.
func TestManyOffersAtOnce(t *testing.T) {
	inHouse(t, func(h *house) {
		pia := h.tab("pia")
		h.keeper.mu.Lock()
		s := h.keeper.pages[pia.node.Self().Member]
		h.keeper.mu.Unlock()
		var streams sync.WaitGroup
		for i := range 8 * maxOpen {
			streams.Go(func() {
				if err := s.offer(order{ID: fmt.Sprint("a", i/4), Files: fileList{{"a", 1, 0}}}); err != nil {
					t.Error(err)
				}
			})
		}
		streams.Wait()
		s.mu.Lock()
		open := len(s.out)
		s.mu.Unlock()
		// Beside what is offered there are the page's own directory and a lock.
		if all, err := os.ReadDir(h.keeper.dir.Path()); open != maxOpen || len(all) != 2+maxOpen || err != nil {
			t.Errorf("%d offers are open, %v is on the disk, %v", open, all, err)
		}
	})
}

func TestWithdraw(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		pia.offer("a1", []peer.ID{bo.id()}, file{"a", 3, 0})
		o := bo.offer()
		pia.say(`{"do":"withdraw","id":"a1"}`)
		pia.await("done", "a1")
		<-o.Withdrawn()
		if !errors.Is(o.Err(), share.ErrWithdrawn) {
			t.Errorf("withdrawn: %v", o.Err())
		}

		pia.offer("a2", []peer.ID{bo.id()}, file{"a", 3, 0})
		got := bo.take(bo.offer())
		up := pia.await("upload")
		pia.say(`{"do":"cancel","id":"a2"}`)
		pia.await("done", "a2")
		<-got.Done()
		if !errors.Is(got.Err(), share.ErrCanceled) {
			t.Errorf("canceled: %v", got.Err())
		}
		h.want(h.put(up.text("url"), 0, "abc"), http.StatusNotFound)
	})
}

// TestFloodOfLines: who floods is read slowly, and harms nobody else.
func TestFloodOfLines(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		mad, pia := h.tab("mad", bo), h.tab("pia", bo)
		flooding := make(chan error, 1)
		go func() {
			for range 100_000 {
				if _, err := mad.conn.Write([]byte(`{"do":"accept","id":"x"}` + "\n")); err != nil {
					flooding <- err
					return
				}
			}
			flooding <- nil
		}()
		time.Sleep(time.Second)
		begun := time.Now()
		pia.offer("a1", []peer.ID{bo.id()}, file{"a", 0, 0})
		got := bo.take(bo.offer())
		wait(t, got)
		pia.await("done", "a1")
		if d := time.Since(begun); d > 10*time.Second {
			t.Errorf("somebody else waited for %v", d)
		}
		if n := len(mad.lines); n > linesAtOnce+11*linesASecond {
			t.Errorf("%d lines were taken in some seconds", n)
		}
		mad.conn.Close()
		<-flooding
	})
}

func TestLineWithoutEnd(t *testing.T) {
	inHouse(t, func(h *house) {
		mad := h.tab("mad")
		go func() {
			for {
				if _, err := mad.conn.Write(slices.Repeat([]byte("x"), 64<<10)); err != nil {
					return
				}
			}
		}()
		if n := mad.await("mistake"); !strings.Contains(n.text("why"), "a line has more than") {
			t.Errorf("told %v", n)
		}
		for range mad.lines { // until it ends
		}
	})
}
