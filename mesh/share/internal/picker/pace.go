package picker

import "time"

const (
	// measured is over how long the rate of a holder is taken, and soon after how
	// long the first one is.
	measured = 500 * time.Millisecond
	soon     = 50 * time.Millisecond

	// assumed is the rate of a holder when that of none is known, in bytes a
	// second.
	assumed = 1 << 20
)

// pace is how fast a holder gives what it is asked for.
type pace struct {
	rate  float64       // bytes a second; 0: not known yet
	bytes int64         // given since
	busy  time.Duration // in which it was asked for something, up to since
	since time.Time
	last  time.Time // when it gave something, or was asked after it had given all
}

// begin takes in that it is asked, and was not before.
func (p *pace) begin(now time.Time) {
	p.since, p.last = now, now
}

func (p *pace) gave(now time.Time, n int64) {
	p.bytes += n
	p.last = now
	p.busy += now.Sub(p.since)
	p.since = now
	if p.busy < soon || p.rate > 0 && p.busy < measured {
		return
	}
	p.rate = float64(p.bytes) / p.busy.Seconds()
	p.bytes, p.busy = 0, 0
}

// rate is how fast a holder is, or the mean of the others while that is not
// known.
func (p *Picker) rate(h *holder) float64 {
	if h.pace.rate > 0 {
		return h.pace.rate
	}
	sum, n := 0.0, 0
	for _, other := range p.holders {
		if other.pace.rate > 0 {
			sum += other.pace.rate
			n++
		}
	}
	if n == 0 {
		return assumed
	}
	return sum / float64(n)
}
