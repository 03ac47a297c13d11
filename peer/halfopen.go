package peer

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// A PeerConnection that is not a link yet costs 91 KiB, 14 goroutines and some
// descriptors until we close it, and anybody may ask for one. When there are
// too many, one that had its time goes, from the source that holds most. A
// flat short deadline instead would keep 64 machines that start at once from
// ever forming a mesh: on busy cores an honest offer takes up to 3.4 s.
const (
	maxHalfOpen     = 32
	maxHalfOpenFrom = 4               // of one source; our own host is exempt
	halfOpenGrace   = 2 * time.Second // until one may be made to give way
)

// halfOpen are the offers that were answered and are no links yet.
type halfOpen struct {
	mu    sync.Mutex // guards slots
	slots map[*slot]bool
}

// slot is one of them.
type slot struct {
	from   netip.Prefix
	exempt bool
	since  time.Time
	ctx    context.Context
	cancel context.CancelCauseFunc
	leave  func()
}

// enter finds a place for an offer of a source (see callers) until it is left or
// its time is over.
func (h *halfOpen) enter(parent context.Context, from netip.Prefix, exempt bool) (*slot, error) {
	v := &slot{from: from, exempt: exempt, since: time.Now()}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !exempt && h.countLocked(v.from) >= maxHalfOpenFrom && !h.expelLocked(v.from) {
		return nil, ErrFull
	}
	if len(h.slots) >= maxHalfOpen && !h.expelLocked(h.crowdedLocked()) {
		return nil, ErrFull
	}
	ctx, expire := context.WithTimeoutCause(parent, dialTimeout, ErrTimeout)
	v.ctx, v.cancel = context.WithCancelCause(ctx)
	v.leave = func() {
		v.cancel(nil)
		expire()
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.slots, v)
	}
	if h.slots == nil {
		h.slots = make(map[*slot]bool)
	}
	h.slots[v] = true
	return v, nil
}

func (h *halfOpen) countLocked(from netip.Prefix) (n int) {
	for v := range h.slots {
		if v.from == from && !v.exempt {
			n++
		}
	}
	return n
}

// crowdedLocked returns the network that holds the most places.
func (h *halfOpen) crowdedLocked() (most netip.Prefix) {
	count := make(map[netip.Prefix]int)
	for v := range h.slots {
		count[v.from]++
		if count[v.from] > count[most] {
			most = v.from
		}
	}
	return most
}

// expelLocked ends the oldest of a network's, if it had its grace.
func (h *halfOpen) expelLocked(from netip.Prefix) bool {
	var oldest *slot
	for v := range h.slots {
		if v.from == from && (oldest == nil || v.since.Before(oldest.since)) {
			oldest = v
		}
	}
	if oldest == nil || time.Since(oldest.since) < halfOpenGrace {
		return false
	}
	oldest.cancel(ErrFull)
	delete(h.slots, oldest)
	return true
}
