package mesh

import "time"

// bucket admits burst at once and perSecond after that. Its zero time is full.
type bucket struct {
	burst, perSecond float64
	level            float64 // what has been taken and not regained
	at               time.Time
}

func (b *bucket) take(now time.Time, n float64) bool {
	b.regain(now)
	if b.level+n > b.burst {
		return false
	}
	b.level += n
	return true
}

func (b *bucket) regain(now time.Time) {
	b.level = max(0, b.level-now.Sub(b.at).Seconds()*b.perSecond)
	b.at = now
}

// wait returns how long n will not be admitted.
func (b *bucket) wait(now time.Time, n float64) time.Duration {
	b.regain(now)
	missing := b.level + n - b.burst
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing/b.perSecond*float64(time.Second)) + time.Microsecond
}

// restore gives back n that were taken.
func (b *bucket) restore(n float64) { b.level = max(0, b.level-n) }

// full reports whether all that was taken is regained.
func (b *bucket) full(now time.Time) bool {
	b.regain(now)
	return b.level == 0
}
