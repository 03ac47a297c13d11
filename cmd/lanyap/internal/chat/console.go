package chat

import (
	"os"
	"sync"

	"golang.org/x/term"
)

// console is a terminal whose keys come one by one.
type console struct {
	in, out *os.File

	mu     sync.Mutex  // guards the rest
	before *term.State // nil: given back
	undo   func()      // of what was done to out
}

func newConsole(in, out *os.File) *console { return &console{in: in, out: out} }

// take makes keys come one by one, again if somebody else has changed it.
func (c *console) take() error {
	c.mu.Lock()
	defer c.mu.Unlock()
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

// give makes it as it was before take.
func (c *console) give() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.before == nil {
		return
	}
	// A terminal that is gone needs nothing.
	_ = term.Restore(int(c.in.Fd()), c.before)
	c.undo()
	c.before = nil
}

// size returns what the terminal has, or says it has.
func (c *console) size() size {
	width, height, _ := term.GetSize(int(c.out.Fd())) // no size is one that is not known
	return sizeOf(width, height)
}
