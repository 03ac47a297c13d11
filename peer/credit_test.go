package peer

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// writeOn writes messages of a size until the link ends, and counts them.
func writeOn(c *Conn, size int) *atomic.Int64 {
	written := new(atomic.Int64)
	go func() {
		for c.WriteMessage(make([]byte, size)) == nil {
			written.Add(1)
		}
	}()
	return written
}

// TestWriterWaitsForAPage writes to a page that does not read: nothing but the other
// side's restraint bounds what its browser keeps.
func TestWriterWaitsForAPage(t *testing.T) {
	for _, size := range []int{0, 100, MaxMessage} {
		synctest.Test(t, func(t *testing.T) {
			node, page := Pipe(Hello{}, Hello{Web: true})
			defer node.Close(nil)
			written := writeOn(node, size)
			synctest.Wait()
			cost := int64(size + creditMessage)
			if got := written.Load() * cost; got > creditWindow+cost {
				t.Errorf("messages of %d bytes: %d bytes were written, want at most %d", size, got, creditWindow)
			}
			go drain(node)
			before := written.Load()
			for range 10 * creditWindow / cost {
				if _, err := page.ReadMessage(); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			if got := (written.Load() - before) * cost; got < 9*creditWindow {
				t.Errorf("messages of %d bytes: %d bytes were written while %d were read", size, got, 10*creditWindow)
			}
		})
	}
}

// TestPagesWaitForEachOther has two pages write to each other, and both read.
func TestPagesWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(Hello{Web: true}, Hello{Web: true})
		defer a.Close(nil)
		const messages = 100_000
		done := make(chan error, 4)
		for _, c := range []*Conn{a, b} {
			go func() {
				for range messages {
					if err := c.WriteMessage(make([]byte, 100)); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			go func() {
				for range messages {
					if _, err := c.ReadMessage(); err != nil {
						done <- err
						return
					}
				}
				_, _ = c.ReadMessage() // for what the other owes
				done <- nil
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestCreditEndsWithTheLink ends a link on which somebody waits to write to a page.
func TestCreditEndsWithTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, _ := Pipe(Hello{}, Hello{Web: true})
		failed := make(chan error)
		go func() {
			var err error
			for err == nil {
				err = node.WriteMessage(nil)
			}
			failed <- err
		}()
		synctest.Wait()
		_ = node.Close(nil)
		if err := <-failed; !errors.Is(err, ErrClosed) {
			t.Errorf("write: %v, want %v", err, ErrClosed)
		}
	})
}

// TestPageThatSaysMoreThanItGot ends the link; who is no page says in vain what it
// has read.
func TestPageThatSaysMoreThanItGot(t *testing.T) {
	for _, test := range []struct {
		web  bool
		said string
		want error
	}{
		{true, "taken 1", errProtocol},
		{true, "taken -1", errProtocol},
		{true, "taken x", errProtocol},
		{true, "taken 0", nil},
		{false, "taken 1", nil},
	} {
		node, _ := Pipe(Hello{}, Hello{Web: test.web})
		if err := node.control(test.said); !errors.Is(err, test.want) {
			t.Errorf("%q, in a browser %v: %v, want %v", test.said, test.web, err, test.want)
		}
		_ = node.Close(nil)
	}
}
