package discovery

import (
	"net/netip"
	"time"
)

// bucket is a token bucket; the zero value is full.
type bucket struct {
	rate  float64 // tokens a second
	burst float64
	used  float64
	at    time.Time
}

func newBucket(rate, burst float64) bucket { return bucket{rate: rate, burst: burst} }

// take takes one token, if there is one.
func (b *bucket) take(now time.Time) bool {
	b.used = max(0, b.used-b.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.used+1 > b.burst {
		return false
	}
	b.used++
	return true
}

// idle reports whether the bucket is as good as new.
func (b *bucket) idle(now time.Time) bool {
	return b.used <= b.rate*now.Sub(b.at).Seconds()
}

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
	all     bucket
	sources map[netip.Addr]*bucket
	others  bucket // shared by the sources there was no room for
	swept   time.Time
}

func newLimiter() *limiter {
	return &limiter{
		all:     newBucket(linkRate, linkBurst),
		sources: make(map[netip.Addr]*bucket),
		others:  newBucket(sourceRate, sourceBurst),
	}
}

// allow reports whether a packet from there is worth a look now.
func (l *limiter) allow(now time.Time, from netip.Addr) bool {
	return l.source(now, from).take(now) && l.all.take(now)
}

func (l *limiter) source(now time.Time, from netip.Addr) *bucket {
	if b := l.sources[from]; b != nil {
		return b
	}
	if len(l.sources) >= maxSources && now.Sub(l.swept) >= time.Second {
		l.sweep(now)
	}
	if len(l.sources) >= maxSources {
		return &l.others
	}
	b := newBucket(sourceRate, sourceBurst)
	l.sources[from] = &b
	return &b
}

// sweep forgets the sources that have not spoken for a while. Under a flood
// of made-up sources none have, and newcomers share a bucket.
func (l *limiter) sweep(now time.Time) {
	l.swept = now
	for addr, b := range l.sources {
		if b.idle(now) {
			delete(l.sources, addr)
		}
	}
}
