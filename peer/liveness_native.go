//go:build !js

package peer

import "time"

// When to doubt a link. A cable that is out for 5 s and a process stopped for 4 s
// lose nobody; a cable out for good is noticed in 6 to 7 s, a killed process at
// once, by its watch.
const (
	stuckAfter  = 4 * time.Second        // bytes unconfirmed for as long are reason to ask
	silentAfter = 25 * time.Second       // nothing heard for as long as well: a process may hang
	sweepEvery  = 500 * time.Millisecond // how often both are looked at

	// unwatchedAfter is for a page that has no watch open: a browser sends checks
	// all the time, each 6 s at the least (RFC 7675 §5.1), even if nobody looks at it.
	unwatchedAfter = 6 * time.Second

	doubtEvery = time.Second // at most this often may another's offer make us ask

	// patience is for a link of which nothing says that it is stuck: what a
	// stuck one gets altogether.
	patience = stuckAfter + answerWait
)

// doubt asks the link whether it lives, in the background and not too often.
// Anybody can make us do so. The port is not asked: its kernel would have ended
// the watch with the process, and who refuses may be a firewall.
func (l *link) doubt() {
	l.doubted.Do(func() { l.askLater(inquiry{wait: patience}) })
}

// askLater inquires in the background, once at a time.
func (l *link) askLater(q inquiry) {
	if !l.asking.CompareAndSwap(false, true) {
		return
	}
	started := l.t.spawn(func() {
		defer l.asking.Store(false)
		if reason := l.inquire(q); reason != nil {
			l.conn.end(reason, "")
		}
	})
	if !started {
		l.asking.Store(false)
	}
}

// progress is what a link had confirmed when the sweeper last looked.
type progress struct {
	confirmed int64
	since     time.Time // when that last changed, or nothing was outstanding
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

func (l *link) look(now time.Time) {
	outstanding := int64(l.channel.unacked())
	confirmed := int64(l.conn.written.Load()) - outstanding
	if outstanding <= 0 || confirmed != l.progress.confirmed || l.progress.since.IsZero() {
		l.progress = progress{confirmed: confirmed, since: now}
	}
	switch {
	case now.Sub(l.progress.since) >= stuckAfter:
		l.progress.since = now
		l.askLater(inquiry{wait: answerWait})
	case l.conn.remote.Web && !l.watch.Load().stands() && l.channel.session.account.silence() >= unwatchedAfter:
		l.askLater(inquiry{wait: answerWait})
	case l.conn.silence() >= silentAfter:
		l.askLater(inquiry{wait: patience})
	}
}
