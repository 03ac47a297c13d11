package stream

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"
)

func TestConn(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		e := join()
		near, far := e.dial(t)
		return near, far, e.stop, nil
	})
}

func TestLargeTransferBothWays(t *testing.T) {
	e := join()
	defer e.stop()
	near, far := e.dial(t)
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, c := range []*Conn{near, far} {
		wg.Go(func() {
			if n, err := c.Write(data); n != len(data) || err != nil {
				t.Errorf("written %d: %v", n, err)
			}
			c.CloseWrite()
		})
		wg.Go(func() {
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
		})
	}
}

func TestCloseDelivers(t *testing.T) {
	p := newPair()
	near, far := p.dial(t)
	mustWrite(t, near, 40000)
	near.Close()
	p.settle(t)
	got, err := io.ReadAll(far)
	if len(got) != 40000 || err != nil {
		t.Errorf("read %d, %v", len(got), err)
	}
	if _, err := near.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write to a closed stream: %v", err)
	}
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of a closed stream: %v", err)
	}
	var reset *ResetError
	if _, err := far.Write([]byte("x")); !errors.As(err, &reset) || reset.Reason != "" {
		t.Errorf("write to a stream that the other side closed: %v", err)
	}
	if len(p.a.streams) != 0 || len(p.b.streams) != 0 {
		t.Errorf("%d and %d streams are left", len(p.a.streams), len(p.b.streams))
	}
}

func TestHalfClose(t *testing.T) {
	p := newPair()
	near, far := p.dial(t)
	mustWrite(t, near, 10)
	near.CloseWrite()
	if _, err := near.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write behind the end: %v", err)
	}
	p.settle(t)
	if got, err := io.ReadAll(far); len(got) != 10 || err != nil {
		t.Errorf("read %d, %v", len(got), err)
	}
	mustWrite(t, far, 20)
	far.CloseWrite()
	p.settle(t)
	if got, err := io.ReadAll(near); len(got) != 20 || err != nil {
		t.Errorf("read %d, %v", len(got), err)
	}
	if len(p.a.streams) != 0 || len(p.b.streams) != 0 {
		t.Errorf("%d and %d streams are left after both ends", len(p.a.streams), len(p.b.streams))
	}
	if err := near.Close(); err != nil {
		t.Error(err)
	}
}

// Who closes without having read all does not make the other wait for credit.
func TestCloseOfAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := join()
		defer e.stop()
		near, far := e.dial(t)
		failed := make(chan error)
		go func() {
			_, err := near.Write(make([]byte, 1<<20))
			failed <- err
		}()
		synctest.Wait() // the window is full
		far.Close()
		var reset *ResetError
		if err := <-failed; !errors.As(err, &reset) {
			t.Errorf("write: %v", err)
		}
	})
}

func TestReset(t *testing.T) {
	p := newPair()
	near, far := p.dial(t)
	mustWrite(t, near, 10)
	p.settle(t)
	mustWrite(t, near, 10)
	near.Reset("no more\x1b[2J")
	p.settle(t)
	got, err := io.ReadAll(far)
	var reset *ResetError
	if len(got) != 10 || !errors.As(err, &reset) || reset.Reason != "no more�[2J" && reset.Reason != "no more[2J" {
		t.Errorf("read %d, %q", len(got), err)
	}
}

// What a closed stream still has to send is not kept for ever.
func TestLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := join()
		defer e.stop()
		near, far := e.dial(t)
		go near.Write(make([]byte, initial+sendBuffer+1))
		synctest.Wait()
		near.Close()
		time.Sleep(lingerTime + time.Second)
		got, err := io.ReadAll(far)
		var reset *ResetError
		if len(got) != initial || !errors.As(err, &reset) {
			t.Errorf("read %d, %v", len(got), err)
		}
		if n := len(e.near.streams); n != 0 {
			t.Errorf("%d streams are left", n)
		}
	})
}

func TestEndOfTheCarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := join()
		near, far := e.dial(t)
		mustWrite(t, near, 5)
		synctest.Wait()
		over := errors.New("over")
		e.far.End(over)
		if got, err := io.ReadAll(far); len(got) != 5 || err != over {
			t.Errorf("read %d, %v", len(got), err)
		}
		if _, err := near.Read(make([]byte, 1)); err == nil {
			t.Error("the other end reads on")
		}
		if _, err := near.Write(make([]byte, 1)); err == nil {
			t.Error("the other end writes on")
		}
		if _, err := e.near.Open(); err == nil {
			t.Error("a stream was opened on nothing")
		}
		e.stop()
	})
}

// A carrier that ends cleanly does not end its streams as if all had been said.
func TestEndOfTheCarrierIsNoEndOfAStream(t *testing.T) {
	p := newPair()
	near, _ := p.dial(t)
	p.a.End(io.EOF)
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read: %v", err)
	}
}

func TestConcurrentWritesDoNotMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := join()
		defer e.stop()
		near, far := e.dial(t)
		const each = 200 << 10
		for _, b := range []byte("ab") {
			go near.Write(bytes.Repeat([]byte{b}, each))
		}
		got := make([]byte, 2*each)
		if _, err := io.ReadFull(far, got); err != nil {
			t.Fatal(err)
		}
		if got[0] != got[each-1] || got[each] != got[2*each-1] || got[0] == got[each] {
			t.Error("two writes are mixed")
		}
	})
}
