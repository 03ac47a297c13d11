package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/lanyap/lanyap/peer"
)

func TestPipe(t *testing.T) {
	t.Run("messages arrive whole and in order", func(t *testing.T) {
		a, b := peer.Pipe(peer.Hello{Name: "ana"}, peer.Hello{Name: "bo"})
		if a.Remote().Name != "bo" || b.Remote().Name != "ana" {
			t.Fatalf("remotes are %q and %q", a.Remote().Name, b.Remote().Name)
		}
		long := bytes.Repeat([]byte("x"), peer.MaxMessage)
		for _, m := range [][]byte{[]byte("one"), {}, long} {
			if err := a.WriteMessage(m); err != nil {
				t.Fatal(err)
			}
			got, err := b.ReadMessage()
			if err != nil || !bytes.Equal(got, m) {
				t.Fatalf("got %d bytes, %v; want %d", len(got), err, len(m))
			}
		}
		if err := a.WriteMessage(append(long, 'x')); err == nil {
			t.Error("a message past MaxMessage was taken")
		}
	})
	t.Run("the reader gets what was written before the close, then the reason", func(t *testing.T) {
		a, b := peer.Pipe(peer.Hello{}, peer.Hello{})
		if err := a.WriteMessage([]byte("last words")); err != nil {
			t.Fatal(err)
		}
		a.Close(errors.New("bye"))
		if got, err := b.ReadMessage(); string(got) != "last words" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		_, err := b.ReadMessage()
		var closed *peer.CloseError
		if !errors.As(err, &closed) || closed.Reason != "bye" {
			t.Fatalf("got %v, want a CloseError for bye", err)
		}
		if err := b.WriteMessage([]byte("x")); err == nil {
			t.Error("a write after the end succeeded")
		}
	})
	t.Run("a full pipe blocks until somebody reads", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b := peer.Pipe(peer.Hello{}, peer.Hello{})
			wrote := make(chan int)
			go func() {
				n := 0
				for a.WriteMessage(make([]byte, 64<<10)) == nil {
					n++
				}
				wrote <- n
			}()
			synctest.Wait()
			for range 3 {
				b.ReadMessage()
			}
			synctest.Wait()
			a.Close(nil)
			if n := <-wrote; n != 16+3 {
				t.Errorf("wrote %d messages of 64 KiB, want the 16 that fit and the 3 that were read", n)
			}
		})
	})
	t.Run("ping", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b := peer.Pipe(peer.Hello{}, peer.Hello{})
			go a.ReadMessage()
			go b.ReadMessage()
			if d, err := a.Ping(t.Context()); d != 0 || err != nil {
				t.Errorf("got %v, %v; want no time at all in memory", d, err)
			}
			b.Close(nil)
			synctest.Wait()
			if _, err := a.Ping(context.Background()); err == nil {
				t.Error("a ping over a link that ended was answered")
			}
		})
	})
}

// TestReplacedIsToldAsSuch holds that both sides of a link that makes room for
// another know it.
func TestReplacedIsToldAsSuch(t *testing.T) {
	near, far := peer.Pipe(peer.Hello{Name: "a"}, peer.Hello{Name: "b"})
	near.Close(fmt.Errorf("for a tunnel: %w", peer.ErrReplaced))
	if _, err := far.ReadMessage(); !errors.Is(err, peer.ErrReplaced) {
		t.Errorf("the other side's link ended with %v", err)
	}
}
