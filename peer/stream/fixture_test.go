package stream

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// pipe is one end of a carrier in memory that holds few messages.
type pipe struct {
	in   <-chan []byte
	out  chan<- []byte
	over chan struct{} // of both ends
	once *sync.Once
}

func newPipe() (a, b *pipe) {
	ab, ba := make(chan []byte, 4), make(chan []byte, 4)
	over, once := make(chan struct{}), new(sync.Once)
	return &pipe{ba, ab, over, once}, &pipe{ab, ba, over, once}
}

func (p *pipe) ReadMessage() ([]byte, error) {
	select {
	case m := <-p.in:
		return m, nil
	case <-p.over:
		return nil, io.ErrClosedPipe
	}
}

func (p *pipe) WriteMessage(m []byte) error {
	select {
	case p.out <- bytes.Clone(m):
		return nil
	case <-p.over:
		return io.ErrClosedPipe
	}
}

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.over) })
	return nil
}

// ends are the two ends of a carrier; what is opened on near is accepted from
// far's channel.
type ends struct {
	near, far *Mux
	accept    chan *Conn
	stop      func()
}

// join runs both ends over a carrier in memory.
func join() *ends {
	accept := make(chan *Conn, 16)
	e := &ends{near: NewMux(Config{}), far: NewMux(Config{Accept: accept}), accept: accept}
	a, b := newPipe()
	var wg sync.WaitGroup
	wg.Go(func() { _ = e.near.Carry(a) })
	wg.Go(func() { _ = e.far.Carry(b) })
	e.stop = func() {
		e.near.End(net.ErrClosed)
		wg.Wait()
	}
	return e
}

// dial returns the two ends of a new stream.
func (e *ends) dial(t *testing.T) (near, far *Conn) {
	t.Helper()
	near, err := e.near.Open()
	if err != nil {
		t.Fatal(err)
	}
	far = <-e.accept
	return near, far
}

// pair is two ends without a carrier: settle moves what is due, so that a test
// decides when.
type pair struct {
	a, b   *Mux
	accept chan *Conn // of b
}

func newPair() *pair {
	accept := make(chan *Conn, 16)
	return &pair{a: NewMux(Config{}), b: NewMux(Config{Accept: accept}), accept: accept}
}

// settle moves frames both ways until none is due.
func (p *pair) settle(t *testing.T) {
	t.Helper()
	for p.a.Due() || p.b.Due() {
		move(t, p.a, p.b)
		move(t, p.b, p.a)
	}
}

// move moves one frame and returns its kind, 0 if none was due.
func move(t *testing.T, from, to *Mux) byte {
	t.Helper()
	f := from.Append(nil, MaxFrame)
	if len(f) == 0 {
		return 0
	}
	if err := to.Take(f); err != nil {
		t.Fatalf("frame % x: %v", f[:min(len(f), 16)], err)
	}
	return f[0]
}

func (p *pair) dial(t *testing.T) (near, far *Conn) {
	t.Helper()
	near, err := p.a.Open()
	if err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	select {
	case far = <-p.accept:
	default:
		t.Fatal("nothing to accept")
	}
	mustWrite(t, near, initial/2) // which opens the window
	p.settle(t)
	if _, err := io.ReadFull(far, make([]byte, initial/2)); err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	return near, far
}

func mustWrite(t *testing.T, c *Conn, n int) {
	t.Helper()
	if k, err := c.Write(make([]byte, n)); k != n || err != nil {
		t.Fatalf("write of %d: %d, %v", n, k, err)
	}
}
