package peer

import "time"

// When to doubt a link. A cable that is out for 5 s and a process stopped for 4 s
// lose nobody; a cable out for good is noticed in 6 to 7 s, a killed process at
// once, by its watch.
const (
	stuckAfter  = 4 * time.Second        // bytes unconfirmed for as long are reason to ask
	silentAfter = 25 * time.Second       // nothing heard for as long as well: a process may hang
	sweepEvery  = 500 * time.Millisecond // how often both are looked at

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

// look is for a sweeper to call each sweepEvery.
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
	case l.unheard():
		l.askLater(inquiry{wait: answerWait})
	case l.conn.silence() >= silentAfter:
		l.askLater(inquiry{wait: patience})
	}
}
