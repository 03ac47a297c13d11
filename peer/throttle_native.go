//go:build !js

package peer

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Anybody may ask, and pays for it in tokens before anything is built. An offer
// takes 0.6 ms of CPU even if whoever made it hangs up at once. What follows is
// far above what honest nodes do: 64 that start at once on one other host offer
// us 64 links, and a process that ends is asked after 50 times by each that had
// a link to it.
const (
	callRate  = 256 // connections a second of one source: past it they are dropped unread
	callBurst = 1024

	sourceRate  = 64  // tokens a second of one source
	sourceBurst = 256 // tokens
	requestCost = 1
	besideRate  = 256 // requests a second of one source that are not about links: the parts of a page, pieces of files
	besideBurst = 1024

	offerCost = 4 // with that of the request: 64 offers at once, then 16 a second, a hundredth of a core

	strangerRate  = 128 // offers a second of all sources together: a tenth of a core
	strangerBurst = 512

	carriedRate  = 32 // offers a second that members carried, of all
	carriedBurst = 128
	carriedFrom  = 16  // the same of one address, as one says that has carried it
	carriedTabs  = 64  // the same at once
	authorRate   = 0.5 // the same of one instance
	authorBurst  = 4

	streamRate  = 64 // streams a second that one instance opens: 0.5 ms of CPU each
	streamBurst = 256

	maxLimiters = 1024 // that have spent something lately; further ones share one limiter
)

// throttle bounds what each of many may cost.
type throttle[K comparable] struct {
	rate  rate.Limit
	burst int

	mu       sync.Mutex // guards what follows
	limiters map[K]*rate.Limiter
	others   *rate.Limiter // of those there was no room for
	swept    time.Time
}

func newThrottle[K comparable](limit rate.Limit, burst int) *throttle[K] {
	return &throttle[K]{rate: limit, burst: burst, limiters: make(map[K]*rate.Limiter), others: rate.NewLimiter(limit, burst)}
}

// allow takes cost tokens of whom's, if there are as many.
func (t *throttle[K]) allow(whom K, cost int) bool {
	now := time.Now()
	return t.limiter(whom, now).AllowN(now, cost)
}

func (t *throttle[K]) limiter(whom K, now time.Time) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.limiters[whom]; p != nil {
		return p
	}
	if len(t.limiters) >= maxLimiters && now.Sub(t.swept) >= time.Second {
		t.sweepLocked(now)
	}
	if len(t.limiters) >= maxLimiters {
		return t.others
	}
	p := rate.NewLimiter(t.rate, t.burst)
	t.limiters[whom] = p
	return p
}

// sweepLocked forgets those who could spend all again.
func (t *throttle[K]) sweepLocked(now time.Time) {
	t.swept = now
	for whom, p := range t.limiters {
		if p.TokensAt(now) >= float64(t.burst) {
			delete(t.limiters, whom)
		}
	}
}

// limits are what connections and requests pay. Our own host is exempt: whoever
// is on it can have our CPU anyhow.
type limits struct {
	calls     *throttle[netip.Prefix]
	sources   *throttle[netip.Prefix]
	beside    *throttle[netip.Prefix]
	carried   carriedLimits
	members   *throttle[Instance] // who replaces its link, and proves it: strangers elsewhere do not stand in its way
	strangers *rate.Limiter
	streams   *throttle[Instance] // who opens streams, and proves it
}

func newLimits() limits {
	return limits{
		calls:   newThrottle[netip.Prefix](callRate, callBurst),
		sources: newThrottle[netip.Prefix](sourceRate, sourceBurst),
		beside:  newThrottle[netip.Prefix](besideRate, besideBurst),
		carried: carriedLimits{
			authors: newThrottle[Instance](authorRate, authorBurst),
			sources: newThrottle[netip.Prefix](carriedFrom, carriedTabs),
			all:     rate.NewLimiter(carriedRate, carriedBurst),
		},
		members:   newThrottle[Instance](sourceRate, sourceBurst),
		strangers: rate.NewLimiter(strangerRate, strangerBurst),
		streams:   newThrottle[Instance](streamRate, streamBurst),
	}
}

// carriedLimits are what offers pay that members carried. Nobody is exempt, for none
// of what they say is proven.
type carriedLimits struct {
	authors *throttle[Instance]
	sources *throttle[netip.Prefix]
	all     *rate.Limiter
}

// allow looks at the author last: so no more of them are remembered than all together
// may offer.
func (l *carriedLimits) allow(from netip.Prefix, author Instance) bool {
	return l.sources.allow(from, 1) && l.all.Allow() && l.authors.allow(author, 1)
}

// allowCall takes what a connection costs.
func (t *Transport) allowCall(from netip.Addr) bool {
	return t.sockets.own(from) || t.limits.calls.allow(t.callers.source(from), 1)
}

// allowRequest takes what a request costs. One with a proof, where proofs are
// looked at, is let in for nothing: a member must get through though strangers
// at its address have spent all.
func (t *Transport) allowRequest(r *http.Request) bool { return mayProve(r) || t.charge(r) }

// allowBeside takes what a request costs that is not about links.
func (t *Transport) allowBeside(r *http.Request) bool {
	from := remoteAddr(r)
	return t.sockets.own(from) || t.limits.beside.allow(t.callers.source(from), requestCost)
}

// allowUnproven takes what a request was let off when it came, and whose
// proof was none.
func (t *Transport) allowUnproven(r *http.Request) bool { return !mayProve(r) || t.charge(r) }

// mayProve reports whether a request carries what is looked at as a proof.
func mayProve(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == offerPath || r.URL.Path == watchPath) && r.Header.Get(headerProof) != ""
}

// charge takes what a request costs.
func (t *Transport) charge(r *http.Request) bool {
	from := remoteAddr(r)
	return t.sockets.own(from) || t.limits.sources.allow(t.callers.source(from), requestCost)
}

// allowOffer takes what an offer costs beyond its request, which a
// stranger has paid for.
func (t *Transport) allowOffer(who caller, proven bool) bool {
	from := who.remote.Addr()
	switch {
	case proven:
		return t.limits.members.allow(who.instance, offerCost)
	case t.sockets.own(from):
		return true
	}
	return t.limits.sources.allow(t.callers.source(from), offerCost-requestCost) && t.limits.strangers.Allow()
}
