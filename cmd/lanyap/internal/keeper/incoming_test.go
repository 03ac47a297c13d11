package keeper

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
