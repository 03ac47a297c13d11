package keeper

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

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

// slowWriter is a browser that takes the first bytes, and the rest later.
type slowWriter struct {
	header      http.Header
	begun, goOn chan struct{}
	n           int
}

func (s *slowWriter) Header() http.Header { return s.header }

func (s *slowWriter) WriteHeader(int) {}

func (s *slowWriter) Write(p []byte) (int, error) {
	if s.n == 0 {
		close(s.begun)
		<-s.goOn
	}
	s.n += len(p)
	return len(p), nil
}
