package transfer

import "time"

// meter computes a rate from how far something was at some times. It remembers
// meterSpan: long enough to be steady, short enough to follow a cable that was
// pulled.
type meter struct {
	samples []sample // of the last meterSpan, oldest first
}

type sample struct {
	at   time.Time
	done int64
}

const (
	meterSpan = 5 * time.Second
	// meterLeast is how much time has to be seen before anything is said.
	meterLeast = 500 * time.Millisecond
)

// add notes that so many bytes were done at now.
func (m *meter) add(now time.Time, done int64) {
	if n := len(m.samples); n > 0 && done < m.samples[n-1].done {
		m.samples = m.samples[:0] // it started anew
	}
	m.samples = append(m.samples, sample{now, done})
	first := 0
	for first < len(m.samples)-2 && now.Sub(m.samples[first+1].at) >= meterSpan {
		first++
	}
	m.samples = append(m.samples[:0], m.samples[first:]...)
}

// rate returns bytes a second; 0 if that is not known, or nothing moves.
func (m *meter) rate() float64 {
	if len(m.samples) < 2 {
		return 0
	}
	first, last := m.samples[0], m.samples[len(m.samples)-1]
	took := last.at.Sub(first.at)
	if took < meterLeast {
		return 0
	}
	return float64(last.done-first.done) / took.Seconds()
}

// mostLeft is the longest time that is foretold.
const mostLeft = 100 * time.Hour

// left returns how long the rest takes at this rate; 0 if that is not known.
func (m *meter) left(rest int64) time.Duration {
	r := m.rate()
	if r <= 0 || rest <= 0 {
		return 0
	}
	seconds := float64(rest) / r
	if seconds > mostLeft.Seconds() {
		return mostLeft
	}
	return time.Duration(seconds * float64(time.Second))
}
