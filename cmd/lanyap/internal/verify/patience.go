package verify

import (
	"time"

	"github.com/lanyap/lanyap/peer"
)

const (
	// eachEvery is how long it takes until the same person may ask again.
	eachEvery = time.Minute

	// burst is how many may ask at once, and allEvery how long it takes until one
	// more may.
	burst    = 5
	allEvery = 10 * time.Second
)

// Patience decides who may ask now. It is not safe for concurrent use. The zero value
// has all of it.
type Patience struct {
	asked map[peer.ID]time.Time // within eachEvery
	spent time.Time             // until when all of what was asked is paid off
}

// Allow reports whether somebody may ask now, and counts it if so.
func (p *Patience) Allow(now time.Time, id peer.ID) bool {
	for other, at := range p.asked { // there are few, see burst
		if now.Sub(at) >= eachEvery || at.After(now) {
			delete(p.asked, other)
		}
	}
	spent := p.spent
	if spent.Before(now) || spent.Sub(now) > burst*allEvery { // the clock was set back
		spent = now
	}
	if _, again := p.asked[id]; again || spent.Sub(now) > (burst-1)*allEvery {
		return false
	}
	if p.asked == nil {
		p.asked = make(map[peer.ID]time.Time)
	}
	p.asked[id] = now
	p.spent = spent.Add(allEvery)
	return true
}
