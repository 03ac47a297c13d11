package contacts

import "time"

// How many dials make a link at once follows what they take. A machine with a
// core of its own makes a link in some 10 ms and can make a dozen at once; where
// 64 programs share two cores each dial takes seconds, and more of them at once
// only make all of them slower, until they outlast what the other side waits.
// So it is as in TCP (RFC 5681): one more for each that was quick, half of it
// when one was slow, once for all that were under way. Dials that made no link
// say nothing: whoever announces dead addresses must not slow down the others.
const (
	firstDials = 4
	mostDials  = 16
	quickDial  = 40 * time.Millisecond
	slowDial   = 150 * time.Millisecond
	// measuredFor is how long what was measured holds.
	measuredFor = 10 * time.Second
)

// window is how many dials to contacts may make a link at once.
type window struct {
	size     float64
	took     time.Duration // by a dial, smoothed
	measured time.Time
	halved   time.Time
}

// made takes in that a dial has made a link.
func (w *window) made(now, began time.Time) {
	took := now.Sub(began)
	if w.expire(now); w.took == 0 {
		w.took = took
	}
	w.took += (took - w.took) / 4
	w.measured = now
	switch {
	case took <= quickDial:
		w.size = min(w.size+1, mostDials)
	case took > slowDial && began.After(w.halved):
		w.size = max(w.size/2, 1)
		w.halved = now
	}
}

// dials returns how many there may be.
func (w *window) dials(now time.Time) int {
	w.expire(now)
	return int(w.size)
}

// dialTakes returns what a dial takes at present; 0 if that is not known.
func (w *window) dialTakes(now time.Time) time.Duration {
	w.expire(now)
	return w.took
}

// expire forgets what was measured long ago.
func (w *window) expire(now time.Time) {
	if w.size == 0 || now.Sub(w.measured) > measuredFor && w.took > 0 {
		*w = window{size: firstDials}
	}
}
