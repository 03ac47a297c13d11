package stream

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"
)

// fill writes to a stream until nothing more is taken, without waiting.
func fill(t *testing.T, p *pair, c *Conn) {
	t.Helper()
	for {
		p.a.mu.Lock()
		room := sendBuffer - c.out.size
		p.a.mu.Unlock()
		if room == 0 {
			return
		}
		mustWrite(t, c, room)
		p.settle(t)
	}
}

func unread(m *Mux) (bytes, capacity int) {
	for _, c := range m.streams {
		bytes += c.in.size
		for _, piece := range c.in.pieces {
			capacity += cap(piece)
		}
	}
	return bytes, capacity
}

func TestUnreadIsBounded(t *testing.T) {
	p := newPair()
	near, err := p.a.Open()
	if err != nil {
		t.Fatal(err)
	}
	fill(t, p, near)
	if n, _ := unread(p.b); n != initial {
		t.Errorf("%d bytes are unread of a stream that nobody reads", n)
	}
	far := <-p.accept
	if _, err := io.ReadFull(far, make([]byte, initial/2)); err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	fill(t, p, near)
	if n, _ := unread(p.b); n != window {
		t.Errorf("%d bytes are unread of one stream", n)
	}
}

func TestManyStreamsShareTheWindow(t *testing.T) {
	p := newPair()
	for range maxStreams {
		near, _ := p.dial(t)
		fill(t, p, near)
	}
	if n, capacity := unread(p.b); n > 5<<20 || n < maxStreams*initial || capacity > 6<<20 {
		t.Errorf("%d bytes are unread, in %d", n, capacity)
	}
}

func TestTinyFrames(t *testing.T) {
	p := newPair()
	near, _ := p.dial(t)
	f := append(appendHeader(nil, kindData, near.number), 'x')
	for range window {
		if err := p.b.Take(f); err != nil {
			t.Fatal(err)
		}
	}
	if n, capacity := unread(p.b); n != window || capacity > 2*window {
		t.Errorf("%d bytes take %d", n, capacity)
	}
}

func TestUnreadHoldsUpNoOther(t *testing.T) {
	p := newPair()
	stuck, _ := p.dial(t)
	fill(t, p, stuck)
	near, far := p.dial(t)
	mustWrite(t, near, 1000)
	p.settle(t)
	if n, err := far.Read(make([]byte, 2000)); n != 1000 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
}

func TestTooMany(t *testing.T) {
	p := newPair()
	for range maxStreams {
		p.dial(t)
	}
	if _, err := p.a.Open(); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	// One that does not count is told.
	p.a.opened[1] = 0
	near, err := p.a.Open()
	if err != nil {
		t.Fatal(err)
	}
	p.settle(t)
	var reset *ResetError
	if _, err := near.Read(make([]byte, 1)); !errors.As(err, &reset) || reset.Reason != "too many streams" {
		t.Errorf("one more: %v", err)
	}
}

func TestNobodyAccepts(t *testing.T) {
	p := newPair()
	var last *Conn
	for range cap(p.accept) + 1 {
		c, err := p.a.Open()
		if err != nil {
			t.Fatal(err)
		}
		last = c
		p.settle(t)
	}
	var reset *ResetError
	if _, err := last.Read(make([]byte, 1)); !errors.As(err, &reset) || reset.Reason != "busy" {
		t.Errorf("read: %v", err)
	}
	if n := len(p.b.streams); n != cap(p.accept) {
		t.Errorf("%d are kept", n)
	}
}

func TestFloodOfOpens(t *testing.T) {
	m := NewMux(Config{})
	for n := range uint32(10 * maxRefused) {
		if err := m.Take(appendHeader(nil, kindOpen, n+1|ours)); err != nil {
			if n != maxRefused || !errors.Is(err, errFlood) {
				t.Errorf("after %d: %v", n, err)
			}
			return
		}
	}
	t.Error("it was never ended")
}

func TestTurns(t *testing.T) {
	p := newPair()
	one, _ := p.dial(t)
	two, _ := p.dial(t)
	mustWrite(t, one, sendBuffer)
	mustWrite(t, two, sendBuffer)
	var order []uint32
	for range 4 {
		f := p.a.Append(nil, MaxFrame)
		order = append(order, binary.BigEndian.Uint32(f[1:]))
		if err := p.b.Take(f); err != nil {
			t.Fatal(err)
		}
	}
	if order[0] == order[1] || order[0] != order[2] || order[1] != order[3] {
		t.Errorf("the turns are %v", order)
	}
	if _, err := p.a.Open(); err != nil {
		t.Fatal(err)
	}
	if f := p.a.Append(nil, MaxFrame); f[0] != kindOpen {
		t.Errorf("kind %d goes before an open", f[0])
	}
}

