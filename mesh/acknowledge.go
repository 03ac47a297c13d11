package mesh

import "time"

// An acknowledgement travels with whatever else goes to its member, and alone
// when it has waited. One at once from everybody would come in the way of the
// message that it is for, on its way to the others yet.
const (
	// ackInterval is the least time between two that travel alone: one for each
	// message would double the messages of a busy room.
	ackInterval = 5 * time.Millisecond

	// webAckInterval is the same in a browser, unless ackBytes are due: what it
	// sends goes through the page's only thread and three others.
	webAckInterval = 50 * time.Millisecond

	// ackSpread is for how long a broadcast is not acknowledged for each other
	// member beside the first few, and ackSlowest how long at most. In a small
	// room, and to who speaks to us alone, it goes at once.
	ackSpread  = time.Millisecond
	ackFew     = 4
	ackSlowest = 20 * time.Millisecond

	// ackBytes of messages are acknowledged without such a delay: who sends much
	// waits for it.
	ackBytes = 64 << 10
)

// owing is what a link has brought since the last acknowledgement.
type owing struct {
	ackDue   bool
	ackBytes int
	ackAt    time.Time // it waits until then for company
	ackedAt  time.Time
}

// oweLocked notes that a broadcast of so many bytes is to be acknowledged.
func (n *Node) oweLocked(l *link, bytes int, now time.Time) {
	l.ackBytes += bytes
	delay := ackDelay(len(n.present))
	switch {
	case delay == 0 || l.ackBytes >= ackBytes:
		l.oweLocked(now)
	case !l.ackDue:
		l.ackDue, l.ackAt = true, now.Add(delay)
		time.AfterFunc(delay, l.wake.set) // and not before: the message is still on its way to others
	}
}

// oweLocked notes that something is to be acknowledged without delay.
func (l *link) oweLocked(now time.Time) {
	l.ackDue, l.ackAt = true, now
	l.wake.set()
}

// ackDelay is how long a broadcast is not acknowledged with so many members
// present.
func ackDelay(members int) time.Duration {
	return min(time.Duration(max(members-ackFew, 0))*ackSpread, ackSlowest)
}

// ackWait is for how long an acknowledgement that is due is not to travel alone;
// web: from a browser.
func (o *owing) ackWait(now time.Time, web bool) time.Duration {
	interval := ackInterval
	if web && o.ackBytes < ackBytes {
		interval = webAckInterval
	}
	at := o.ackedAt.Add(interval)
	if o.ackAt.After(at) {
		at = o.ackAt
	}
	return at.Sub(now)
}
