package keeper

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// uploading is a page that was asked for a file of some size by bo.
func uploading(h *house, size int) (pia *tab, bo *native, got *share.Transfer, url string) {
	h.t.Helper()
	bo = h.native("bo")
	pia = h.tab("pia", bo)
	pia.offer("a1", []peer.ID{bo.id()}, file{"film", int64(size), 0})
	got = bo.take(bo.offer())
	return pia, bo, got, pia.await("upload").text("url")
}

func TestUpload(t *testing.T) {
	inHouse(t, func(h *house) {
		data := noise(5<<20 + 11)
		_, bo, got, url := uploading(h, len(data))
		h.want(h.request(http.MethodHead, url, nil), http.StatusNoContent, "Upload-Offset: 0", fmt.Sprint("Upload-Length: ", len(data)), "Cache-Control: no-store")
		for at := 0; at < len(data); {
			to := min(at+1<<20, len(data))
			h.want(h.put(url, int64(at), data[at:to]), http.StatusNoContent, fmt.Sprint("Upload-Offset: ", to))
			h.want(h.request(http.MethodHead, url, nil), http.StatusNoContent, fmt.Sprint("Upload-Offset: ", to))
			at = to
		}
		wait(t, got)
		if landed(t, bo.dir)["film"] != data {
			t.Error("another film has landed")
		}
	})
}

func TestWrongOffset(t *testing.T) {
	inHouse(t, func(h *house) {
		_, _, _, url := uploading(h, 10)
		h.want(h.put(url, 0, "abc"), http.StatusNoContent, "Upload-Offset: 3")
		for _, offset := range []string{"0", "2", "4", "10"} {
			h.want(h.request(http.MethodPut, url, strings.NewReader(""), "Upload-Offset: "+offset), http.StatusConflict, "Upload-Offset: 3")
		}
		for _, offset := range []string{"", "-1", "x", "3.0", "9223372036854775808", "0x3"} {
			h.want(h.request(http.MethodPut, url, strings.NewReader("d"), "Upload-Offset: "+offset), http.StatusBadRequest, "Upload-Offset: 3")
		}
		h.want(h.request(http.MethodPut, url, strings.NewReader("d")), http.StatusBadRequest)
		h.want(h.put(url, 3, "defghij"), http.StatusNoContent, "Upload-Offset: 10")
	})
}

func TestMoreThanWasAnnounced(t *testing.T) {
	inHouse(t, func(h *house) {
		_, _, got, url := uploading(h, 10)
		h.want(h.put(url, 0, strings.Repeat("x", 11)), http.StatusRequestEntityTooLarge, "Upload-Offset: 0")
		unknown := struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 11))} // as by chunks
		refused := h.request(http.MethodPut, url, unknown, "Upload-Offset: 0")
		h.want(refused, http.StatusRequestEntityTooLarge)
		if at := refused.Header.Get(offsetHeader); at != "10" { // or the offer may be over by now
			h.want(h.request(http.MethodPut, url, strings.NewReader(strings.Repeat("x", 10)), "Upload-Offset: "+at), http.StatusNoContent)
		}
		wait(t, got)
	})
}

// stalling gives some bytes, and no more until it is let go.
type stalling struct {
	io.Reader
	until chan struct{}
	err   error
}

func (s *stalling) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		<-s.until
		return n, s.err
	}
	return n, err
}

func TestTwoUploadsOfOneFile(t *testing.T) {
	inHouse(t, func(h *house) {
		_, bo, got, url := uploading(h, 10)
		slow := &stalling{strings.NewReader("abc"), make(chan struct{}), io.EOF}
		first := make(chan *http.Response)
		go func() { first <- h.request(http.MethodPut, url, slow, "Upload-Offset: 0") }()
		time.Sleep(time.Second)
		h.want(h.put(url, 3, "defg"), http.StatusNoContent, "Upload-Offset: 7")
		close(slow.until)
		if r := <-first; r.StatusCode == 0 {
			t.Error("the first one was cut")
		}
		h.want(h.request(http.MethodHead, url, nil), http.StatusNoContent, "Upload-Offset: 7")
		h.want(h.put(url, 7, "hij"), http.StatusNoContent)
		wait(t, got)
		if film := landed(t, bo.dir)["film"]; film != "abcdefghij" {
			t.Errorf("landed: %q", film)
		}
	})
}

