//go:build !js

package peer

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/peer/internal/cpace"
)

// guess does CPace as who has another secret, on whichever side.
func (i intruder) guess(offers bool) {
	t := i.knocks()
	in := cpace.Inputs{Password: []byte("a guess"), Session: sessionOf(&t)}
	if offers {
		_, ya := cpace.Start(in)
		i.says(ya[:])
		if i.hears() != nil {
			i.says(noise(cpace.TagSize))
		}
		return
	}
	if ya := i.hears(); ya != nil {
		_, yb, tb, _ := cpace.Respond(in, ya)
		i.says(slices.Concat(yb[:], tb[:]))
	}
}

// inTime runs a test in a bubble of synctest, whose hours pass in a moment.
func inTime(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	kitchen()
	cellar()
	synctest.Test(t, test)
}

// TestGuesserIsTurnedAway has one address try secrets, in either role. Once it was
// wrong three times it has to wait, and is told nothing, while somebody else is let in
// at once.
func TestGuesserIsTurnedAway(t *testing.T) {
	for what, offerer := range map[string]bool{"who calls": false, "who is called": true} {
		t.Run(what, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, other := sides()
				s.keeper = new(doorkeeper)
				for n := range maxGuesses - 1 {
					s.from = source(1)
					want, told := ErrSecret, closingSecret
					if n >= maxGuesses-guessReserve {
						want, told = ErrGuesses, closingBusy
					}
					began := time.Now()
					honest, said := s.breakIn(t, offerer, func(i intruder) { i.guess(!offerer) })
					if !errors.Is(honest.err, want) || said != told {
						t.Errorf("guess %d: got %v, and the guesser is told %q; want %v and %q", n+1, honest.err, said, want, told)
					}
					if d := time.Since(began); d > guessWait {
						t.Errorf("guess %d took %v, want %v at most", n+1, d, guessWait)
					}
				}
				s.from = source(2)
				began := time.Now()
				a, b := other, s
				if offerer {
					a, b = b, a
				}
				near, far := a.meet(b)
				if near.err != nil || far.err != nil || time.Since(began) > 0 {
					t.Errorf("somebody else: got %v and %v after %v", near.err, far.err, time.Since(began))
				}
			})
		})
	}
}

// meet lets two sides greet each other.
func (s side) meet(other side) (near, far greeted) {
	x, y := memories()
	done := make(chan greeted)
	go func() { done <- other.greet(y, false) }()
	near = s.greet(x, true)
	return near, <-done
}

// TestWhatCountsAsAGuess tells what does from what does not.
func TestWhatCountsAsAGuess(t *testing.T) {
	for what, test := range map[string]struct {
		offerer bool // the honest side is
		counts  bool
		intrude func(i intruder)
	}{
		"a caller that is wrong":           {false, true, func(i intruder) { i.guess(true) }},
		"a caller that hangs up on a tag":  {false, true, func(i intruder) { i.knocks(); i.says(basePoint); i.hears(); i.ch.close("") }},
		"a caller that says no share":      {false, false, func(i intruder) { i.knocks(); i.says(noise(3)) }},
		"a caller that says nothing":       {false, false, func(i intruder) { i.knocks(); i.ch.close("") }},
		"a caller of an open room":         {false, false, func(i intruder) { i.says(append([]byte{helloVersion}, noise(nonceSize)...)) }},
		"a callee that is wrong":           {true, true, func(i intruder) { i.guess(false) }},
		"a callee that hangs up":           {true, false, func(i intruder) { i.knocks(); i.hears(); i.ch.close("") }},
		"a callee that says no share":      {true, false, func(i intruder) { i.knocks(); i.hears(); i.says(noise(3)) }},
		"a callee that is busy":            {true, false, func(i intruder) { i.knocks(); i.hears(); i.ch.close(closingBusy) }},
		"a callee that says it is another": {true, false, func(i intruder) { i.knocks(); i.hears(); i.ch.close(closingSecret) }},
	} {
		t.Run(what, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s := anySide()
				s.keeper = new(doorkeeper)
				s.breakIn(t, test.offerer, test.intrude)
				if g := s.keeper.guesses; g.underWay != 0 || (g.wrongs == 1) != test.counts {
					t.Errorf("%d are under way and %d were wrong, want that it counts: %v", g.underWay, g.wrongs, test.counts)
				}
			})
		})
	}
}

