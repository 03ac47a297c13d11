package discovery

import (
	"net/netip"
	"testing"
	"time"
)

func within(t *testing.T, what string, got time.Time, low, high time.Duration) {
	t.Helper()
	if d := got.Sub(epoch); got.IsZero() || d < low || d > high {
		t.Errorf("%s: %v after the start, want %v to %v", what, d, low, high)
	}
}

func TestAnnouncements(t *testing.T) {
	var s schedule
	s.startAnnouncing(epoch)
	var at []time.Duration
	for !s.announceAt.IsZero() {
		at = append(at, s.announceAt.Sub(epoch))
		s.didAnnounce(s.announceAt)
	}
	if len(at) != 3 || at[0] != 0 || at[1] != time.Second || at[2] != 3*time.Second {
		t.Errorf("announced at %v, want 0, 1 and 3 s", at)
	}
}

func TestQueries(t *testing.T) {
	var s schedule
	s.startQuerying(epoch)
	first := s.queryAt
	within(t, "first question", first, answerMin, answerMax)
	for _, after := range queryAfter[1:] {
		s.didQuery(s.queryAt)
		if got := s.queryAt.Sub(first); got != after {
			t.Errorf("next question %v after the first, want %v", got, after)
		}
	}
	for range 100 {
		last := s.queryAt
		s.didQuery(last)
		if gap := s.queryAt.Sub(last); gap < queryMin || gap > queryMax {
			t.Fatalf("questions %v apart", gap)
		}
	}
}

func TestAnswerDelay(t *testing.T) {
	tests := []struct {
		name      string
		about     subject
		more      bool
		low, high time.Duration
	}{
		{"shared", aboutService, false, answerMin, answerMax},
		{"shared, more known answers to come", aboutService, true, moreMin, moreMax},
		{"unique", aboutSRV | aboutTXT, false, 0, 0},
		{"both", aboutShared | aboutA, false, answerMin, answerMax},
	}
	for _, tt := range tests {
		for range 50 {
			var s schedule
			s.heardQuery(epoch, tt.about, asker, tt.more)
			within(t, tt.name, s.answerAt, tt.low, tt.high)
		}
	}
}

func TestAnswerAtMostOnceASecond(t *testing.T) {
	var s schedule
	s.didAnswer(epoch)
	s.heardQuery(epoch.Add(100*time.Millisecond), aboutService, asker, false)
	within(t, "second answer", s.answerAt, repeatMin, repeatMin)
}

// Questions that come while one is waiting are answered with it.
func TestAnswersJoin(t *testing.T) {
	var s schedule
	s.heardQuery(epoch, aboutService, asker, true)
	s.heardQuery(epoch, aboutType, netip.MustParseAddrPort("10.0.0.10:5353"), false)
	within(t, "joint answer", s.answerAt, answerMin, answerMax)
	if s.answer != aboutShared {
		t.Errorf("answers %06b, want both", s.answer)
	}
	s.heardKnown(asker)
	if s.answer != aboutShared {
		t.Error("what two asked for was taken back because one knows it")
	}
	s.didAnswer(epoch)
	if !s.next().IsZero() {
		t.Errorf("something is left to do: %+v", s)
	}
}

func TestAnswerTakenBack(t *testing.T) {
	var s schedule
	s.heardQuery(epoch, aboutService, asker, true)
	s.heardKnown(netip.MustParseAddrPort("10.0.0.10:5353"))
	if s.answer == 0 {
		t.Fatal("taken back for somebody who did not ask")
	}
	s.heardKnown(asker)
	if !s.next().IsZero() {
		t.Errorf("the asker knows us, and still: %+v", s)
	}
}

func TestAnswerAlreadyThere(t *testing.T) {
	var s schedule
	s.heardQuery(epoch, aboutService, asker, false)
	s.heardAnswer(epoch)
	if !s.next().IsZero() {
		t.Errorf("the answer was just multicast, and still: %+v", s)
	}
	s.heardQuery(epoch, aboutShared, asker, false)
	s.heardAnswer(epoch)
	if s.answer != aboutType {
		t.Errorf("answers %06b, want only the list of types, which that answer did not have", s.answer)
	}
}

func TestEarliest(t *testing.T) {
	none, later := time.Time{}, epoch.Add(1)
	for _, tt := range []struct{ a, b, want time.Time }{
		{none, none, none}, {epoch, none, epoch}, {none, epoch, epoch}, {epoch, later, epoch}, {later, epoch, epoch},
	} {
		if got := earliest(tt.a, tt.b); !got.Equal(tt.want) {
			t.Errorf("earliest(%v, %v) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestLimiter(t *testing.T) {
	l := newLimiter()
	flood := func(at time.Duration, from func(int) netip.Addr, n int) (allowed int) {
		for i := range n {
			if l.allow(epoch.Add(at), from(i)) {
				allowed++
			}
		}
		return allowed
	}
	one := func(int) netip.Addr { return sender }
	if n := flood(0, one, 10_000); n != sourceBurst {
		t.Errorf("one source: %d packets at once, want %d", n, sourceBurst)
	}
	other := netip.MustParseAddr("10.0.0.8")
	if !l.allow(epoch, other) {
		t.Error("a flood from one source kept another out")
	}
	if n := flood(time.Second, one, 10_000); n != sourceRate {
		t.Errorf("one source: %d packets a second later, want %d", n, sourceRate)
	}
	spoofed := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 7, byte(i >> 8), byte(i)}) }
	if n := flood(time.Second, spoofed, 60_000); n > maxSources+sourceBurst {
		t.Errorf("60,000 sources: %d packets at once, want at most %d", n, maxSources+sourceBurst)
	}
	if len(l.sources.known) > maxSources {
		t.Errorf("%d sources remembered, want at most %d", len(l.sources.known), maxSources)
	}
	if !l.allow(epoch.Add(2*time.Second), other) {
		t.Error("a known source was kept out by made-up ones")
	}
}
