package discovery

import (
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// Packets above these rates are dropped before they are parsed. A start of
// 128 nodes at once is about 1,000 packets in its first second; 64 nodes on
// one host, which is one source, about 400.
const (
	linkRate    = 2000
	linkBurst   = 4000
	sourceRate  = 100
	sourceBurst = 500
	maxSources  = 512
)

// limiter bounds what one link makes us parse, and how much of that one
// source can take. It belongs to the goroutine that reads the link.
type limiter struct {
	all     *rate.Limiter
	sources *sources
}

func newLimiter() *limiter {
	return &limiter{all: rate.NewLimiter(linkRate, linkBurst), sources: newSources(sourceRate, sourceBurst)}
}

// allow reports whether a packet from there is worth a look now.
func (l *limiter) allow(now time.Time, from netip.Addr) bool {
	return l.sources.allow(now, from) && l.all.AllowN(now, 1)
}

// sources gives each source a share of its own. It belongs to one goroutine.
type sources struct {
	limit  rate.Limit
	burst  int
	known  map[netip.Addr]*rate.Limiter
	others *rate.Limiter // shared by the sources there was no room for
	swept  time.Time
}

func newSources(limit rate.Limit, burst int) *sources {
	return &sources{
		limit: limit, burst: burst,
		known:  make(map[netip.Addr]*rate.Limiter),
		others: rate.NewLimiter(limit, burst),
	}
}

func (s *sources) allow(now time.Time, from netip.Addr) bool { return s.of(now, from).AllowN(now, 1) }

func (s *sources) of(now time.Time, from netip.Addr) *rate.Limiter {
	if l := s.known[from]; l != nil {
		return l
	}
	if len(s.known) >= maxSources && now.Sub(s.swept) >= time.Second {
		s.sweep(now)
	}
	if len(s.known) >= maxSources {
		return s.others
	}
	l := rate.NewLimiter(s.limit, s.burst)
	s.known[from] = l
	return l
}

// sweep forgets the sources that have not spoken for a while. Under a flood
// of made-up sources none have, and newcomers share a bucket.
func (s *sources) sweep(now time.Time) {
	s.swept = now
	for addr, l := range s.known {
		if l.TokensAt(now) >= float64(s.burst) {
			delete(s.known, addr)
		}
	}
}
