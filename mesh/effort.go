package mesh

import (
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/mesh/internal/wire"
)

// What the other side of a link sends makes this node work, some of it far more
// than it cost to send. Work for what is no message, and carries none, is
// rationed for each link: who has used up its ration is read more slowly, and
// feels that as it would a slow network. Nobody honest comes near: 128 members
// that start at once tell each other everything for a tenth of the burst.
const (
	effortBurst = 500 * time.Millisecond // of work, roughly
	effortRate  = 0.05                   // of a core, from then on
)

// What a frame costs that was for nothing: one to relay to nobody, and what
// belongs to an answer that nobody waits for, which comes of honest links that
// are slow, too. One that was of use costs nothing.
const (
	nobodyWork     = 3 * time.Microsecond // looks at each link
	unawaitedWork  = 2 * time.Microsecond
	unansweredWork = 200 * time.Nanosecond
	// changeWork is what it costs that a member takes part in other topics than
	// before: the program is told.
	changeWork = 2 * time.Millisecond
)

// effort is the work that one link has made. Only its reader uses it.
type effort struct {
	bucket budget.Bucket // seconds
	wasted time.Duration // by frames that were for nothing, not in the bucket yet
}

func newEffort() effort {
	return effort{bucket: budget.Bucket{Burst: effortBurst.Seconds(), PerSecond: effortRate}}
}

// workOf estimates what a frame costs, on a machine that is not fast and knows
// many members. What is said, and what is carried for others or was asked for,
// is not rationed; what it costs for nothing is in effort.wasted.
func workOf(f wire.Frame) time.Duration {
	size := time.Duration(len(f.Payload))
	switch f.Type {
	case wire.TypeMessage, wire.TypeRelay, wire.TypePast, wire.TypeAsked:
		return 0
	case wire.TypeRecord:
		return 100 * time.Microsecond // a signature to be checked
	case wire.TypePeers, wire.TypeReach, wire.TypePages:
		return 2*time.Microsecond + size*time.Microsecond/4 // entries of 9 bytes and more
	case wire.TypeAsk:
		return 5*time.Microsecond + size*time.Microsecond/50
	}
	return 2 * time.Microsecond
}

// ration waits where a link has made too much work, or brings more than any honest
// one. It returns when the link has ended, too.
func (l *link) ration(p []byte) {
	now := time.Now()
	work, brought := l.effort.wasted, load{bytes: len(p)}
	l.effort.wasted = 0
	for len(p) > 0 {
		f, rest, err := wire.Next(p)
		if err != nil {
			break
		}
		work += workOf(f)
		brought.add(f, l.intake.of)
		p = rest
	}
	wait := max(l.effort.bucket.Spend(now, work.Seconds()), l.intake.spend(now, brought))
	if wait == 0 {
		return
	}
	pause := time.NewTimer(wait)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-l.conn.Done():
	}
}
