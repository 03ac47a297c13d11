package peer

import (
	"errors"
	"net/netip"
	"strings"
	"syscall/js"
	"testing"
	"time"
)

// linkNode links a page to what says that it is a node, at 10.0.0.9:7475, and reads
// both sides; what stops reading takes no part in anything any more.
func linkNode(t *testing.T) (page *Transport, conn, node *Conn) {
	t.Helper()
	page, there := listenPage(t), listenPage(t)
	there.self.Web = false
	there.self.Addrs = []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:7475")}
	conn, node = linkPages(t, page, there)
	go drainPage(conn)
	return page, conn, node
}

// socket waits for the page's n-th WebSocket.
func socket(t *testing.T, n int) js.Value {
	t.Helper()
	for range 500 {
		if all := js.Global().Get("sockets"); all.Length() > n {
			return all.Index(n)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the page has opened %d WebSockets, want more", n)
	return js.Undefined()
}

func TestPageWatches(t *testing.T) {
	fakeBrowser(t)
	page, conn, _ := linkNode(t)
	want := "ws://10.0.0.9:7475/v1/watch?instance=" + page.Self().Instance.String() + "&proof=1+"
	if url := socket(t, 0).Get("url").String(); !strings.HasPrefix(url, want) {
		t.Errorf("a watch at %s, want %s…", url, want)
	}
	if got := conn.RemoteAddr().String(); got != "10.0.0.9:7475" {
		t.Errorf("the node is at %s", got)
	}
	_ = conn.Close(nil)
	for range 500 {
		if socket(t, 0).Get("closed").Truthy() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the watch outlasts its link")
}

func TestPagesWatchNoPages(t *testing.T) {
	fakeBrowser(t)
	a, b := listenPage(t), listenPage(t)
	near, _ := linkPages(t, a, b)
	if n := js.Global().Get("sockets").Length(); n > 0 {
		t.Errorf("%d WebSockets to another page, which has no port", n)
	}
	if got := near.RemoteAddr(); got.String() != "10.0.0.9:0" {
		t.Errorf("the page is at %v, want 10.0.0.9:0", got)
	}
}

// TestWatchedNodeIsGone ends a page's watch of a node that answers neither a ping
// nor at its port.
func TestWatchedNodeIsGone(t *testing.T) {
	fakeBrowser(t)
	_, conn, _ := linkNode(t)
	ws := socket(t, 0)
	ws.Call("become", "open")
	js.Global().Set("answering", false)
	ws.Call("become", "close")
	<-conn.Done()
	if err := conn.Err(); !errors.Is(err, ErrGone) {
		t.Errorf("ended with %v, want %v", err, ErrGone)
	}
}

// TestWatchIsOpenedAnew ends a page's watch of a node that lives.
func TestWatchIsOpenedAnew(t *testing.T) {
	fakeBrowser(t)
	_, conn, node := linkNode(t)
	go drainPage(node)
	ws := socket(t, 0)
	ws.Call("become", "open")
	js.Global().Set("answering", true)
	for n := range 3 {
		ws.Call("become", "close")
		ws = socket(t, n+1)
		for ws.Get("state").IsUndefined() {
			pause()
		}
	}
	if _, err := conn.Ping(t.Context()); err != nil {
		t.Errorf("a link whose watch broke: %v", err)
	}
}

// TestWatchThatNeverOpens says nothing of the link.
func TestWatchThatNeverOpens(t *testing.T) {
	fakeBrowser(t)
	js.Global().Set("answering", false)
	_, conn, node := linkNode(t)
	go drainPage(node)
	socket(t, 2)
	if _, err := conn.Ping(t.Context()); err != nil {
		t.Errorf("a link without a watch: %v", err)
	}
}

// TestPageThatSlept has the machine sleep for an hour, as the clock on the wall
// tells: links are asked at once, and not after 25 s of silence.
func TestPageThatSlept(t *testing.T) {
	fakeBrowser(t)
	js.Global().Call("eval", `globalThis.slept = 0; globalThis.awake = Date;
		globalThis.Date = class extends awake { getTime() { return super.getTime() + slept } }`)
	defer js.Global().Call("eval", `globalThis.Date = awake`)
	a, b := listenPage(t), listenPage(t)
	near, _ := linkPages(t, a, b)
	go drainPage(near)
	js.Global().Set("slept", 3_600_000)
	began := time.Now()
	<-near.Done()
	if err := near.Err(); !errors.Is(err, ErrTimeout) {
		t.Errorf("ended with %v, want %v", err, ErrTimeout)
	}
	if took := time.Since(began); took >= silentAfter {
		t.Errorf("noticed after %v", took)
	}
}
