package keeper

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// house is a network with a keeper in it.
type house struct {
	t      *testing.T
	lan    *meshtest.LAN
	node   *mesh.Node // of kim, the keeper
	keeper *Keeper
	place  string
	free   int64 // bytes of the keeper's disk
}

// inHouse runs a test in a bubble.
func inHouse(t *testing.T, test func(h *house)) {
	t.Helper()
	enterHouse(t, false, test)
}

// inSealedHouse is inHouse where nothing goes by HTTP in clear.
func inSealedHouse(t *testing.T, test func(h *house)) {
	t.Helper()
	enterHouse(t, true, test)
}

func enterHouse(t *testing.T, sealed bool, test func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t, lan: meshtest.NewLAN(), place: t.TempDir(), free: 100 << 30}
		h.node = h.enter("kim")
		k, err := Open(Config{Node: h.node, Sealed: sealed, Place: h.place, free: func(string) int64 { return h.free }})
		if err != nil {
			t.Fatal(err)
		}
		h.keeper = k
		t.Cleanup(func() {
			if err := k.Close(); err != nil {
				t.Error(err)
			}
			if left, _ := os.ReadDir(h.place); len(left) != 0 {
				t.Errorf("left on disk: %v", left)
			}
		})
		test(h)
	})
}

func (h *house) enter(name string) *mesh.Node {
	h.t.Helper()
	return h.enterAs(name, peer.NewIdentity())
}

func (h *house) enterAs(name string, identity *peer.Identity) *mesh.Node {
	h.t.Helper()
	node, err := mesh.Join(context.Background(), mesh.Config{Name: name, Identity: identity, Network: h.lan.Host(name)})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { node.Close() })
	return node
}

// native is somebody with a disk.
type native struct {
	t      *testing.T
	node   *mesh.Node
	sharer *share.Sharer
	dir    string
}

func (h *house) native(name string) *native {
	h.t.Helper()
	return h.sharing(name, h.enter(name))
}

// sharing has a node take and make offers by itself.
func (h *house) sharing(name string, node *mesh.Node) *native {
	h.t.Helper()
	sharer, err := share.Open(node, share.Config{StateDir: filepath.Join(h.t.TempDir(), name), Receive: true})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { sharer.Close() })
	return &native{h.t, node, sharer, h.t.TempDir()}
}

func (n *native) id() peer.ID { return n.node.Self().ID }

// offer waits for the next offer.
func (n *native) offer() *share.Offer {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	for o := range n.sharer.Offers(ctx) {
		return o
	}
	n.t.Fatal("nothing was offered")
	return nil
}

// take accepts an offer.
func (n *native) take(o *share.Offer) *share.Transfer {
	n.t.Helper()
	tr, err := o.Accept(context.Background(), share.Destination{Dir: n.dir})
	if err != nil {
		n.t.Fatal(err)
	}
	return tr
}

// send offers files to somebody, by their names, from a directory of their own.
func (n *native) send(to peer.ID, files map[string]string) *share.Transfer {
	n.t.Helper()
	dir := n.t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			n.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			n.t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		n.t.Fatal(err)
	}
	var paths []string
	for _, e := range entries {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	content, err := share.Collect(context.Background(), paths...)
	if err != nil {
		n.t.Fatal(err)
	}
	tr, err := n.sharer.Send(context.Background(), content, to)
	if err != nil {
		n.t.Fatal(err)
	}
	return tr
}

// tab is a page.
type tab struct {
	h     *house
	node  *mesh.Node
	conn  net.Conn
	lines chan news

	passed []news // that nobody has awaited yet
}

// news is a line to a page.
type news map[string]any

func (n news) text(key string) string { s, _ := n[key].(string); return s }

func (n news) number(key string) int64 { f, _ := n[key].(float64); return int64(f) }

// tab opens a page that kim keeps, and waits until all know it.
func (h *house) tab(name string, others ...*native) *tab {
	h.t.Helper()
	p := &tab{h: h, node: h.enter(name)}
	topic := share.KeeperTopic(h.node.Self().Instance)
	if _, err := p.node.Topic(topic); err != nil {
		h.t.Fatal(err)
	}
	knows := func(node *mesh.Node) bool {
		return slices.ContainsFunc(node.Present(), func(o mesh.Peer) bool {
			return o.Member == p.node.Self().Member && slices.Contains(o.Topics, topic)
		})
	}
	nodes := []*mesh.Node{h.node}
	for _, o := range others {
		nodes = append(nodes, o.node)
	}
	for _, node := range nodes {
		for !knows(node) {
			time.Sleep(time.Millisecond)
		}
	}
	p.open()
	return p
}

