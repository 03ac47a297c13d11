package meshtest

import (
	"sync"
	"time"
)

// deadline is when reads or writes end, as net.Conn has it.
type deadline struct {
	mu     sync.Mutex // guards what follows
	timer  *time.Timer
	passed chan struct{} // closed when it has; another after it is set anew
}

func newDeadline() *deadline { return &deadline{passed: make(chan struct{})} }

func (d *deadline) set(when time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.passed // it is about to be
	}
	d.timer = nil
	passed := d.passed
	select {
	case <-passed:
		d.passed = make(chan struct{})
	default:
	}
	if when.IsZero() {
		return
	}
	passed = d.passed
	if wait := time.Until(when); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { close(passed) })
		return
	}
	close(passed)
}

func (d *deadline) channel() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}
