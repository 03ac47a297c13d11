package peer

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// guessWait is how long a proof may have to wait for others: for all those who come
// at once, and where strangers have used up what there is.
const guessWait = 5 * time.Second

// guessStall is how long one may be under way, and come to nothing, before its source
// goes behind others. Whoever has us prove the secret and then lets us wait takes a
// place all that time, and need not guess for it.
const guessStall = 2 * time.Second

// doorkeeper bounds how often others may try a secret with us, in one of the two
// roles that hello has. Who is turned away only waits: see guesses for who goes first.
type doorkeeper struct {
	mu      sync.Mutex // guards what follows
	guesses guesses
	change  chan struct{} // closed when a guess is given back; nil: nobody waits
}

// What became of a guess.
const (
	untold = iota // the other side has not learnt whether it is right
	wrong
	right
)

// guess is one that is under way.
type guess struct {
	keeper *doorkeeper
	from   netip.Prefix
	since  time.Time
	was    int
}

// take returns when a source may make a guess, or with [ErrGuesses].
func (k *doorkeeper) take(ctx context.Context, from netip.Prefix) (*guess, error) {
	limit := time.NewTimer(guessWait)
	defer limit.Stop()
	for {
		change, next := k.tryTake(from)
		if change == nil {
			return &guess{keeper: k, from: from, since: time.Now()}, nil
		}
		select {
		case <-change:
		case <-time.After(next):
		case <-limit.C:
			return nil, ErrGuesses
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// tryTake takes a guess, or returns what to wait for.
func (k *doorkeeper) tryTake(from netip.Prefix) (change <-chan struct{}, next time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	if k.guesses.take(from, now) {
		return nil, 0
	}
	if k.change == nil {
		k.change = make(chan struct{})
	}
	return k.change, k.guesses.next(now)
}

// settle says what became of a guess.
func (g *guess) settle() {
	k := g.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	switch {
	case g.was == wrong:
		k.guesses.wrong(g.from, now)
	case g.was == right:
		k.guesses.right(g.from, now)
	case now.Sub(g.since) >= guessStall:
		k.guesses.stalled(g.from, now)
	default:
		k.guesses.nothing(g.from, now)
	}
	if k.change != nil {
		close(k.change)
		k.change = nil
	}
}
