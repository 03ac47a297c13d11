package tunnel

import (
	"encoding/binary"
	"time"
)

const (
	// Quiet is how long the other side may leave what was sent to it without a
	// sign until it is asked, and Dead how long until it is given up: a relay that
	// drops everything must not be trusted for longer than one that is gone.
	Quiet = 2 * time.Second
	Dead  = 6 * time.Second
	// Idle is how seldom the other side of a tunnel is asked that carries
	// nothing, from Quiet on ever more seldom. The links that it goes over are
	// watched by their ends, who tell when a way is lost: this is for relays that
	// do not. When it was each 2 s, 64 members that reach each other through one
	// made 2,000 records a second there for nothing.
	Idle = 32 * time.Second
)

// watch notices when the other side is silent.
type watch struct {
	heard time.Time     // when the other side last gave a sign
	owes  time.Time     // since when it is to give one; zero: nothing was sent
	asked bool          // a ping is out, or is to go out
	pause time.Duration // how long to be idle until the other side is asked
	last  uint64        // the number of the last ping
	waits map[uint64]chan struct{}
}

func newWatch(now time.Time) watch { return watch{heard: now, pause: Quiet} }

// hear takes in a sign of the other side.
func (w *watch) hear(now time.Time) { w.heard, w.owes, w.asked = now, time.Time{}, false }

// owe takes in that something was sent that has an answer.
func (w *watch) owe(now time.Time) {
	if w.owes.IsZero() {
		w.owes = now
	}
}

// busy takes in that the tunnel carries a message.
func (w *watch) busy() { w.pause = Quiet }

// await returns the number of a new ping, and what is closed when it has been
// answered.
func (w *watch) await() (uint64, <-chan struct{}) {
	if w.waits == nil {
		w.waits = make(map[uint64]chan struct{})
	}
	w.last++
	pong := make(chan struct{})
	w.waits[w.last] = pong
	return w.last, pong
}

func (w *watch) answered(body []byte) {
	if len(body) != 8 {
		return
	}
	n := binary.BigEndian.Uint64(body)
	if pong := w.waits[n]; pong != nil {
		close(pong)
		delete(w.waits, n)
	}
}

// turn returns what is due, and when to look again.
func (w *watch) turn(now time.Time) (ask, dead bool, next time.Time) {
	due := w.heard.Add(w.pause)
	if !w.owes.IsZero() {
		if now.Sub(w.owes) >= Dead {
			return false, true, time.Time{}
		}
		due = w.owes.Add(Quiet)
	}
	if !w.asked {
		if due.After(now) {
			return false, false, due
		}
		w.asked, ask = true, true
		w.pause = min(2*w.pause, Idle)
	}
	if w.owes.IsZero() {
		return ask, false, now.Add(Quiet) // until the ping has gone out
	}
	return ask, false, w.owes.Add(Dead)
}

// Tick asks the other side when it has been silent for long, and gives it up
// when it has been for too long. It returns when to call it again.
func (t *Tunnel) Tick(now time.Time) (next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil || t.recipient == nil {
		return now.Add(Quiet)
	}
	ask, dead, next := t.turn(now)
	if dead {
		t.endLocked(ErrSilent, ErrSilent.Error())
		return now.Add(Quiet)
	}
	if ask {
		t.pings = append(t.pings, 0) // nobody waits for it
		t.cfg.Wake()
	}
	return next
}

// Watch calls Tick until the tunnel has ended, or stop is closed.
func (t *Tunnel) Watch(stop <-chan struct{}) {
	timer := time.NewTimer(Quiet)
	defer timer.Stop()
	for {
		select {
		case now := <-timer.C:
			// A message may be sent meanwhile, which is to be answered sooner.
			timer.Reset(min(max(t.Tick(now).Sub(now), time.Millisecond), Quiet))
		case <-t.done:
			return
		case <-stop:
			return
		}
	}
}
