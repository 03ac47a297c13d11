package verify

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/peer"
)

// shown is what somebody was shown.
type shown struct {
	by    mesh.Peer
	words []string
}

// join returns a node that is called so, on a host of its own, and what it is shown.
func join(t *testing.T, lan *meshtest.LAN, host, name string, unwanted ...peer.ID) (*mesh.Node, <-chan shown) {
	t.Helper()
	node, err := mesh.Join(t.Context(), mesh.Config{Name: name, Network: lan.Host(host), History: -1, KeepHistory: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	seen := make(chan shown, 100)
	stop, err := Serve(node, func(p mesh.Peer) bool { return slices.Contains(unwanted, p.ID) }, func(p mesh.Peer, words []string) { seen <- shown{p, words} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return node, seen
}

// met waits until node has met another, and returns it.
func met(t *testing.T, node, other *mesh.Node) mesh.Peer {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		for _, p := range node.Members() {
			if p.Member == other.Self().Member {
				return p
			}
		}
		if time.Now().After(until) {
			t.Fatal("they do not meet")
		}
	}
}

// TestWordsOfBoth holds that both sides are shown the same, and that who is beside
// them, by the same name, has other words with each.
func TestWordsOfBoth(t *testing.T) {
	lan := meshtest.NewLAN()
	ana, _ := join(t, lan, "a", "ana")
	bo, atBo := join(t, lan, "b", "bo")
	posing, atPosing := join(t, lan, "c", "bo")
	words, err := Ask(t.Context(), ana, met(t, ana, bo))
	if err != nil || len(words) != 6 {
		t.Fatalf("%q, %v", words, err)
	}
	if got := <-atBo; got.by.Member != ana.Self().Member || !slices.Equal(got.words, words) {
		t.Errorf("ana reads %q, bo reads %+v", words, got)
	}
	other, err := Ask(t.Context(), ana, met(t, ana, posing))
	if err != nil {
		t.Fatal(err)
	}
	if got := <-atPosing; !slices.Equal(got.words, other) || slices.Equal(other, words) {
		t.Errorf("with the other bo ana reads %q, that reads %+v", other, got)
	}
	if len(atBo) > 0 {
		t.Errorf("bo was shown what he was not asked: %+v", <-atBo)
	}
	// Who sits between two of its own links has other words on each.
	atAna, err := Ask(t.Context(), posing, met(t, posing, bo))
	if err != nil || slices.Equal(atAna, other) {
		t.Errorf("in the middle: %q and %q, %v", other, atAna, err)
	}
}

func TestAskTooOften(t *testing.T) {
	lan := meshtest.NewLAN()
	ana, _ := join(t, lan, "a", "ana")
	bo, atBo := join(t, lan, "b", "bo")
	p := met(t, ana, bo)
	if _, err := Ask(t.Context(), ana, p); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := Ask(t.Context(), ana, p); !errors.Is(err, ErrBusy) {
			t.Errorf("asked again: %v", err)
		}
	}
	if <-atBo; len(atBo) > 0 {
		t.Error("shown more than once")
	}
}

func TestUnwanted(t *testing.T) {
	lan := meshtest.NewLAN()
	ana, _ := join(t, lan, "a", "ana")
	bo, atBo := join(t, lan, "b", "bo", ana.Self().ID)
	if _, err := Ask(t.Context(), ana, met(t, ana, bo)); !errors.Is(err, ErrBusy) {
		t.Errorf("who is unwanted: %v", err)
	}
	if len(atBo) > 0 {
		t.Error("shown")
	}
}

func TestNobodyAnswers(t *testing.T) {
	lan := meshtest.NewLAN()
	ana, _ := join(t, lan, "a", "ana")
	bo, err := mesh.Join(t.Context(), mesh.Config{Name: "bo", Network: lan.Host("b")})
	if err != nil {
		t.Fatal(err)
	}
	defer bo.Close()
	p := met(t, ana, bo)
	if _, err := Ask(t.Context(), ana, p); !errors.Is(err, mesh.ErrNoService) {
		t.Errorf("who does not verify: %v", err)
	}
	p.Web = true
	if _, err := Ask(t.Context(), ana, p); !errors.Is(err, ErrPage) {
		t.Errorf("a page: %v", err)
	}
	p.Web = false
	p.Instance[0]++
	if _, err := Ask(t.Context(), ana, p); !errors.Is(err, mesh.ErrNoMember) {
		t.Errorf("who is not here: %v", err)
	}
}

// otherLink is a node that has another link to all than they have to it.
type otherLink struct{ *mesh.Node }

func (n otherLink) Binding(m mesh.Member) ([32]byte, error) {
	b, err := n.Node.Binding(m)
	b[0]++
	return b, err
}

func TestOtherLink(t *testing.T) {
	lan := meshtest.NewLAN()
	ana, _ := join(t, lan, "a", "ana")
	bo, atBo := join(t, lan, "b", "bo")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := Ask(ctx, otherLink{ana}, met(t, ana, bo)); !errors.Is(err, ErrLink) {
		t.Errorf("another link: %v", err)
	}
	if len(atBo) > 0 {
		t.Error("shown")
	}
	cancel()
	if _, err := Ask(ctx, otherLink{ana}, met(t, ana, bo)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// TestNonsense holds that who speaks otherwise is shown nowhere, and keeps nobody else
// from asking.
func TestNonsense(t *testing.T) {
	lan := meshtest.NewLAN()
	ana, _ := join(t, lan, "a", "ana")
	bo, atBo := join(t, lan, "b", "bo")
	p := met(t, ana, bo)
	for range 2 * maxCalls {
		conn, err := ana.Dial(t.Context(), p.Member, Service)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() // and says nothing
	}
	for _, text := range []string{"", "\x02aaaaaaaaaaaaaaaa", "\x01", "\x01aaaaaaaaaaaaaaaa"} {
		conn, err := ana.Dial(t.Context(), p.Member, Service)
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte(text))
		conn.Close()
	}
	var err error
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if _, err = Ask(t.Context(), ana, p); err == nil {
			break // once those have been given up
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if <-atBo; len(atBo) > 0 {
		t.Errorf("shown: %+v", <-atBo)
	}
}

func TestPatience(t *testing.T) {
	var p Patience
	now := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	id := func(n int) peer.ID { return peer.ID{byte(n), byte(n >> 8)} }
	allowed := func(n int, want bool) {
		t.Helper()
		if got := p.Allow(now, id(n)); got != want {
			t.Errorf("%v: %d is allowed: %v", now, n, got)
		}
	}
	for n := range burst {
		allowed(n, true)
	}
	allowed(0, false)
	allowed(100, false)
	now = now.Add(allEvery)
	allowed(0, false)
	allowed(100, true)
	allowed(101, false)
	now = now.Add(-24 * time.Hour) // the clock was set back
	allowed(0, true)
	asked := 0
	for n := range 3600 {
		now = now.Add(time.Second)
		if p.Allow(now, id(1000+n)) {
			asked++
		}
		if len(p.asked) > int(eachEvery/allEvery)+burst {
			t.Fatalf("%d are remembered", len(p.asked))
		}
	}
	if most := burst + int(time.Hour/allEvery); asked > most || asked < most-burst {
		t.Errorf("%d of an hour are allowed, want about %d", asked, most)
	}
	now = now.Add(eachEvery)
	allowed(0, true)
}

// tardy is somebody who takes a call and says nothing, over a connection that takes a
// second to set a deadline that is not over.
type tardy struct {
	Node
	net.Conn
}

func (tardy) Binding(mesh.Member) ([32]byte, error) { return [32]byte{1}, nil }

func (n tardy) Dial(context.Context, mesh.Member, string) (net.Conn, error) { return n, nil }

func (n tardy) SetDeadline(at time.Time) error {
	if time.Until(at) > 0 {
		time.Sleep(time.Second)
	}
	return n.Conn.SetDeadline(at)
}

// TestAskEndsWithItsContext holds that it does, though the context ends while Ask sets
// how long it waits itself.
func TestAskEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		go io.Copy(io.Discard, far)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		began := time.Now()
		if _, err := Ask(ctx, tardy{Conn: near}, mesh.Peer{}); err == nil {
			t.Error("it is answered")
		}
		if took := time.Since(began); took >= answerLimit {
			t.Errorf("it took %v", took)
		}
	})
}

// silent is a node that was called by somebody who says nothing.
type silent struct {
	Node
	calls  chan net.Conn
	closed chan struct{}
}

func (n silent) Listen(string) (net.Listener, error) { return n, nil }

func (n silent) Accept() (net.Conn, error) {
	select {
	case conn := <-n.calls:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n silent) Close() error { close(n.closed); return nil }

func (silent) Addr() net.Addr { return nil }

// TestStopIsSoon holds that who calls and says nothing keeps no program from leaving.
func TestStopIsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := silent{calls: make(chan net.Conn), closed: make(chan struct{})}
		stop, err := Serve(n, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		defer near.Close()
		n.calls <- far
		synctest.Wait()
		began := time.Now()
		stop()
		if took := time.Since(began); took > stopLimit {
			t.Errorf("it took %v", took)
		}
	})
}
