package peer

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"syscall/js"
	"time"
)

// watch is a WebSocket to the port of the node that a link goes to. Nothing is said
// on it: that it stands tells both sides that the other process lives, that it ends
// tells them within milliseconds that it may not. Links to other pages have none.
type watch struct {
	ws     js.Value
	opened chan struct{}
	ended  context.Context // done when it has ended
	end    context.CancelCauseFunc
	events listeners
}

var (
	errWatch = errors.New("peer: the watch has ended")
	errNever = errors.New("peer: no watch was opened")
)

// newWatch begins to open a WebSocket; to the zero address there is none, which
// never ends. opened is called when it is open.
func newWatch(at netip.AddrPort, in Instance, proof string, opened func()) *watch {
	w := &watch{opened: make(chan struct{})}
	w.ended, w.end = context.WithCancelCause(context.Background())
	if !at.IsValid() {
		return w
	}
	to := "ws://" + at.String() + watchPath + "?instance=" + in.String() + "&proof=" + strings.ReplaceAll(proof, " ", "+")
	if err := try(func() { w.ws = js.Global().Get("WebSocket").New(to) }); err != nil {
		w.end(errNever)
		return w
	}
	w.events.on(w.ws, "open", func(js.Value) {
		close(w.opened)
		opened()
	})
	w.events.on(w.ws, "message", func(js.Value) { w.end(errWatch) })
	w.events.on(w.ws, "close", func(js.Value) {
		if w.isOpen() {
			w.end(errWatch)
			return
		}
		w.end(errNever)
	})
	return w
}

func (w *watch) isOpen() bool {
	select {
	case <-w.opened:
		return true
	default:
		return false
	}
}

// Close ends it.
func (w *watch) Close() error {
	w.events.forget()
	w.end(ErrClosed)
	if w.ws.Truthy() {
		w.ws.Call("close")
	}
	return nil
}

// inquiry tells from how a watch ended how to ask. One that never opened says
// nothing of the link: something may keep TCP from getting through.
func (w *watch) inquiry(bool) inquiry {
	if errors.Is(context.Cause(w.ended), errNever) {
		return inquiry{wait: patience}
	}
	return inquiry{port: true, wait: quickWait}
}

// unheard is for nodes: the browser says itself when it hears nothing any more.
func (l *link) unheard() bool { return false }

// firstWatch begins to watch a new link.
func (l *link) firstWatch() *watch {
	w := l.openWatch()
	l.watch.Store(w)
	return w
}

func (l *link) openWatch() *watch {
	in, at := l.conn.remote.Instance, l.conn.remoteAddr
	if l.conn.remote.Web {
		at = netip.AddrPort{}
	}
	return newWatch(at, l.t.self.Instance, l.t.tokens.prove(in, purposeWatch, ""), func() {
		l.t.log.Debug("watched", "instance", in, "addr", at)
	})
}

const (
	openWait     = 5 * time.Second  // for a WebSocket to open
	rewatchPause = 30 * time.Second // between attempts where none gets through, at the most
)

// rewatch gets a new watch for a link that has outlived its own. When the link ends
// first it returns the one that has ended.
func (l *link) rewatch() *watch {
	for pause := rewatchEvery; l.conn.Err() == nil; pause = min(2*pause, rewatchPause) {
		select {
		case w := <-l.renewed: // of the inquiry
			return w
		case <-time.After(max(pause/2, l.renewals.Reserve().Delay())):
		case <-l.conn.Done():
			continue
		}
		w := l.openWatch()
		if w.opens(l.conn.Done(), openWait) {
			return w
		}
		_ = w.Close()
	}
	return l.watch.Load()
}

// opens waits until a watch has opened, or will not.
func (w *watch) opens(stop <-chan struct{}, limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-w.opened:
	case <-w.ended.Done():
	case <-stop:
	case <-timer.C:
	}
	return w.isOpen()
}

// askPort asks the other side's port, by another watch, and says whether the right
// process answers there; nothing if no answer comes in time. Who answers with
// anything else is not that process, or believes that it has no link with us. It goes
// on when the link has answered meanwhile: the watch is wanted anyway.
func (l *link) askPort(_ context.Context, said chan<- portAnswer) {
	asked := time.Now()
	w := l.openWatch()
	right := w.opens(l.conn.Done(), quickWait)
	switch {
	case right:
		l.renew(w)
	case w.ended.Err() == nil: // no answer
		_ = w.Close()
		return
	default:
		_ = w.Close()
	}
	said <- portAnswer{right, time.Since(asked)}
}

// line is what an attempt is offered over: nothing that outlasts the answer.
type line struct{}

func (line) watch() *watch { return newWatch(netip.AddrPort{}, Instance{}, "", nil) }

func (line) hangUp() {}
