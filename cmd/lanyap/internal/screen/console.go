package screen

import (
	"os"
	"sync"

	"golang.org/x/term"
)

// Console is a terminal whose keys come one by one.
type Console struct {
	in, out *os.File

	mu     sync.Mutex  // guards the rest
	before *term.State // nil: given back
	undo   func()      // of what was done to out
	closed bool
}

// NewConsole returns the terminal whose keys come from in and that shows what is
// written to out.
func NewConsole(in, out *os.File) *Console { return &Console{in: in, out: out} }

// Take makes keys come one by one, again if somebody else has changed it. After
// Close it does nothing, and says os.ErrClosed.
func (c *Console) Take() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return os.ErrClosed
	}
	before, err := term.MakeRaw(int(c.in.Fd()))
	if err != nil {
		return err
	}
	if c.before != nil {
		return nil // it was ours
	}
	undo, err := prepareOutput(c.out)
	if err != nil {
		_ = term.Restore(int(c.in.Fd()), before)
		return err
	}
	c.before, c.undo = before, undo
	return nil
}

// Give makes it as it was before Take.
func (c *Console) Give() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.giveLocked()
}

// Close is Give for good: who goes on after it was stopped takes it back at any time,
// also when the program is about to end.
func (c *Console) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.giveLocked()
	c.closed = true
}

func (c *Console) giveLocked() {
	if c.before == nil {
		return
	}
	// A terminal that is gone needs nothing.
	_ = term.Restore(int(c.in.Fd()), c.before)
	c.undo()
	c.before = nil
}

// Size returns what the terminal has, or says it has.
func (c *Console) Size() Size {
	width, height, _ := term.GetSize(int(c.out.Fd())) // no size is one that is not known
	return SizeOf(width, height)
}
