//go:build !js

package peer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/peer/errno"
)

// askAgain is the time between two questions to a port.
const askAgain = 5 * time.Millisecond

// inquiry tells from how a watch ended how to ask. A page has no port.
func (w *watch) inquiry(page bool) inquiry {
	trouble := context.Cause(w.ended)
	closed := errors.Is(trouble, io.EOF) || errno.IsReset(trouble)
	switch {
	case page && (closed || errors.Is(trouble, errProtocol)):
		return inquiry{page: true, wait: quickWait}
	case !page && closed:
		return inquiry{port: true, closed: errors.Is(trouble, io.EOF), wait: quickWait}
	}
	return inquiry{wait: answerWait}
}

// askPort asks the other side's port and says whether the right process answers
// there; nothing if no answer comes in time. A dying process takes a moment to
// close its sockets: a connection that is taken and then dropped is asked for
// again.
func (l *link) askPort(ctx context.Context, said chan<- portAnswer) {
	ctx, cancel := context.WithTimeout(ctx, quickWait)
	defer cancel()
	for {
		asked := time.Now()
		in, err := l.whoAnswers(ctx)
		if err == nil || errors.Is(err, ErrRefused) {
			said <- portAnswer{err == nil && in == l.conn.remote.Instance, time.Since(asked)}
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(askAgain):
		}
	}
}

// gone reports whether the other side's port says that the process has ended,
// and the link does not say otherwise.
func (l *link) gone(ctx context.Context) bool {
	said := make(chan portAnswer, 1)
	l.askPort(ctx, said)
	select {
	case answer := <-said:
		return !answer.right && l.inquire(inquiry{wait: lastWord}) != nil
	default:
		return false
	}
}

func (l *link) whoAnswers(ctx context.Context) (Instance, error) {
	s, err := connect(ctx, []netip.AddrPort{l.conn.remoteAddr}, false, nil)
	if err != nil {
		return Instance{}, err
	}
	defer s.Close()
	r, err := s.do(ctx, http.MethodGet, offerPath, l.t.header(), "")
	if err == nil && r.instance.IsZero() {
		return Instance{}, errProtocol
	}
	return r.instance, err
}