// TestGuessesInAnHourOfHello has more guessers than anybody can turn away at hello all
// the time, at as many addresses, for an hour: few are told whether they are right,
// and who knows the secret gets in as soon as they are gone.
func TestGuessesInAnHourOfHello(t *testing.T) {
	for what, offerer := range map[string]bool{"who calls": false, "who is called": true} {
		t.Run(what, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, other := sides()
				s.keeper = new(doorkeeper)
				end := time.Now().Add(time.Hour)
				told := make(chan int)
				const guessers = 8
				for n := range guessers {
					go func() {
						heard := 0
						for round := 0; time.Now().Before(end); round++ {
							s := s
							s.from = source(n + guessers*round)
							if honest, _ := s.breakIn(t, offerer, func(i intruder) { i.guess(!offerer) }); errors.Is(honest.err, ErrSecret) {
								heard++
							}
						}
						told <- heard
					}()
				}
				all := 0
				for range guessers {
					all += <-told
				}
				if all > 365 || all < 360 {
					t.Errorf("%d guesses were answered, want 365 at most, and hardly fewer", all)
				}
				time.Sleep(guessPause)
				s.from = source(100_000)
				if offerer {
					s, other = other, s
				}
				if near, far := other.meet(s); near.err != nil || far.err != nil {
					t.Errorf("then who knows the secret got %v and %v", near.err, far.err)
				}
			})
		})
	}
}

// TestCrowdAtTheDoor has 64 who know the secret come to one at once, from one address:
// more than may be at it at a time. They wait for each other, and all get in.
func TestCrowdAtTheDoor(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, other := sides()
		s.keeper, s.from = new(doorkeeper), source(1)
		ended := make(chan error)
		const crowd = 64
		for range crowd {
			go func() {
				near, far := other.meet(s)
				ended <- errors.Join(near.err, far.err)
			}()
		}
		for range crowd {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if g := s.keeper.guesses; g.underWay != 0 || g.wrongs != 0 || len(g.from) != 0 {
			t.Errorf("%d are under way, %d were wrong, and %d are remembered", g.underWay, g.wrongs, len(g.from))
		}
	})
}

// TestWaitAtTheDoorEnds gives up what waits when the attempt is given up.
func TestWaitAtTheDoorEnds(t *testing.T) {
	inTime(t, func(t *testing.T) {
		k := new(doorkeeper)
		spend(k)
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, ErrGone)
		defer cancel()
		if _, err := k.take(ctx, source(1)); !errors.Is(err, ErrGone) {
			t.Errorf("got %v, want %v", err, ErrGone)
		}
	})
}

// TestTenThousandHellos leave nothing behind, however they end.
func TestTenThousandHellos(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, other := sides()
		s.keeper = new(doorkeeper)
		open := s
		open.secret = Secret{}
		for n := range 10_000 {
			s.from, s.token, other.token = source(n), token{}, token{}
			with := &other
			switch n % 10 {
			case 0: // a whole proof
			case 1:
				s.breakIn(t, false, func(i intruder) { i.knocks(); i.says(noise(3)) })
				continue
			case 2, 3, 4:
				with = &open
			default:
				s.token, other.token = token{1}, token{1}
			}
			if near, far := with.meet(s); (near.err == nil) != (with == &other) || (far.err == nil) != (with == &other) {
				t.Fatal(n, near.err, far.err)
			}
		}
		if g := s.keeper.guesses; g.underWay != 0 || g.wrongs != 0 || len(g.from) != 0 {
			t.Errorf("%d are under way, %d were wrong, and %d are remembered", g.underWay, g.wrongs, len(g.from))
		}
	}) // which ends only when all goroutines have
}
