package stream

import (
	"sync"
	"time"
)

// deadline is one of a Conn's two. The Mux's lock guards it.
type deadline struct {
	timer  *time.Timer
	passed bool
}

// set replaces the deadline. changed is told when it passes; lock guards all.
func (d *deadline) set(t time.Time, lock *sync.Mutex, changed *sync.Cond) {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.passed = !t.IsZero() && !t.After(time.Now())
	if !t.IsZero() && !d.passed {
		var own *time.Timer
		own = time.AfterFunc(time.Until(t), func() {
			lock.Lock()
			defer lock.Unlock()
			if d.timer == own { // or else it was replaced while it passed
				d.passed = true
				changed.Broadcast()
			}
		})
		d.timer = own
	}
	changed.Broadcast()
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
