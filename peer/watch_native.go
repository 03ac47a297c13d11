//go:build !js

package peer

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// watch is the TCP connection over which the link was offered. Nothing is said
// on it any more: that it stands tells that the other process lives, for
// nothing; that it ends tells within milliseconds that it may not.
type watch struct {
	net.Conn                 // nil: there is none
	ended    context.Context // done when the connection has ended, of its cause
}

// noWatch is that of a page that has opened none yet: it does not end.
func noWatch() *watch { return &watch{ended: context.Background()} }

func (w *watch) Close() error {
	if w.Conn == nil {
		return nil
	}
	return w.Conn.Close()
}

// stands reports whether there is a connection that tells.
func (w *watch) stands() bool { return w.Conn != nil && w.ended.Err() == nil }

// line is the connection that an attempt is offered over; nil if a page offers it.
type line struct{ conn net.Conn }

// watch has it watched from now on.
func (c line) watch() *watch {
	if c.conn == nil {
		return noWatch()
	}
	return newWatch(c.conn)
}

func (c line) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close()
	}
}

// unwatchedAfter is for a page that has no watch open: a browser sends checks
// all the time, each 6 s at the least (RFC 7675 §5.1), even if nobody looks at it.
const unwatchedAfter = 6 * time.Second

// unheard reports whether nothing tells that the other side lives: a page that has
// opened no watch, and sends nothing either.
func (l *link) unheard() bool {
	return l.conn.remote.Web && !l.watch.Load().stands() && l.channel.session.account.silence() >= unwatchedAfter
}

// firstWatch is that of a new link. A page opens none before.
func (l *link) firstWatch() *watch {
	w := l.watch.Load()
	if l.conn.remote.Web && !w.stands() {
		l.t.spawn(l.seeYoung)
	}
	return w
}

// newWatch watches a connection until it ends or is closed.
func newWatch(conn net.Conn) *watch {
	_ = conn.SetDeadline(time.Time{})
	ctx, end := context.WithCancelCause(context.Background())
	go func() {
		// What is said on it is no trouble, but nobody says anything: a talker is
		// cut off.
		_, err := conn.Read(make([]byte, 1))
		end(cmp.Or(err, errProtocol))
	}()
	return &watch{Conn: conn, ended: ctx}
}

// rewatch gets a new watch for a link that has outlived its own: the dialing
// side opens it, the other waits. When the link ends first it returns the one that
// has ended.
func (l *link) rewatch() *watch {
	for l.conn.Err() == nil {
		var due <-chan time.Time
		if l.conn.dialed {
			due = time.After(l.renewals.Reserve().Delay())
		}
		select {
		case w := <-l.renewed:
			return w
		case <-due:
			if w := l.openWatch(); w != nil {
				return w
			}
		case <-l.conn.Done():
		}
	}
	return l.watch.Load()
}

func (l *link) openWatch() *watch {
	ctx, cancel := context.WithTimeout(l.t.ctx, answerWait)
	defer cancel()
	go func() {
		select {
		case <-l.conn.Done():
			cancel() // whoever ended the link waits until we let go of it
		case <-ctx.Done():
		}
	}()
	s, err := connect(ctx, []netip.AddrPort{l.conn.remoteAddr}, false, nil)
	if err != nil {
		return nil
	}
	in := l.conn.remote.Instance
	header := l.t.header()
	header.Set(headerFor, in.String())
	header.Set(headerProof, l.t.tokens.prove(in, purposeWatch, ""))
	r, err := s.do(ctx, http.MethodPost, watchPath, header, "")
	if err != nil || r.status != http.StatusNoContent || r.instance != in {
		_ = s.Close()
		return nil
	}
	return newWatch(s.Conn)
}

// serveWatch takes a new watch for a link that has outlived its own.
func (t *Transport) serveWatch(w http.ResponseWriter, r *http.Request) {
	l, err := t.whoseWatch(r)
	if err != nil && !t.allowUnproven(r) {
		err = ErrFull
	}
	if err != nil {
		refuse(w, err)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	resp := http.Response{StatusCode: http.StatusNoContent, ProtoMajor: 1, ProtoMinor: 1, Header: t.header()}
	err = errors.Join(conn.SetDeadline(time.Now().Add(httpTimeout)), resp.Write(rw), rw.Flush())
	if err != nil {
		_ = conn.Close()
		return
	}
	l.renew(newWatch(conn))
}

var errNoLink = &errStatus{http.StatusConflict, "no such link"}

// whoseWatch returns the link that a request proves to be of.
func (t *Transport) whoseWatch(r *http.Request) (*link, error) {
	who, err := t.meet(r)
	if err != nil {
		return nil, err
	}
	l := t.claims.linked(who.instance)
	if l == nil || !t.tokens.check(who.instance, purposeWatch, "", r.Header.Get(headerProof)) {
		return nil, errNoLink
	}
	return l, nil
}

// sweep looks after links that a watch says nothing of: a frozen process keeps
// its connections.
func (t *Transport) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-t.ctx.Done():
			return
		case now := <-tick.C:
			for _, l := range t.claims.all() {
				l.look(now)
			}
			t.sockets.sweep()
		}
	}
}
