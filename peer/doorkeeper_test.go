package peer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// mustTake takes a guess that nobody has to wait for.
func mustTake(t *testing.T, k *doorkeeper, source int) *guess {
	t.Helper()
	began := time.Now()
	g, err := k.take(t.Context(), sourceOf(source))
	if err != nil || time.Since(began) > 0 {
		t.Fatalf("source %d waits %v: %v", source, time.Since(began), err)
	}
	return g
}

// Those who come at once wait for each other, and all get in.
func TestManyComeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k doorkeeper
		done := make(chan error)
		const many = 64
		for n := range many {
			go func() {
				g, err := k.take(t.Context(), sourceOf(n))
				if err == nil {
					time.Sleep(100 * time.Millisecond)
					g.was = right
					g.settle()
				}
				done <- err
			}()
		}
		for range many {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// Where all have been used up, it is said after a while, and not sooner.
func TestNoGuessIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k doorkeeper
		for n := range maxGuesses {
			g := mustTake(t, &k, n)
			g.was = wrong
			g.settle()
		}
		began := time.Now()
		if _, err := k.take(t.Context(), sourceOf(maxGuesses)); !errors.Is(err, ErrGuesses) || time.Since(began) != guessWait {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		// Who still waits when time allows one is let in.
		time.Sleep(time.Second)
		if _, err := k.take(t.Context(), sourceOf(maxGuesses)); err != nil || time.Since(began) != guessPause {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, ErrGone)
		defer cancel()
		if _, err := k.take(ctx, sourceOf(maxGuesses)); !errors.Is(err, ErrGone) {
			t.Errorf("whose link is gone: %v", err)
		}
	})
}

// Who lets us wait goes behind others, though nothing was guessed.
func TestStalledGuess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k doorkeeper
		brisk, slow := mustTake(t, &k, 1), mustTake(t, &k, 2)
		brisk.settle()
		time.Sleep(guessStall)
		slow.settle()
		for n := range maxGuesses - guessReserve {
			mustTake(t, &k, 10+n)
		}
		if change, _ := k.tryTake(sourceOf(2)); change == nil {
			t.Error("who stalled may have one of the last")
		}
		mustTake(t, &k, 1)
	})
}
