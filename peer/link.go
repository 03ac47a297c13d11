package peer

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// link is a Conn as its transport sees it: with its watch, its place among the
// claims and what has to go when it ends.
type link struct {
	t       *Transport
	conn    *Conn
	channel *rtcChannel
	place   place         // guarded by claims.mu, as is evicted
	evicted bool          // has lost its place, and ends
	over    chan struct{} // closed when its PeerConnection is

	closing  atomic.Pointer[string]
	doubted  rate.Sometimes // bounds how often another's offer makes us ask
	asking   atomic.Bool    // an inquiry is under way
	progress progress       // the sweeper's alone
	renewed  chan *watch    // a watch that the other side opened anew
	renewals *rate.Limiter  // paces ours

	mu    sync.Mutex // guards watch
	watch *watch
}

// establish waits for the data channel, does hello over it and makes the link.
// On success the watch is the link's; on failure the caller releases ss, ends
// a and closes w.
func (t *Transport) establish(ctx context.Context, ss *session, a *attempt, w *watch, d description, offerer bool) (*Conn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !t.spawn(func() { w.run(cancel) }) {
		return nil, ErrClosed
	}
	ch, err := ss.channel(ctx, d.fingerprint)
	if err != nil {
		return nil, err
	}
	said, err := t.greetWithin(ctx, ss, ch, a.count, d, offerer)
	if err != nil {
		return nil, err
	}
	remote := said.hello
	if remote.Instance != a.instance {
		return nil, ErrInstance // it is not who it said it was
	}
	if remote.Observer != a.observer {
		return nil, errHello
	}
	loser, err := t.claims.seat(a, remote.Observer)
	if err != nil {
		return nil, err
	}
	if loser != nil {
		_ = loser.conn.Close(ErrFull)
	}
	ss.account.trust()

	conn := newConn(ch, remote)
	conn.local, conn.remoteAddr, conn.dialed = ss.socket, ss.remote, offerer
	l := &link{t: t, conn: conn, channel: ch, over: make(chan struct{}), renewed: make(chan *watch, 1), watch: w, doubted: rate.Sometimes{Interval: doubtEvery}, renewals: newRenewals()}
	ch.closed = l.close
	context.AfterFunc(ss.ended, func() {
		// The end of the stream is for the reader to find, behind what else is in it.
		if cause := context.Cause(ss.ended); !errors.Is(cause, io.EOF) {
			conn.end(cause, "")
		}
	})
	t.tokens.set(remote.Instance, said.token, t.claims.isLinked)
	if !w.attach(l) {
		return nil, ErrGone // the connection of the offer ended meanwhile
	}
	if old := t.claims.link(a, l); old != nil {
		old.conn.end(ErrReplaced, closingReplaced)
	}
	if t.ctx.Err() != nil {
		_ = conn.Close(nil) // Close has ended those links that it saw
	}
	t.log.Info("linked", "id", remote.ID, "instance", remote.Instance, "addr", ss.remote, "dialed", offerer)
	return conn, nil
}

// greetWithin does hello, for as long as ctx and the session last.
func (t *Transport) greetWithin(ctx context.Context, ss *session, ch *rtcChannel, count uint64, d description, offerer bool) (greeting, error) {
	abort := func() {
		_ = ch.raw.SetReadDeadline(time.Now())
		_ = ch.raw.SetWriteDeadline(time.Now())
	}
	stop := context.AfterFunc(ctx, abort)
	defer stop()
	stopEnded := context.AfterFunc(ss.ended, abort)
	defer stopEnded()
	script := transcript{room: t.room, offerer: t.fingerprint, answerer: d.fingerprint}
	if !offerer {
		script.offerer, script.answerer = d.fingerprint, t.fingerprint
	}
	said, err := greet(ch, greeting{hello: t.Self(), count: count}, t.identity, script, offerer)
	switch {
	case !stop():
		return greeting{}, context.Cause(ctx)
	case !stopEnded():
		return greeting{}, context.Cause(ss.ended)
	}
	return said, err
}

// close is called once, when the Conn ends: it wakes the watch, which cleans up.
func (l *link) close(closing string) {
	l.closing.Store(&closing)
	l.wake()
}

// setWatch replaces the watch. It is over at once if the link is, or if there is
// a newer one already.
func (l *link) setWatch(w *watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch = w
	if l.conn.Err() != nil || len(l.renewed) > 0 {
		_ = w.SetReadDeadline(time.Now())
	}
}

// tend runs in the watch's goroutine from the link's first trouble to its end.
func (l *link) tend(w *watch, trouble error) {
	for l.conn.Err() == nil {
		_ = w.Close()
		if reason := l.inquire(w.inquiry(trouble)); reason != nil {
			l.conn.end(reason, "")
			break
		}
		// It lives; only the watch broke.
		if w = l.rewatch(); w == nil {
			break
		}
		l.setWatch(w)
		trouble = w.wait()
	}
	<-l.conn.Done()
	if f := l.closing.Load(); f != nil {
		l.channel.hangUp(*f)
	} else {
		l.channel.hangUp("")
	}
	if w != nil {
		_ = w.Close()
	}
	l.t.claims.unlink(l)
	close(l.over)
	l.dropRenewed()
	l.t.log.Info("link ended", "instance", l.conn.remote.Instance, "reason", l.conn.Err())
}
