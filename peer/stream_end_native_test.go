//go:build !js

package peer_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// fill writes until a deadline is missed, and returns how much was written.
func fill(t *testing.T, s net.Conn) (written int64) {
	t.Helper()
	for {
		s.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		n, err := s.Write(make([]byte, 1<<20))
		written += int64(n)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.SetWriteDeadline(time.Time{})
			return written
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestMissedDeadlines has a writer miss many deadlines, in the midst of records: all
// that it was told is written arrives, and nothing else.
func TestMissedDeadlines(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	pair(t, a, b)
	near, far := streams(t, a, b)
	src := rand.New(rand.NewPCG(1, 2))
	var sent, got bytes.Buffer
	missed := 0
	done := make(chan error)
	go func() {
		_, err := io.Copy(&got, far)
		done <- err
	}()
	data := make([]byte, 256<<10)
	for missed < 200 || sent.Len() < 32<<20 {
		for i := range data[:1024] {
			data[i] = byte(src.Uint32())
		}
		near.SetWriteDeadline(time.Now().Add(time.Duration(src.IntN(200)) * time.Microsecond))
		n, err := near.Write(data)
		sent.Write(data[:n])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			missed++
		case err != nil:
			t.Fatal(err)
		}
	}
	near.SetWriteDeadline(time.Time{})
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || !bytes.Equal(got.Bytes(), sent.Bytes()) {
		t.Errorf("%d bytes arrive as %d, %v", sent.Len(), got.Len(), err)
	}
	far.Close()
}

// TestCloseDelivers has a side close while what it wrote is under way: it arrives, and
// then the end.
func TestCloseDelivers(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	pair(t, a, b)
	near, far := streams(t, a, b)
	written := fill(t, near)
	if err := near.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("it takes more: %v", err)
	}
	if got, err := io.Copy(io.Discard, far); err != nil || got != written {
		t.Errorf("%d bytes come as %d, %v", written, got, err)
	}
	far.Close()
}

// TestCloseDoesNotWait has the other side read nothing: neither the stream's Close nor
// the transport's waits for it.
func TestCloseDoesNotWait(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	pair(t, a, b)
	near, _ := streams(t, a, b)
	fill(t, near)
	writing := make(chan error)
	go func() {
		_, err := near.Write(make([]byte, 1<<20))
		writing <- err
	}()
	near.Close()
	if err := <-writing; !errors.Is(err, net.ErrClosed) {
		t.Errorf("who writes gets %v", err)
	}
	a.Close()
	b.Close()
}

// TestBrokenStreamIsNoEnd has a process end without a word: the other side reads an
// error, behind what arrived.
func TestBrokenStreamIsNoEnd(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	pair(t, a, b)
	near, far := streams(t, a, b)
	near.Write([]byte("half of "))
	half := make([]byte, 8)
	if _, err := io.ReadFull(far, half); err != nil {
		t.Fatal(err)
	}
	a.Close() // as the kernel does for a dead process
	if _, err := far.Read(half); err == nil || err == io.EOF {
		t.Errorf("read %v, want that it broke", err)
	}
	if _, err := near.Read(half); err == nil || err == io.EOF {
		t.Errorf("this side reads %v", err)
	}
	if err := near.Close(); err != nil {
		t.Error(err)
	}
	if _, err := a.DialStream(t.Context(), b.Self().Instance, b.Addrs()); !errors.Is(err, peer.ErrClosed) {
		t.Errorf("a new one: %v", err)
	}
	if _, err := a.AcceptStream(t.Context()); !errors.Is(err, peer.ErrClosed) {
		t.Errorf("accepting: %v", err)
	}
}

// TestStreamWithoutItsLink has a link end: its stream goes on, and another can be
// opened.
func TestStreamWithoutItsLink(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	link, far := pair(t, a, b)
	one, other := streams(t, a, b)
	link.Close(nil)
	far.Close(nil)
	<-link.Done()
	<-far.Done()
	one.Write([]byte("x"))
	if _, err := io.ReadFull(other, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	again, _ := streams(t, b, a)
	again.Close()
}

// TestStreamErrors has DialStream say what is wrong.
func TestStreamErrors(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	pair(t, a, b)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := target(b)
	dead.Addrs[0] = netipAddr(silent)
	silent.Close()
	if _, err := a.DialStream(t.Context(), b.Self().Instance, dead.Addrs); !errors.Is(err, peer.ErrRefused) {
		t.Errorf("nobody listens there: %v", err)
	}
	if _, err := a.DialStream(t.Context(), b.Self().Instance, a.Addrs()); !errors.Is(err, peer.ErrFull) {
		t.Errorf("who answers does not know us: %v", err)
	}
}
