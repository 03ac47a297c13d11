package keeper

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"
)

// TestManyDownloads: what a page has fetched, or what failed, does not keep it from
// taking more.
func TestManyDownloads(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		for i := range 3 * maxOpen {
			sent := bo.send(pia.node.Self().ID, map[string]string{fmt.Sprint("book", i): "x"})
			id := pia.await("offer").text("id")
			pia.say(`{"do":"accept","id":%q}`, id)
			d := pia.await("download", id)
			h.want(h.request(http.MethodGet, d.text("url"), nil), http.StatusOK)
			wait(t, sent)
			pia.await("done", id)
		}
	})
}

// TestCanceledDownloadsGo: of what was canceled nothing stays on the disk, or in the
// way.
func TestCanceledDownloadsGo(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia := h.tab("pia", bo)
		_ = pia
		before, _ := os.ReadDir(h.keeper.dir.Path())
		for i := range maxOpen + 1 {
			bo.send(pia.node.Self().ID, map[string]string{fmt.Sprint("film", i): noise(4 << 20)})
			id := pia.await("offer").text("id")
			pia.say(`{"do":"accept","id":%q}`, id)
			pia.await("download", id)
			pia.say(`{"do":"cancel","id":%q}`, id)
			for end := time.Now().Add(time.Hour); ; time.Sleep(time.Millisecond) {
				h.keeper.mu.Lock()
				s := h.keeper.pages[pia.node.Self().Member]
				h.keeper.mu.Unlock()
				s.mu.Lock()
				over := s.in[id] == nil || s.in[id].over
				arrived := over && s.in[id] != nil && s.in[id].transfer.Err() == nil
				s.mu.Unlock()
				if arrived { // before it was canceled
					pia.say(`{"do":"forget","id":%q}`, id)
				}
				if over {
					break
				}
				if time.Now().After(end) {
					t.Fatal("it does not end")
				}
			}
		}
		time.Sleep(5 * time.Minute)
		if after, _ := os.ReadDir(h.keeper.dir.Path()); len(after) != len(before) {
			t.Errorf("%d directories, %d before", len(after), len(before))
		}
	})
}

// TestFetchedIsNotToldAgain: a page that comes back does not fetch again what its
// browser has.
func TestFetchedIsNotToldAgain(t *testing.T) {
	inHouse(t, func(h *house) {
		pia, _, sent, d := taking(h, map[string]string{"book": "x"})
		h.want(h.request(http.MethodGet, d.text("url"), nil), http.StatusOK)
		wait(t, sent)
		pia.await("done")
		pia.open()
		pia.await("done", d.text("id"))
		if len(pia.passed) != 0 {
			t.Errorf("said: %v", pia.passed)
		}
		h.want(h.request(http.MethodGet, d.text("url"), nil), http.StatusOK) // it is still there
	})
}
