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
	offerCost   = 4 // with that of the request: 64 offers at once, then 16 a second, a hundredth of a core

	strangerRate  = 128 // offers a second of all sources together: a tenth of a core
	strangerBurst = 512

	maxPayers = 1024 // that have spent something lately; further ones share a purse
)

// throttle bounds what each of many may cost.
type throttle[K comparable] struct {
	rate  rate.Limit
	burst int

	mu     sync.Mutex // guards what follows
	purses map[K]*rate.Limiter
	others *rate.Limiter // of those there was no room for
	swept  time.Time
}

func newThrottle[K comparable](limit rate.Limit, burst int) *throttle[K] {
	return &throttle[K]{rate: limit, burst: burst, purses: make(map[K]*rate.Limiter), others: rate.NewLimiter(limit, burst)}
}

// pay takes cost tokens of whom's, if there are as many.
func (t *throttle[K]) pay(whom K, cost int) bool {
	now := time.Now()
	return t.purse(whom, now).AllowN(now, cost)
}

func (t *throttle[K]) purse(whom K, now time.Time) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.purses[whom]; p != nil {
		return p
	}
	if len(t.purses) >= maxPayers && now.Sub(t.swept) >= time.Second {
		t.sweepLocked(now)
	}
	if len(t.purses) >= maxPayers {
		return t.others
	}
	p := rate.NewLimiter(t.rate, t.burst)
	t.purses[whom] = p
	return p
}

// sweepLocked forgets those whose purse is full again.
func (t *throttle[K]) sweepLocked(now time.Time) {
	t.swept = now
	for whom, p := range t.purses {
		if p.TokensAt(now) >= float64(t.burst) {
			delete(t.purses, whom)
		}
	}
}

// tolls are what connections and requests pay. Our own host is exempt: whoever
// is on it can have our CPU anyhow.
type tolls struct {
	calls     *throttle[netip.Prefix]
	sources   *throttle[netip.Prefix]
	members   *throttle[Instance] // who replaces its link, and proves it: strangers elsewhere do not stand in its way
	strangers *rate.Limiter
}

func newTolls() tolls {
	return tolls{
		calls:     newThrottle[netip.Prefix](callRate, callBurst),
		sources:   newThrottle[netip.Prefix](sourceRate, sourceBurst),
		members:   newThrottle[Instance](sourceRate, sourceBurst),
		strangers: rate.NewLimiter(strangerRate, strangerBurst),
	}
}

// calling takes the toll of a connection.
func (t *Transport) calling(from netip.Addr) bool {
	return t.sockets.own(from) || t.tolls.calls.pay(t.callers.source(from), 1)
}

// entering takes the toll of a request. One with a proof, where proofs are
// looked at, is let in for nothing: a member must get through though strangers
// at its address have spent all.
func (t *Transport) entering(r *http.Request) bool { return mayProve(r) || t.request(r) }

// unproven takes the toll that a request was let off when it came, and whose
// proof was none.
func (t *Transport) unproven(r *http.Request) bool { return !mayProve(r) || t.request(r) }

// mayProve reports whether a request carries what is looked at as a proof.
func mayProve(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == offerPath || r.URL.Path == watchPath) && r.Header.Get(headerProof) != ""
}

// request takes the toll of a request.
func (t *Transport) request(r *http.Request) bool {
	remote, _ := netip.ParseAddrPort(r.RemoteAddr)
	from := remote.Addr().Unmap()
	return t.sockets.own(from) || t.tolls.sources.pay(t.callers.source(from), requestCost)
}

// offering takes the toll of an offer, beyond that of a request which a
// stranger's has paid.
func (t *Transport) offering(who caller, proven bool) bool {
	from := who.remote.Addr()
	switch {
	case proven:
		return t.tolls.members.pay(who.instance, offerCost)
	case t.sockets.own(from):
		return true
	}
	return t.tolls.sources.pay(t.callers.source(from), offerCost-requestCost) && t.tolls.strangers.Allow()
}
