package discovery

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// Times of RFC 6762.
var (
	// announceAfter is when a node says by itself that it is here, counted
	// from its start or a change of the network (section 8.3: a second apart,
	// then at growing distances).
	announceAfter = []time.Duration{0, time.Second, 3 * time.Second}

	// queryAfter is when it asks who else is here, counted from its first
	// question (section 5.2: a second apart, then at growing distances).
	queryAfter = []time.Duration{0, time.Second, 3 * time.Second, 9 * time.Second}
)

const (
	// answerMin to answerMax is how long an answer that others may have as
	// well waits (section 6), so that they do not all come at once; so does
	// the first question (section 5.2).
	answerMin = 20 * time.Millisecond
	answerMax = 120 * time.Millisecond

	// moreMin to moreMax is how long it waits when more known answers are to
	// come (section 7.2).
	moreMin = 400 * time.Millisecond
	moreMax = 500 * time.Millisecond

	// repeatMin is the least time between two multicasts of a record on one
	// interface (section 6).
	repeatMin = time.Second

	// queryMin to queryMax is the time between questions later on. Of all the
	// nodes of a stable network only one asks in that time: the others hear
	// the question and take it for theirs (section 7.3).
	queryMin = 20 * time.Second
	queryMax = 30 * time.Second
)

// schedule is what is to be sent on one link and when. It is only times: the
// zero time means that there is nothing to send.
type schedule struct {
	announceAt    time.Time
	announceStart time.Time
	announced     int

	queryAt    time.Time
	queryStart time.Time
	queried    int

	answerAt time.Time
	answer   subject
	asker    netip.AddrPort // who asked; zero when it was more than one

	spokeAt time.Time // when our records last left by multicast
}

// between returns a random duration.
func between(low, high time.Duration) time.Duration { return low + rand.N(high-low) }

// startAnnouncing begins the series of announcements.
func (s *schedule) startAnnouncing(now time.Time) {
	s.announceAt, s.announceStart, s.announced = now, now, 0
}

// startQuerying begins the series of questions.
func (s *schedule) startQuerying(now time.Time) {
	s.queryStart = now.Add(between(answerMin, answerMax))
	s.queryAt, s.queried = s.queryStart, 0
}

// next returns the earliest time at which something is to be done; zero when
// there is nothing.
func (s *schedule) next() time.Time {
	return earliest(s.announceAt, earliest(s.queryAt, s.answerAt))
}

// earliest returns the earlier of two times, of which zero is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// due reports whether t has come.
func due(t, now time.Time) bool { return !t.IsZero() && !t.After(now) }

// stop forgets everything that was planned.
func (s *schedule) stop() {
	s.announceAt, s.queryAt = time.Time{}, time.Time{}
	s.dropAnswer()
}

// didAnnounce plans the next announcement after one that went out.
func (s *schedule) didAnnounce(now time.Time) {
	s.announced++
	s.heardAnswer(now)
	s.announceAt = time.Time{}
	if s.announced < len(announceAfter) {
		s.announceAt = s.announceStart.Add(announceAfter[s.announced])
	}
}

// didQuery plans the next question after one that was asked, by us or by
// another node on our behalf.
func (s *schedule) didQuery(now time.Time) {
	s.queried++
	if s.queried < len(queryAfter) {
		s.queryAt = s.queryStart.Add(queryAfter[s.queried])
		return
	}
	s.queryAt = now.Add(between(queryMin, queryMax))
}

// heardQuery plans an answer to a question by multicast. A question about
// records that are ours alone is answered at once.
func (s *schedule) heardQuery(now time.Time, about subject, from netip.AddrPort, more bool) {
	at := now
	switch {
	case about&aboutShared == 0:
	case more:
		at = now.Add(between(moreMin, moreMax))
	default:
		at = now.Add(between(answerMin, answerMax))
	}
	if soonest := s.spokeAt.Add(repeatMin); !s.spokeAt.IsZero() && at.Before(soonest) {
		at = soonest
	}
	if s.answer == 0 {
		s.answerAt, s.answer, s.asker = at, about, from
		return
	}
	s.answer |= about
	s.answerAt = earliest(s.answerAt, at)
	if s.asker != from {
		s.asker = netip.AddrPort{}
	}
}

// heardKnown takes back what was planned for somebody who only now says that
// they know us.
func (s *schedule) heardKnown(from netip.AddrPort) {
	if s.answer == 0 || s.asker != from {
		return
	}
	s.answer &^= aboutService
	if s.answer == 0 {
		s.dropAnswer()
	}
}

// heardAnswer notes that our own answer was just multicast, by us or by
// somebody who repeats us (RFC 6762 section 7.4).
func (s *schedule) heardAnswer(now time.Time) {
	s.spokeAt = now
	s.answer &= aboutType
	if s.answer == 0 {
		s.dropAnswer()
	}
}

// didAnswer notes that an answer was sent.
func (s *schedule) didAnswer(now time.Time) {
	s.spokeAt = now
	s.dropAnswer()
}

func (s *schedule) dropAnswer() {
	s.answerAt, s.answer, s.asker = time.Time{}, 0, netip.AddrPort{}
}
