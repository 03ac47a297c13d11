//go:build !js

package discovery

import (
	"context"
	"iter"
	"slices"
	"time"
)

const (
	// coalesce is how long a burst of changes is given to end: a network
	// manager that brings up an interface sends about ten.
	coalesce = 50 * time.Millisecond

	// pollEvery is how often the interfaces are listed where the system does
	// not tell of changes.
	pollEvery = 2 * time.Second
)

// Watch yields the interfaces now and after every change until ctx is done.
// Changes within 50 ms are yielded as one. names limits which are used, as in
// [Interfaces]; one that does not exist may come later. On Linux the kernel
// tells of changes, elsewhere they are looked for every 2 s.
func Watch(ctx context.Context, names []string) iter.Seq[[]Interface] {
	return func(yield func([]Interface) bool) {
		var last []Interface
		for now := range changes(ctx, names) {
			if last != nil && slices.EqualFunc(now, last, Interface.equal) {
				continue
			}
			last = now
			if !yield(slices.Clone(now)) {
				return
			}
		}
	}
}

// changes is Watch that also yields when the list looks the same: it does not
// show when an address becomes usable.
func changes(ctx context.Context, names []string) iter.Seq[[]Interface] {
	return func(yield func([]Interface) bool) { follow(ctx, newNotifier(), names, yield) }
}

// follow is changes with a notifier. One that only guesses says nothing of what
// does not show: otherwise what failed would be tried again at each guess.
func follow(ctx context.Context, n notifier, names []string, yield func([]Interface) bool) {
	defer n.Close()
	var last []Interface
	for first := true; first || n.wait(ctx); first = false {
		now, err := list(names)
		if err != nil {
			continue
		}
		if !first && !slices.EqualFunc(now, last, Interface.sameZone) {
			refreshZones()
		}
		if !first && n.guesses() && slices.EqualFunc(now, last, Interface.equal) {
			continue
		}
		last = now
		if ctx.Err() != nil || !yield(now) {
			return
		}
	}
}

// poller is a notifier for systems that do not notify.
type poller struct{ ticker *time.Ticker }

func newPoller() poller { return poller{time.NewTicker(pollEvery)} }

// wait returns when something may have changed; false when ctx is done.
func (p poller) wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-p.ticker.C:
		return true
	}
}

func (p poller) guesses() bool { return true }

// Close ends the ticking.
func (p poller) Close() { p.ticker.Stop() }

// notifier tells of changes to the interfaces, or guesses.
type notifier interface {
	guesses() bool
	wait(ctx context.Context) bool
	Close()
}
