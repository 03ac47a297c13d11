//go:build !js

package peer_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/stream"
)

// channelPair opens a channel on near and accepts it on far.
func channelPair(t testing.TB, near, far *peer.Conn) (a, b *stream.Conn) {
	t.Helper()
	a, err := near.OpenChannel()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = far.AcceptChannel(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a, b
}

// drain reads the messages of a link and throws them away.
func drain(c *peer.Conn) {
	for {
		if _, err := c.ReadMessage(); err != nil {
			return
		}
	}
}

func TestChannel(t *testing.T) {
	near, far := pair(t, listen(t, peer.Config{}), listen(t, peer.Config{}))
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		a, b := channelPair(t, near, far)
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

func TestPipeChannel(t *testing.T) {
	near, far := peer.Pipe(peer.Hello{}, peer.Hello{})
	defer near.Close(nil)
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		a, b := channelPair(t, near, far)
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

// Both sides open at the same time, and many one after the other: more than there
// may be at once, and than there are numbers of data channels to be had.
func TestChannelsFromBothSides(t *testing.T) {
	near, far := pair(t, listen(t, peer.Config{}), listen(t, peer.Config{}))
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, ends := range [][2]*peer.Conn{{near, far}, {far, near}} {
		wg.Go(func() {
			for range 300 {
				a, err := ends[0].OpenChannel()
				if err != nil {
					t.Error(err)
					return
				}
				a.Write([]byte("who is there?"))
				a.CloseWrite()
				if _, err := io.ReadAll(a); err != nil {
					t.Error(err)
				}
				a.Close()
			}
		})
		wg.Go(func() {
			for range 300 {
				b, err := ends[1].AcceptChannel(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := io.ReadAll(b); string(got) != "who is there?" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
				b.Close()
			}
		})
	}
}

// What is in a channel counts as taken in: bulk does not end the link.
func TestBulkKeepsTheLink(t *testing.T) {
	near, far := pair(t, listen(t, peer.Config{}), listen(t, peer.Config{}))
	go drain(near)
	go drain(far)
	a, b := channelPair(t, near, far)
	const size = 12 << 20 // six times what a link may owe
	go func() {
		a.Write(make([]byte, size))
		a.CloseWrite()
	}()
	n, err := io.Copy(io.Discard, b)
	if n != size || err != nil || near.Err() != nil || far.Err() != nil {
		t.Errorf("%d bytes came, %v; the link: %v, %v", n, err, near.Err(), far.Err())
	}
}

func TestUnreadChannelsDoNotStopMessages(t *testing.T) {
	near, far := pair(t, listen(t, peer.Config{}), listen(t, peer.Config{}))
	testUnreadChannels(t, near, far)
	t.Run("pipe", func(t *testing.T) {
		near, far := peer.Pipe(peer.Hello{}, peer.Hello{})
		defer near.Close(nil)
		testUnreadChannels(t, near, far)
	})
}

func testUnreadChannels(t *testing.T, near, far *peer.Conn) {
	t.Helper()
	for i := range 64 {
		a, err := near.OpenChannel()
		if err != nil {
			t.Fatal(err)
		}
		if i < 60 {
			if _, err := far.AcceptChannel(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		go a.Write(make([]byte, 4<<20))
	}
	if _, err := near.OpenChannel(); err == nil {
		t.Error("a 65th channel was opened")
	}
	message := bytes.Repeat([]byte("x"), 64<<10)
	for range 100 {
		if err := near.WriteMessage(message); err != nil {
			t.Fatal(err)
		}
		if got, err := far.ReadMessage(); err != nil || len(got) != len(message) {
			t.Fatalf("got %d bytes, %v", len(got), err)
		}
	}
}

// A message goes before the bulk that waits, however much that is.
func TestBulkDoesNotDelayMessages(t *testing.T) {
	near, far := pair(t, listen(t, peer.Config{}), listen(t, peer.Config{}))
	go func() { // echoes
		for {
			p, err := far.ReadMessage()
			if err != nil || far.WriteMessage(p) != nil {
				return
			}
		}
	}()
	round := func() time.Duration {
		start := time.Now()
		if err := near.WriteMessage([]byte("quick")); err != nil {
			t.Fatal(err)
		}
		if _, err := near.ReadMessage(); err != nil {
			t.Fatal(err)
		}
		return time.Since(start)
	}
	median := func() time.Duration {
		var took []time.Duration
		for range 101 {
			took = append(took, round())
		}
		slices.Sort(took)
		return took[len(took)/2]
	}
	idle := median()
	var moved atomic.Int64
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 4 {
		a, b := channelPair(t, near, far)
		defer a.Close()
		wg.Go(func() { io.Copy(a, zeros{}) })
		wg.Go(func() {
			p := make([]byte, 64<<10)
			for {
				n, err := b.Read(p)
				if err != nil {
					return
				}
				moved.Add(int64(n))
			}
		})
	}
	var took []time.Duration
	for moved.Load() < 1<<20 {
		runtime.Gosched()
	}
	for start := moved.Load(); moved.Load() < start+16<<20; {
		took = append(took, round())
	}
	slices.Sort(took)
	busy, worst := took[len(took)/2], took[len(took)-1]
	t.Logf("a round trip takes %v; beside bulk %v, %v at the most", idle, busy, worst)
	if busy > idle+250*time.Millisecond {
		t.Errorf("a round trip takes %v, and %v beside bulk", idle, busy)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestChannelsEndWithTheLink(t *testing.T) {
	near, far := pair(t, listen(t, peer.Config{}), listen(t, peer.Config{}))
	go drain(near)
	go drain(far)
	a, b := channelPair(t, near, far)
	near.Close(errors.New("enough"))
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, near.Err()) {
		t.Errorf("read: %v", err)
	}
	if _, err := io.Copy(io.Discard, b); err == nil {
		t.Error("the other end was closed as if all had been said")
	}
	if _, err := near.OpenChannel(); !errors.Is(err, near.Err()) {
		t.Errorf("open: %v", err)
	}
	<-far.Done()
	if _, err := far.AcceptChannel(t.Context()); !errors.Is(err, far.Err()) {
		t.Errorf("accept: %v", err)
	}
}

func TestOnChannels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := peer.Pipe(peer.Hello{}, peer.Hello{})
		defer near.Close(nil)
		defer far.Close(nil)
		var calls atomic.Int64
		far.OnChannels(func() { calls.Add(1) })
		synctest.Wait()
		if n := calls.Load(); n != 0 {
			t.Errorf("called %d times before there was a channel", n)
		}
		for range 2 {
			if _, err := near.OpenChannel(); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		near.OnChannels(func() { calls.Add(10) })
		synctest.Wait()
		if n := calls.Load(); n != 11 {
			t.Errorf("called %d times, want once at each end", n)
		}
	})
}

func TestAcceptChannelWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := peer.Pipe(peer.Hello{}, peer.Hello{})
		defer near.Close(nil)
		defer far.Close(nil)
		got := make(chan *stream.Conn)
		go func() {
			c, _ := far.AcceptChannel(t.Context())
			got <- c
		}()
		synctest.Wait()
		a, err := near.OpenChannel()
		if err != nil {
			t.Fatal(err)
		}
		b := <-got
		a.Write([]byte("hi"))
		p := make([]byte, 5)
		if n, err := b.Read(p); n != 2 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		b.SetReadDeadline(time.Now().Add(time.Hour))
		if _, err := b.Read(p); err == nil {
			t.Error("read on behind the deadline")
		}
	})
}

func BenchmarkChannel(b *testing.B) {
	near, far := pair(b, listen(b, peer.Config{}), listen(b, peer.Config{}))
	go drain(near)
	go drain(far)
	x, y := channelPair(b, near, far)
	const size = 256 << 10
	b.SetBytes(size)
	b.ReportAllocs()
	go func() {
		p := make([]byte, size)
		for range b.N {
			x.Write(p)
		}
		x.CloseWrite()
	}()
	io.CopyBuffer(struct{ io.Writer }{io.Discard}, y, make([]byte, size))
}
