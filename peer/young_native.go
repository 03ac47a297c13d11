//go:build !js

package peer

import (
	"context"
	"time"
)

// A page opens its watch once hello is done. Until that stands nothing tells that its
// browser lives but what comes over the link, so that is looked at closely: who has said
// nothing for a moment is asked, again and again, and is gone after youngWait without a
// datagram. The browser confirms what it is asked even while the page's program is busy.
const (
	youngFor     = 2 * time.Second // then it is looked at as any that has no watch
	youngEvery   = 50 * time.Millisecond
	youngSilence = 100 * time.Millisecond
	youngWait    = 300 * time.Millisecond

	// youngShare is how many times as long as linking took that is at least: who is slow
	// to answer was so before.
	youngShare = 6
)

// seeYoung looks after a page's new link until its watch stands.
func (l *link) seeYoung() {
	ctx, cancel := context.WithCancel(l.t.ctx)
	defer cancel()
	// Counted, not timed: where this process gets no turn, neither may what it hears.
	most := int(min(max(youngWait, youngShare*l.took), patience) / youngEvery)
	tick := time.NewTicker(youngEvery)
	defer tick.Stop()
	var since time.Time // it is asked and says nothing
	asked := 0
	for began := time.Now(); asked <= most; {
		select {
		case <-tick.C:
		case <-l.conn.Done():
			return
		}
		silence := l.channel.session.account.silence()
		if asked > 0 && silence < time.Since(since) {
			asked = 0
		}
		switch {
		case l.watch.Load().stands(), asked == 0 && time.Since(began) > youngFor:
			return
		case silence < youngSilence:
			continue
		case asked == 0:
			since = time.Now()
		}
		asked++
		go func() { _, _ = l.conn.Ping(ctx) }() // what the browser says to it counts, not the pong
	}
	l.conn.end(ErrTimeout, "")
}
