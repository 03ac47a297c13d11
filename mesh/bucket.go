package mesh

import "time"

// bucket admits burst at once and perSecond after that. Its zero time is full.
type bucket struct {
	burst, perSecond float64
	level            float64 // what has been taken and not regained
	at               time.Time
}

func (b *bucket) take(now time.Time, n float64) bool {
	b.level = max(0, b.level-now.Sub(b.at).Seconds()*b.perSecond)
	b.at = now
	if b.level+n > b.burst {
		return false
	}
	b.level += n
	return true
}
