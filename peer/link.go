package peer

import (
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
	offer   uint64        // the count of the offer that it came of, see claims.outranks
	took    time.Duration // from the answer to the end of hello
	place   place         // guarded by claims.mu, as is evicted
	evicted bool          // has lost its place, and ends
	over    chan struct{} // closed when its PeerConnection is

	doubted  rate.Sometimes // bounds how often another's offer makes us ask
	asking   atomic.Bool    // an inquiry is under way
	progress progress       // the sweeper's alone

	watch    atomic.Pointer[watch] // set by run
	renewed  chan *watch           // one that the other side opened anew
	renewals *rate.Limiter         // paces ours
}

const (
	rewatchEvery = time.Second // between attempts to get a watch anew, the other side may close each at once
	rewatchBurst = 4           // attempts without a wait, after a quiet time
)

func newRenewals() *rate.Limiter { return rate.NewLimiter(rate.Every(rewatchEvery), rewatchBurst) }

// run is the link's one loop, from hello to its end: it keeps a watch on the
// other side and gives everything back when the Conn has ended, for which there
// is one cause, that of Conn.end.
func (l *link) run() {
	w := l.firstWatch()
	for l.conn.Err() == nil {
		select {
		case <-w.ended.Done():
			_ = w.Close()
			if reason := l.inquire(w.inquiry(l.conn.remote.Web)); reason != nil {
				l.conn.end(reason, "")
				continue
			}
			w = l.rewatch() // it lives; only the watch broke
		case newer := <-l.renewed:
			_ = w.Close()
			w = newer
		case <-l.conn.Done():
			continue
		}
		l.watch.Store(w)
	}
	l.channel.hangUp(<-l.channel.closing)
	_ = w.Close()
	l.t.claims.unlink(l)
	close(l.over)
	l.dropRenewed()
	l.t.log.Info("link ended", "instance", l.conn.remote.Instance, "reason", l.conn.Err())
}

// renew hands a watch that the other side opened, or an inquiry, to the link's loop.
// The other side has none besides: of several the last counts, and our own has
// ended or is about to.
func (l *link) renew(w *watch) {
	for {
		select {
		case l.renewed <- w:
			select {
			case <-l.over:
				l.dropRenewed() // nobody else will
			default:
			}
			return
		case older := <-l.renewed:
			_ = older.Close()
		}
	}
}

// dropRenewed closes a watch that came too late.
func (l *link) dropRenewed() {
	select {
	case w := <-l.renewed:
		_ = w.Close()
	default:
	}
}