func TestFramesFit(t *testing.T) {
	p := newPair()
	near, _ := p.dial(t)
	mustWrite(t, near, 10000)
	for _, most := range []int{250, 1000, 5000} {
		if f := p.a.Append(nil, most); len(f) != most {
			t.Errorf("a frame of at most %d is %d", most, len(f))
		}
	}
}

func TestBreaches(t *testing.T) {
	number := func(kind byte, number uint32, rest ...byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{kind}, number), rest...)
	}
	credit := binary.BigEndian.AppendUint64(nil, math.MaxUint64)
	for _, c := range []struct {
		name   string
		frames [][]byte
		ok     bool
	}{
		{"nothing", [][]byte{{}}, false},
		{"no number", [][]byte{{kindOpen, 0, 0, 0}}, false},
		{"number 0", [][]byte{number(kindOpen, 0)}, false},
		{"data before open", [][]byte{number(kindData, 7, 1)}, false},
		{"open for us", [][]byte{number(kindOpen, ours|7)}, false},
		{"one of ours that we never opened", [][]byte{number(kindReset, ours|7)}, false},
		{"open twice", [][]byte{number(kindOpen, 7), number(kindOpen, 7)}, false},
		{"open backwards", [][]byte{number(kindOpen, 7), number(kindOpen, 6)}, false},
		{"too long", [][]byte{number(kindOpen, 7), number(kindData, 7, make([]byte, maxData+1)...)}, false},
		{"beyond the credit", [][]byte{number(kindOpen, 7), number(kindData, 7, make([]byte, initial)...), number(kindData, 7, 1)}, false},
		{"data after end", [][]byte{number(kindOpen, 7), number(kindEnd, 7), number(kindData, 7, 1)}, false},
		{"short credit", [][]byte{number(kindOpen, 7), number(kindCredit, 7, 1)}, false},
		{"all the credit there is", [][]byte{number(kindOpen, 7), number(kindCredit, 7, credit...)}, true},
		{"less credit than before", [][]byte{number(kindOpen, 7), number(kindCredit, 7, make([]byte, 8)...)}, true},
		{"longer credit", [][]byte{number(kindOpen, 7), number(kindCredit, 7, append(credit, 1)...)}, true},
		{"open with more", [][]byte{number(kindOpen, 7, 1, 2, 3)}, true},
		{"another kind", [][]byte{number(99, 1234, 1)}, true},
		{"data after reset", [][]byte{number(kindOpen, 7), number(kindReset, 7), number(kindData, 7, 1)}, true},
		{"empty data", [][]byte{number(kindOpen, 7), number(kindData, 7)}, true},
		{"end twice", [][]byte{number(kindOpen, 7), number(kindEnd, 7), number(kindEnd, 7)}, true},
	} {
		m := NewMux(Config{Accept: make(chan *Conn, 1)})
		var err error
		for _, f := range c.frames {
			if err = m.Take(f); err != nil {
				break
			}
		}
		if (err == nil) != c.ok || (m.Err() == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// FuzzTake gives an end whatever may come, while it sends, and holds its bounds.
func FuzzTake(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x01\x00\x02\x00\x00\x00\x01\x05hello"))
	f.Add([]byte("\x01\x00\x00\x00\x01\x00\x03\x00\x00\x00\x01\x08\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("\x02\x80\x00\x00\x01\x02hi\x04\x80\x00\x00\x01\x00\x05\x80\x00\x00\x01\x03bye"))
	f.Fuzz(func(t *testing.T, p []byte) {
		accept := make(chan *Conn, 4)
		m := NewMux(Config{Accept: accept})
		own, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		own.Write(make([]byte, 1000))
		for m.Due() {
			m.Append(nil, MaxFrame)
		}
		for len(p) > header { // the byte behind the header says how much follows
			n := header + 1 + min(int(p[header]), len(p)-header-1)
			err := m.Take(append(p[:header:header], p[header+1:n]...))
			if err != nil && m.Err() == nil {
				t.Fatal("a breach goes on")
			}
			p = p[n:]
			for range 10000 {
				if b := m.Append(nil, 1000); len(b) == 0 {
					break
				} else if len(b) > 1000 {
					t.Fatalf("a frame of %d", len(b))
				}
			}
			if m.Due() {
				t.Fatal("it never has enough")
			}
			if n, _ := unread(m); n > len(m.streams)*window || len(m.streams) > 1+cap(accept) {
				t.Fatalf("%d bytes of %d streams", n, len(m.streams))
			}
		}
		for len(accept) > 0 {
			c := <-accept
			c.CloseWrite()
			c.Close()
		}
		own.Close()
		m.End(ErrProtocol)
	})
}
