//go:build !js

package peer

import "time"

// SCTP sends everything again that is not confirmed within rtoMax, ten times a
// second and without back-off (see rtoMax for why). That is right while the
// other side answers, and drowns it while it is too busy to: most of its work
// becomes what was sent again in vain. So a pacer decides which datagrams of a
// link leave; the others are lost, as far as SCTP can tell. While the other side
// owes an answer, what was written leaves once, and of what is repeated two
// datagrams at a time. When it answers all may leave, at SCTP's next try.
const (
	// burstTime is how long what leaves together takes to leave.
	burstTime = 20 * time.Millisecond

	// A datagram alone is confirmed after up to 200 ms (RFC 9260 §6.2): it is
	// not repeated before that.
	firstRepeat = 220 * time.Millisecond

	// Then two datagrams find out whether the other side is back: two, because
	// the second one is confirmed at once.
	repeatEvery = rtoMax

	chunkBytes    = 1160 // of a message in one datagram, about
	chunkOverhead = 64   // around them, at least: DTLS, SCTP and the chunk's header
	confirmBytes  = 128  // of a confirmation, at most, unless there are many gaps
)

// pacer is what a link has sent and heard. Time comes in from outside.
type pacer struct {
	credit  int       // bytes that may leave for the first time
	answer  bool      // something was heard that may have to be confirmed
	waiting time.Time // since when an answer is owed; zero if none is
	repeat  time.Time // when the next datagram may be repeated
	second  time.Time // until when it may be followed by another
	left    int       // datagrams that left
}

// grant lets a message of n bytes leave.
func (p *pacer) grant(n int) { p.credit += n + (1+n/chunkBytes)*chunkOverhead }

// heard takes note that a datagram came.
func (p *pacer) heard() {
	p.waiting, p.answer = time.Time{}, true
}

// passes reports whether a datagram of n bytes may leave now.
func (p *pacer) passes(n int, now time.Time) bool {
	if !p.mayLeave(n, now) {
		return false
	}
	p.left++
	return true
}

func (p *pacer) mayLeave(n int, now time.Time) bool {
	if p.answer && n <= confirmBytes {
		p.answer = false // it is owed none itself
		return true
	}
	switch {
	case p.waiting.IsZero():
		p.waiting = now
		p.repeat = now.Add(firstRepeat)
	case p.credit > 0 || now.Sub(p.waiting) < burstTime:
	case now.Before(p.second):
		p.second = time.Time{}
	case now.Before(p.repeat):
		return false
	default:
		p.second, p.repeat = now.Add(burstTime), now.Add(repeatEvery)
	}
	p.credit = max(0, p.credit-n)
	return true
}