// open opens the page's stream, in place of the one it has.
func (p *tab) open() {
	p.h.t.Helper()
	conn, err := p.node.Dial(context.Background(), p.h.node.Self().Member, Service)
	if err != nil {
		p.h.t.Fatal(err)
	}
	p.conn, p.lines, p.passed = conn, make(chan news, 100_000), nil
	lines := p.lines
	p.h.t.Cleanup(func() { conn.Close() })
	go func() {
		defer close(lines)
		in := bufio.NewScanner(conn)
		in.Buffer(nil, 1<<22)
		for in.Scan() {
			var n news
			if err := json.Unmarshal(in.Bytes(), &n); err != nil {
				p.h.t.Errorf("line %q: %v", in.Text(), err)
			}
			lines <- n
		}
	}()
	if first := p.next(); first.text("is") != "ready" {
		p.h.t.Fatalf("the first line is %v", first)
	}
}

// next is the next line, whatever it says.
func (p *tab) next() news {
	p.h.t.Helper()
	select {
	case n, ok := <-p.lines:
		if !ok {
			p.h.t.Fatal("the stream has ended")
		}
		return n
	case <-time.After(time.Hour):
		p.h.t.Fatal("nothing is said")
	}
	return nil
}

// await returns the next line of a kind that was not awaited yet. With more words it
// is one that has these somewhere.
func (p *tab) await(is string, words ...string) news {
	p.h.t.Helper()
	fits := func(n news) bool {
		text := fmt.Sprint(n)
		return n.text("is") == is && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	}
	if i := slices.IndexFunc(p.passed, fits); i >= 0 {
		n := p.passed[i]
		p.passed = slices.Delete(p.passed, i, i+1)
		return n
	}
	for {
		select {
		case n, ok := <-p.lines:
			if !ok {
				p.h.t.Fatalf("the stream has ended without %s %q; passed: %v", is, words, p.passed)
			}
			if fits(n) {
				return n
			}
			p.passed = append(p.passed, n)
		case <-time.After(time.Hour):
			p.h.t.Fatalf("no %s %q; passed: %v", is, words, p.passed)
		}
	}
}

// silent fails the test if a line of these kinds comes in some time.
func (p *tab) silent(d time.Duration, kinds ...string) {
	p.h.t.Helper()
	for end := time.After(d); ; {
		select {
		case n := <-p.lines:
			if slices.Contains(kinds, n.text("is")) {
				p.h.t.Errorf("said: %v", n)
			}
		case <-end:
			return
		}
	}
}

// say writes a line.
func (p *tab) say(format string, args ...any) {
	p.h.t.Helper()
	if _, err := io.WriteString(p.conn, fmt.Sprintf(format, args...)+"\n"); err != nil {
		p.h.t.Fatal(err)
	}
}

// offer offers files of these sizes; to may be nobody: all.
func (p *tab) offer(id string, to []peer.ID, files ...file) {
	p.h.t.Helper()
	text, err := json.Marshal(map[string]any{"do": "offer", "id": id, "to": to, "files": files})
	if err != nil {
		p.h.t.Fatal(err)
	}
	p.say("%s", text)
}

// request does what a browser does. The body may be nil.
func (h *house) request(method, url string, body io.Reader, lines ...string) *http.Response {
	h.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, url, body)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	cut := true
	func() {
		defer func() {
			if e := recover(); e != nil && e != http.ErrAbortHandler {
				panic(e)
			}
		}()
		h.keeper.ServeHTTP(w, r)
		cut = false
	}()
	resp := w.Result()
	if cut {
		resp.StatusCode = 0
	}
	return resp
}

// put uploads a part of a file.
func (h *house) put(url string, offset int64, data string) *http.Response {
	h.t.Helper()
	return h.request(http.MethodPut, url, strings.NewReader(data), fmt.Sprint(offsetHeader, ": ", offset))
}

// want fails the test if an answer is another.
func (h *house) want(r *http.Response, status int, headers ...string) {
	h.t.Helper()
	if r.StatusCode != status {
		text, _ := io.ReadAll(r.Body)
		h.t.Errorf("status %d, want %d: %s", r.StatusCode, status, text)
	}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if got := r.Header.Get(name); got != value {
			h.t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// noise returns so many bytes that cannot be guessed.
func noise(size int) string {
	var seed [32]byte
	copy(seed[:], fmt.Sprint(size))
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(seed).Read(data)
	return string(data)
}

// landed returns what is in a directory, by path.
func landed(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		got[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// wait waits for the end of transfers that are to succeed.
func wait(t *testing.T, list ...*share.Transfer) {
	t.Helper()
	for _, tr := range list {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		err := tr.Wait(ctx)
		cancel()
		if err != nil {
			t.Fatalf("it ended with %v", err)
		}
	}
}
