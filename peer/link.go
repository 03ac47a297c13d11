package peer

import (
	"context"
	"errors"
	"io"
	"net"
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
	over    chan struct{} // closed when its PeerConnection is

	farewell atomic.Pointer[string]
	doubted  rate.Sometimes // bounds how often another's offer makes us ask
	asking   atomic.Bool    // an inquiry is under way
	progress progress       // the sweeper's alone
	renewed  chan *watch    // watches that the other side opened anew

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
	remote, shared, err := t.greetWithin(ctx, ss, ch, d, offerer)
	if err != nil {
		return nil, err
	}
	if remote.Instance != a.instance {
		return nil, errHello
	}
	ss.account.trust()

	conn := newConn(ch, remote)
	conn.local, conn.remoteAddr, conn.dialed = ss.socket, ss.remote, offerer
	l := &link{t: t, conn: conn, channel: ch, over: make(chan struct{}), renewed: make(chan *watch, 1), watch: w, doubted: rate.Sometimes{Interval: doubtEvery}}
	ch.closed = l.close
	context.AfterFunc(ss.ended, func() {
		// The end of the stream is for the reader to find, behind what else is in it.
		if cause := context.Cause(ss.ended); !errors.Is(cause, io.EOF) {
			conn.end(cause, "")
		}
	})
	t.tokens.set(remote.Instance, shared)
	if !w.attach(l) {
		return nil, ErrGone // the connection of the offer ended meanwhile
	}
	if old := t.claims.link(a, l); old != nil {
		old.conn.end(ErrReplaced, farewellReplaced)
	}
	if t.ctx.Err() != nil {
		_ = conn.Close(nil) // Close has ended those links that it saw
	}
	t.log.Info("linked", "id", remote.ID, "instance", remote.Instance, "addr", ss.remote, "dialed", offerer)
	return conn, nil
}

// greetWithin does hello, for as long as ctx and the session last.
func (t *Transport) greetWithin(ctx context.Context, ss *session, ch *rtcChannel, d description, offerer bool) (Hello, token, error) {
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
	remote, shared, err := greet(ch, t.Self(), t.identity, script, offerer)
	switch {
	case !stop():
		return Hello{}, token{}, context.Cause(ctx)
	case !stopEnded():
		return Hello{}, token{}, context.Cause(ss.ended)
	}
	return remote, shared, err
}

// close is called once, when the Conn ends: it wakes the watch, which cleans up.
func (l *link) close(farewell string) {
	l.farewell.Store(&farewell)
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.watch.SetReadDeadline(time.Now())
}

// setWatch replaces the watch, unless the link has ended.
func (l *link) setWatch(w *watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch = w
	if l.conn.Err() != nil {
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
	if f := l.farewell.Load(); f != nil {
		l.channel.hangUp(*f)
	} else {
		l.channel.hangUp("")
	}
	if w != nil {
		_ = w.Close()
	}
	l.t.claims.unlink(l)
	close(l.over)
	l.t.log.Info("link ended", "instance", l.conn.remote.Instance, "reason", l.conn.Err())
}

// watch is the TCP connection over which the link was offered. Nothing is said
// on it any more: that it stands tells that the other process lives, for
// nothing; that it ends tells within milliseconds that it may not.
type watch struct {
	net.Conn

	mu    sync.Mutex // guards link, ended
	link  *link
	ended bool
}

func newWatch(conn net.Conn) *watch {
	_ = conn.SetDeadline(time.Time{})
	return &watch{Conn: conn}
}

// run waits for the end of the connection. Before there is a link that ends
// the attempt at one; afterwards it is the link's to look into.
func (w *watch) run(cancel context.CancelCauseFunc) {
	err := w.wait()
	w.mu.Lock()
	w.ended = true
	l := w.link
	w.mu.Unlock()
	if l == nil {
		cancel(ErrGone)
		return
	}
	l.tend(w, err)
}

func (w *watch) attach(l *link) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return false
	}
	w.link = l
	return true
}

// wait returns why the connection ended. What is said on it is no trouble, but
// nobody says anything: a talker is cut off.
func (w *watch) wait() error {
	var b [1]byte
	_, err := w.Read(b[:])
	if err == nil {
		return errProtocol
	}
	return err
}
