package share_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// person is one who shares, on a host of its own.
type person struct {
	t      *testing.T
	host   *meshtest.Host
	id     *peer.Identity
	node   *mesh.Node
	sharer *share.Sharer
	state  string
	home   string // where what it gets lands
}

// room is a network with people on it.
type room struct {
	t   *testing.T
	lan *meshtest.LAN
}

func newRoom(t *testing.T) *room { return &room{t: t, lan: meshtest.NewLAN()} }

// enter starts somebody who takes offers.
func (r *room) enter(name string) *person {
	return r.with(name, share.Config{Receive: true})
}

func (r *room) with(name string, cfg share.Config) *person {
	r.t.Helper()
	p := &person{t: r.t, host: r.lan.Host(name), id: peer.NewIdentity(), state: r.t.TempDir(), home: r.t.TempDir()}
	p.start(cfg)
	r.t.Cleanup(p.stop)
	return p
}

func (p *person) start(cfg share.Config) {
	p.t.Helper()
	node, err := mesh.Join(context.Background(), mesh.Config{Name: p.host.Name(), Identity: p.id, Network: p.host})
	if err != nil {
		p.t.Fatal(err)
	}
	cfg.StateDir = p.state
	sharer, err := share.Open(node, cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	p.node, p.sharer = node, sharer
}

func (p *person) stop() {
	p.sharer.Close()
	p.node.Close()
}

// meet waits until everybody sees everybody.
func meet(t *testing.T, people ...*person) {
	t.Helper()
	for {
		missing := 0
		for _, p := range people {
			missing += len(people) - 1 - len(p.node.Present())
		}
		if missing == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// offer waits for the next offer.
func (p *person) offer() *share.Offer {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	for o := range p.sharer.Offers(ctx) {
		return o
	}
	p.t.Fatal("no offer has come")
	return nil
}

func (p *person) accept() *share.Transfer {
	p.t.Helper()
	t, err := p.offer().Accept(context.Background(), share.Destination{Dir: p.home})
	if err != nil {
		p.t.Fatal(err)
	}
	return t
}

func (p *person) send(c *share.Content, to *person) *share.Transfer {
	p.t.Helper()
	t, err := p.sharer.Send(context.Background(), c, to.node.Self().ID)
	if err != nil {
		p.t.Fatal(err)
	}
	return t
}

func collect(t *testing.T, paths ...string) *share.Content {
	t.Helper()
	c, err := share.Collect(t.Context(), paths...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// file writes a file of n bytes that no other has.
func file(t *testing.T, path string, n int) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var seed [32]byte
	copy(seed[:], filepath.Base(path))
	data := make([]byte, n)
	rand.NewChaCha8(seed).Read(data)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// folder writes n files of the given size.
func folder(t *testing.T, path string, n, size int) string {
	t.Helper()
	for i := range n {
		file(t, filepath.Join(path, fmt.Sprint("dir", i%7), fmt.Sprint("file", i)), size)
	}
	return path
}

// done waits until a transfer has ended well.
func done(t *testing.T, transfers ...*share.Transfer) {
	t.Helper()
	for _, tr := range transfers {
		if err := ended(t, tr); err != nil {
			t.Fatalf("incoming %v: %v", tr.Incoming(), err)
		}
	}
}

// ended waits until a transfer has ended, and returns how.
func ended(t *testing.T, tr *share.Transfer) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	err := tr.Wait(ctx)
	if ctx.Err() != nil {
		t.Fatalf("the transfer has not ended: incoming %v, %+v", tr.Incoming(), tr.Progress())
	}
	return err
}

// same compares what was sent with what has landed.
func same(t *testing.T, sent, landed string) {
	t.Helper()
	want, got := contents(t, sent), contents(t, landed)
	if len(want) != len(got) {
		t.Errorf("%d files have landed, want %d", len(got), len(want))
	}
	for path, data := range want {
		if got[path] != data {
			t.Errorf("%s is not what was sent: %d bytes, want %d", path, len(got[path]), len(data))
		}
	}
}

func contents(t *testing.T, top string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(top, path)
		all[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// inBubble runs a test by a clock of its own. The nodes of a room never rest, so what
// is waited for in vain would be waited for without end.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		end := time.AfterFunc(7*24*time.Hour, func() { panic(t.Name() + ": something did not come for a week") })
		t.Cleanup(func() { end.Stop() })
		test(t)
	})
}
