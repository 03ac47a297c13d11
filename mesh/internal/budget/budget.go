// Package budget is token buckets that are told the time: who asks for something
// gets so much of it at once and so much a second after that.
package budget

import "time"

// Bucket admits Burst at once and PerSecond after that. Its zero time is full.
type Bucket struct {
	Burst, PerSecond float64

	taken float64 // and not regained
	at    time.Time
}

// Take takes n if they are there.
func (b *Bucket) Take(now time.Time, n float64) bool {
	b.regain(now)
	if b.taken+n > b.Burst {
		return false
	}
	b.taken += n
	return true
}

func (b *Bucket) regain(now time.Time) {
	if now.After(b.at) {
		b.taken = max(0, b.taken-now.Sub(b.at).Seconds()*b.PerSecond)
		b.at = now
	}
}

// Wait returns how long n will not be admitted.
func (b *Bucket) Wait(now time.Time, n float64) time.Duration {
	b.regain(now)
	missing := b.taken + n - b.Burst
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing/b.PerSecond*float64(time.Second)) + time.Microsecond
}

// Spend takes n, be they there or not, and returns how long until they would have
// been.
func (b *Bucket) Spend(now time.Time, n float64) time.Duration {
	wait := b.Wait(now, n)
	b.taken += n
	return wait
}

// Restore gives back n that were taken.
func (b *Bucket) Restore(n float64) { b.taken = max(0, b.taken-n) }

// Taken returns how many were taken and are not regained.
func (b *Bucket) Taken(now time.Time) float64 {
	b.regain(now)
	return b.taken
}
