package peer

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
)

func TestInbox(t *testing.T) {
	b := newInbox()
	if err := errors.Join(b.put([]byte("one"), false), b.put([]byte("two"), true)); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 3)
	if _, _, err := b.read(p[:2]); !errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("read of a long message: %v, want %v", err, io.ErrShortBuffer)
	}
	n, text, err := b.read(p)
	if string(p[:n]) != "one" || text || err != nil {
		t.Errorf("read %q, text %v, %v; want one, false, no error", p[:n], text, err)
	}
	b.end(io.EOF)
	b.end(ErrTimeout)
	if n, text, err = b.read(p); string(p[:n]) != "two" || !text || err != nil {
		t.Errorf("read %q, text %v, %v; want two, true, no error", p[:n], text, err)
	}
	if _, _, err = b.read(p); !errors.Is(err, io.EOF) {
		t.Errorf("read at the end: %v, want %v", err, io.EOF)
	}
	if err := b.put(make([]byte, inboxLimit), false); err != nil {
		t.Errorf("put after the end: %v", err)
	}
}

func TestInboxWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInbox()
		got := make(chan string)
		go func() {
			p := make([]byte, 3)
			n, _, _ := b.read(p)
			got <- string(p[:n])
		}()
		synctest.Wait()
		_ = b.put([]byte("one"), false)
		if s := <-got; s != "one" {
			t.Errorf("read %q, want one", s)
		}
	})
}

// TestInboxIsBounded fills an inbox with messages of all lengths.
func TestInboxIsBounded(t *testing.T) {
	for _, size := range []int{0, 1, 1000, MaxMessage} {
		b := newInbox()
		count := 0
		for b.put(make([]byte, size), false) == nil {
			count++
		}
		if want := inboxLimit / (size + creditMessage); count != want {
			t.Errorf("%d messages of %d bytes, want %d", count, size, want)
		}
		if _, _, err := b.read(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if err := b.put(make([]byte, size), false); err != nil {
			t.Errorf("there is no room after a read: %v", err)
		}
	}
}
