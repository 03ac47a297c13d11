package peer

import (
	"runtime"
	"syscall/js"
	"time"
)

// watchPage has the links end with the page. When that goes nothing may wait: what
// its handlers have not said by the time they return is never said.
func (t *Transport) watchPage() {
	if window := js.Global(); window.Get("addEventListener").Truthy() {
		t.events.on(window, "pagehide", func(js.Value) { t.hide() })
	}
}

// OnHide has f called when the page is about to go, before the links end. What
// goroutines can do without waiting for an event, once it has returned, is done
// before they do.
func (t *Transport) OnHide(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onHide = f
}

// yields is how often the goroutines that OnHide sets to work get a turn. Each is
// enough for all that can run, and each step of a chain of wake-ups takes one.
const yields = 64

func (t *Transport) hide() {
	t.mu.Lock()
	f := t.onHide
	t.mu.Unlock()
	if f != nil {
		f()
		for range yields {
			runtime.Gosched()
		}
	}
	for _, l := range t.claims.all() {
		_ = l.channel.session.messages.send([]byte("close"), true)
		l.channel.session.release()
		l.conn.end(ErrClosed, "")
	}
}

// asleep is how much later than due a sweep comes if the page was frozen, or its
// machine asleep: a hidden one gets a turn each second.
const asleep = 5 * time.Second

// sweep looks after links that a watch says nothing of. Whose page has slept asks
// them all: others may have given it up, and what they said meanwhile is here by now
// or was lost.
func (t *Transport) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-t.ctx.Done():
			return
		case now := <-tick.C:
			// Some clocks stand still while the machine sleeps, the wall's does not.
			slept := now.Round(0).Sub(last.Round(0)) >= asleep
			last = now
			for _, l := range t.claims.all() {
				if slept {
					l.askLater(inquiry{wait: answerWait})
				}
				l.look(now)
			}
		}
	}
}
