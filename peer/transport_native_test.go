//go:build !js

package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

func listen(t testing.TB, cfg peer.Config) *peer.Transport {
	t.Helper()
	tr, err := peer.Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// anyInstance is an instance that nobody has.
func anyInstance() peer.Instance { return peer.ID{}.Instance(peer.NewSalt()) }

func target(tr *peer.Transport) peer.Target {
	return peer.Target{Instance: tr.Self().Instance, Addrs: tr.Addrs()}
}

// pair returns both ends of a link between two transports, dialed by the first.
func pair(t testing.TB, a, b *peer.Transport) (near, far *peer.Conn) {
	t.Helper()
	near, err := a.Dial(t.Context(), target(b))
	if err != nil {
		t.Fatal(err)
	}
	far, err = b.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

func TestDial(t *testing.T) {
	key := peer.NewIdentity()
	a := listen(t, peer.Config{Name: "ana", Identity: key, Topics: []string{"chat"}})
	b := listen(t, peer.Config{Name: "bo", Observer: true})
	near, far := pair(t, a, b)

	got := far.Remote()
	if got.ID != key.ID() || got.Name != "ana" || got.Instance != a.Self().Instance || got.Topics[0] != "chat" || got.Observer {
		t.Errorf("the answerer sees %+v", got)
	}
	if r := near.Remote(); r.Name != "bo" || !r.Observer || r.Addrs[0] != b.Addrs()[0] {
		t.Errorf("the dialer sees %+v", r)
	}
	if near.RemoteAddr() != b.Addrs()[0] || far.RemoteAddr() != a.Addrs()[0] {
		t.Errorf("remote addresses are %v and %v", near.RemoteAddr(), far.RemoteAddr())
	}

	for _, size := range []int{0, 1, 1191, 2048, 2049, 64 << 10, peer.MaxMessage} {
		want := bytes.Repeat([]byte{byte(size)}, size)
		for from, to := range map[*peer.Conn]*peer.Conn{near: far, far: near} {
			if err := from.WriteMessage(want); err != nil {
				t.Fatal(err)
			}
			if got, err := to.ReadMessage(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes came as %d, %v", size, len(got), err)
			}
		}
	}
	go near.ReadMessage()
	go far.ReadMessage()
	if _, err := near.Ping(t.Context()); err != nil {
		t.Error(err)
	}

	near.Close(errors.New("enough"))
	<-far.Done()
	var closed *peer.CloseError
	if !errors.As(far.Err(), &closed) || closed.Reason != "enough" {
		t.Errorf("the answerer's link ended with %v", far.Err())
	}
}

// TestDialTellsWhomItTries holds that a dial tells each address that it tries
// at, and that those behind the one that answers are spared.
func TestDialTellsWhomItTries(t *testing.T) {
	a := listen(t, peer.Config{})
	b := listen(t, peer.Config{})
	dead := func(port int) netip.AddrPort { return netip.AddrPortFrom(b.Addrs()[0].Addr(), uint16(port)) }
	to := peer.Target{Instance: b.Self().Instance, Addrs: []netip.AddrPort{dead(1), b.Addrs()[0]}}
	for port := 2; port < 200; port++ {
		to.Addrs = append(to.Addrs, dead(port))
	}
	var tried []netip.AddrPort
	to.Progress = func(step peer.Step, at netip.AddrPort) {
		if step == peer.StepConnect && at.IsValid() {
			tried = append(tried, at)
		}
	}
	conn, err := a.Dial(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(nil)
	if n := len(tried); n < 2 || n == len(to.Addrs) || !slices.Equal(tried, to.Addrs[:n]) {
		t.Errorf("the dial tells of %v, want the first addresses, up to the one that answers", tried)
	}
}

// TestDialTellsWhoAnswersInstead holds that a dial which finds another instance
// than was meant tells which, and where.
func TestDialTellsWhoAnswersInstead(t *testing.T) {
	a := listen(t, peer.Config{})
	b := listen(t, peer.Config{})
	var who peer.Instance
	var where netip.AddrPort
	to := peer.Target{Instance: anyInstance(), Addrs: b.Addrs()}
	to.Instead = func(in peer.Instance, at netip.AddrPort) { who, where = in, at }
	if _, err := a.Dial(t.Context(), to); !errors.Is(err, peer.ErrInstance) {
		t.Fatalf("got %v, want %v", err, peer.ErrInstance)
	}
	if who != b.Self().Instance || !slices.Contains(b.Addrs(), where) {
		t.Errorf("told of %v at %v, want %v at %v", who, where, b.Self().Instance, b.Addrs())
	}
}

func TestDialErrors(t *testing.T) {
	a := listen(t, peer.Config{})
	b := listen(t, peer.Config{})
	other := listen(t, peer.Config{Room: "other"})
	tests := []struct {
		name string
		to   peer.Target
		want error
	}{
		{"nobody listens", peer.Target{Addrs: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")}}, peer.ErrRefused},
		{"another instance", peer.Target{Instance: anyInstance(), Addrs: b.Addrs()}, peer.ErrInstance},
		{"another room", peer.Target{Addrs: other.Addrs()}, peer.ErrRoom},
		{"another room by instance", target(other), peer.ErrRoom},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := a.Dial(t.Context(), tt.to); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	t.Run("linked", func(t *testing.T) {
		near, far := pair(t, a, b)
		for range 3 {
			if _, err := a.Dial(t.Context(), target(b)); !errors.Is(err, peer.ErrLinked) {
				t.Errorf("got %v, want ErrLinked", err)
			}
			if _, err := b.Dial(t.Context(), target(a)); !errors.Is(err, peer.ErrLinked) {
				t.Errorf("got %v, want ErrLinked", err)
			}
		}
		if near.Err() != nil || far.Err() != nil {
			t.Errorf("the link ended: %v, %v", near.Err(), far.Err())
		}
	})
}

// TestGlare has two nodes dial each other at once, many times: one link comes
// out, and both sides mean the same one.
func TestGlare(t *testing.T) {
	for range 20 {
		a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		conns := make(chan *peer.Conn, 4)
		var wg, dials sync.WaitGroup
		for from, to := range map[*peer.Transport]*peer.Transport{a: b, b: a} {
			dials.Go(func() {
				if c, err := from.Dial(ctx, target(to)); err == nil {
					conns <- c
				} else if !errors.Is(err, peer.ErrLinked) {
					t.Errorf("dial: %v", err)
				}
			})
			wg.Go(func() {
				if c, err := from.Accept(ctx); err == nil {
					conns <- c
				}
			})
		}
		first, second := <-conns, <-conns
		if err := first.WriteMessage([]byte("hi")); err != nil {
			t.Error(err)
		}
		if got, err := second.ReadMessage(); string(got) != "hi" {
			t.Errorf("got %q, %v", got, err)
		}
		dials.Wait()
		cancel()
		wg.Wait()
		a.Close()
		b.Close()
	}
}

// TestCloseLeavesNothing counts goroutines: pion has many, and its own Close
// does not wait for them.
func TestCloseLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
		pair(t, a, b)
		a.Close()
		b.Close()
	}
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, were %d:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

// TestCloseWhileDialing closes a transport just when a dial of its becomes a
// link: that link must not go on, and Close not wait for it.
func TestCloseWhileDialing(t *testing.T) {
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() {
			a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			wg.Go(func() { _, _ = a.Dial(ctx, target(b)) })
			if _, err := b.Accept(ctx); err != nil {
				t.Error(err)
			}
			start := time.Now()
			a.Close()
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("Close took %v", d)
			}
			b.Close()
		})
	}
	wg.Wait()
}

func TestPortTaken(t *testing.T) {
	a := listen(t, peer.Config{})
	port := int(a.Addrs()[0].Port())
	if b, err := peer.Listen(peer.Config{Port: port}); err == nil {
		b.Close()
		t.Errorf("port %d was given twice", port)
	}
}

// BenchmarkLink makes links and drops them; both sides' work is in the figure.
func BenchmarkLink(b *testing.B) {
	x := listen(b, peer.Config{})
	for b.Loop() {
		b.StopTimer()
		y := listen(b, peer.Config{})
		b.StartTimer()
		pair(b, x, y)
		b.StopTimer()
		y.Close()
		b.StartTimer()
	}
}

func BenchmarkThroughput(b *testing.B) {
	for _, size := range []int{256, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			x, y := listen(b, peer.Config{}), listen(b, peer.Config{})
			near, far := pair(b, x, y)
			b.SetBytes(int64(size))
			msg := make([]byte, size)
			go func() {
				for near.WriteMessage(msg) == nil {
				}
			}()
			for b.Loop() {
				if _, err := far.ReadMessage(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