func TestUploadCutInTheMiddle(t *testing.T) {
	inHouse(t, func(h *house) {
		data := noise(1 << 20)
		pia, bo, got, url := uploading(h, len(data))
		cut := &stalling{strings.NewReader(data[:300_000]), make(chan struct{}), io.ErrUnexpectedEOF}
		close(cut.until)
		h.want(h.request(http.MethodPut, url, cut, "Upload-Offset: 0"), http.StatusRequestTimeout, "Upload-Offset: 300000")
		pia.conn.Close()
		time.Sleep(grace / 2)
		pia.open()
		again := pia.await("upload")
		if again.number("offset") != 300_000 || again.text("url") != url {
			t.Errorf("who comes back is asked for %v", again)
		}
		h.want(h.put(url, 300_000, data[300_000:]), http.StatusNoContent)
		wait(t, got)
		if landed(t, bo.dir)["film"] != data {
			t.Error("another film has landed")
		}
	})
}

func TestForeignToken(t *testing.T) {
	inHouse(t, func(h *house) {
		_, _, _, url := uploading(h, 10)
		for _, other := range []string{
			"/files/", "/files/x", "/files/x/y", url + "/name", url + "/", url + "x", url[:len(url)-1],
			strings.ToUpper(url), "/files/../" + url, "/files//" + url[len("/files/"):],
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
				h.want(h.request(method, other, strings.NewReader("x"), "Upload-Offset: 0"), http.StatusNotFound)
			}
		}
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
			h.want(h.request(method, url, nil), http.StatusMethodNotAllowed, "Allow: PUT, HEAD")
		}
		h.want(h.request(http.MethodHead, url, nil), http.StatusNoContent, "Upload-Offset: 0")
	})
}

// TestDiskIsFull: what does not fit is refused before a byte has come, with a reserve
// and what was promised to others taken off.
func TestDiskIsFull(t *testing.T) {
	inHouse(t, func(h *house) {
		bo := h.native("bo")
		pia, pol := h.tab("pia", bo), h.tab("pol", bo)
		h.free = 10_000 // of which a tenth is spared
		pia.offer("a1", []peer.ID{bo.id()}, file{"film", 9500, 0})
		if n := pia.await("failed"); n.text("why") != "kim has no room for it: 9.3 KiB, and 8.8 KiB are free" {
			t.Errorf("told %v", n)
		}
		pia.offer("a2", []peer.ID{bo.id()}, file{"film", 6000, 0})
		pol.offer("b2", []peer.ID{bo.id()}, file{"films", 6000, 0})
		first, second := bo.offer(), bo.offer()
		got := bo.take(first)
		winner, loser, id := pia, pol, "b2"
		if first.From.Name == "pol" {
			winner, loser, id = pol, pia, "a2"
		}
		url := winner.await("upload").text("url")
		other := bo.take(second)
		if n := loser.await("failed", id); n.text("why") != "kim has no room for it: 5.9 KiB, and 2.9 KiB are free" {
			t.Errorf("told %v", n)
		}
		<-other.Done()
		if other.Err() == nil {
			t.Error("what does not fit has arrived")
		}
		h.free = 0 // whatever was promised stays
		h.want(h.put(url, 0, strings.Repeat("x", 6000)), http.StatusNoContent)
		wait(t, got)

		h.free = 100 << 30
		if err := h.keeper.room(100<<30 - spare); err != nil {
			t.Error(err)
		}
		if err := h.keeper.room(100<<30 - spare + 1); err == nil {
			t.Error("nothing is spared of a large disk")
		}
		h.free = 11
		sent := bo.send(loser.node.Self().ID, map[string]string{"book": strings.Repeat("x", 11)})
		offer := loser.await("offer")
		loser.say(`{"do":"accept","id":%q}`, offer.text("id"))
		if n := loser.await("failed", offer.text("id")); n.text("why") != "kim has no room for it: 11 B, and 10 B are free" {
			t.Errorf("told %v", n)
		}
		loser.await("offer", offer.text("id")) // it can be accepted later
		h.free = 13
		loser.say(`{"do":"accept","id":%q}`, offer.text("id"))
		wait(t, sent)
	})
}
