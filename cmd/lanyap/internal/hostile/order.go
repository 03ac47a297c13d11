//go:build linux

package hostile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/lanyap/lanyap/peer"
)

// Order is what to do. Which fields matter each attack says.
type Order struct {
	Do       string         // one of Attacks
	At       netip.AddrPort // the node that is attacked; a link-local address with its zone
	Instance string         // that node's; empty: nobody's
	As       string         // the instance in whose name; empty: another each time
	Hold     time.Duration  // how long each connection is kept, in nanoseconds
	Sources  int            // from so many addresses; 0 and 1: the host's own
	Rate     int            // times a second, in all; 0: as often as it can
	Secret   string         // that it takes for the room's
}

// attack does what an order says until ctx ends.
type attack func(ctx context.Context, o Order, n *Tally) error

var attacks = map[string]attack{
	"offers":    offers,
	"instances": instances,
	"double":    double,
	"slow":      slow,
	"bombs":     bombs,
	"trap":      trap,
	"packets":   packets,
	"connects":  connects,
	"links":     links,
	"between":   between,
	"swaps":     swaps,
	"mirrors":   mirrors,
	"guesses":   guesses,
	"lures":     lures,
	"deaf":      deaf,
	"drowsy":    drowsy,
	"echoes":    echoes,
	"reflects":  reflects,
}

// Attacks returns the names of all attacks.
func Attacks() []string { return slices.Sorted(maps.Keys(attacks)) }

// Run does what an order says until ctx ends, and returns why it could not.
func Run(ctx context.Context, o Order, n *Tally) error {
	do, ok := attacks[o.Do]
	if !ok {
		return fmt.Errorf("hostile: no attack is called %q, only %q", o.Do, Attacks())
	}
	err := do(ctx, o, n)
	if ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err())) {
		return nil
	}
	return fmt.Errorf("hostile: %s: %w", o.Do, err)
}

// Tally counts what came of an attack, by what it was.
type Tally struct {
	mu     sync.Mutex // guards counts
	counts map[string]int
}

// NewTally returns an empty one.
func NewTally() *Tally { return &Tally{counts: make(map[string]int)} }

// Add counts one of a kind.
func (t *Tally) Add(what string) { t.change(what, 1) }

func (t *Tally) change(what string, by int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[what] += by
}

// Counts returns how many there were of each kind.
func (t *Tally) Counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// pace returns what waits for the next turn of all who share it, and reports whether
// there is one.
func (o Order) pace(ctx context.Context) func() bool {
	if o.Rate == 0 {
		return func() bool { return ctx.Err() == nil }
	}
	// A timer that is late by some milliseconds is made up for.
	limit := rate.NewLimiter(rate.Limit(o.Rate), max(1, o.Rate/20))
	return func() bool { return limit.Wait(ctx) == nil }
}

// name returns in whose name an attempt is made.
func (o Order) name() string {
	if o.As != "" {
		return o.As
	}
	return anyInstance()
}

// anyInstance is an instance that nobody has.
func anyInstance() string { return peer.ID{}.Instance(peer.NewSalt()).String() }

// together runs n of a kind until they have all ended, and returns the first error.
func together(n int, run func(i int) error) error {
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		all.Go(func() { errs[i] = run(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}
