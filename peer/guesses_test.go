package peer

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

var guessStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func sourceOf(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 32)
}

// A guess is one step: at a time in seconds, a source does something and it is
// allowed or not.
type guessStep struct {
	at     float64
	source int
	do     string // take; or right, wrong, nothing, stalled
	denied bool   // take only
}

func (s guessStep) run(t *testing.T, g *guesses) {
	t.Helper()
	now := guessStart.Add(time.Duration(s.at * float64(time.Second)))
	switch s.do {
	case "take":
		if got := g.take(sourceOf(s.source), now); got == s.denied {
			t.Fatalf("at %v s source %d may begin: %v", s.at, s.source, got)
		}
	case "right":
		g.right(sourceOf(s.source), now)
	case "wrong":
		g.wrong(sourceOf(s.source), now)
	case "nothing":
		g.nothing(sourceOf(s.source), now)
	case "stalled":
		g.stalled(sourceOf(s.source), now)
	}
	if g.underWay < 0 || g.underWay+g.wrongs > maxGuesses || len(g.from) > maxGuessers {
		t.Fatalf("at %v s %d are under way and %d wrong, of %d sources", s.at, g.underWay, g.wrongs, len(g.from))
	}
}

// times repeats steps.
func times(n int, steps ...guessStep) (out []guessStep) {
	for range n {
		out = append(out, steps...)
	}
	return out
}

func TestGuesses(t *testing.T) {
	take := func(at float64, source int) guessStep { return guessStep{at, source, "take", false} }
	denied := func(at float64, source int) guessStep { return guessStep{at, source, "take", true} }
	do := func(at float64, source int, what string) guessStep { return guessStep{at, source, what, false} }
	wrong := func(at float64, source int) []guessStep {
		return []guessStep{take(at, source), do(at, source, "wrong")}
	}
	join := func(parts ...[]guessStep) (out []guessStep) {
		for _, p := range parts {
			out = append(out, p...)
		}
		return out
	}

	for name, steps := range map[string][]guessStep{
		"right ones are free":            times(100, take(0, 1), do(0, 1, "right")),
		"nothing is free":                times(100, take(0, 1), do(0, 1, "nothing")),
		"who was wrong leaves two":       join(wrong(0, 1), wrong(0, 1), wrong(0, 1), times(1, denied(0, 1), take(0, 2), take(0, 3), denied(0, 4))),
		"who has one under way, too":     {take(0, 1), take(0, 1), take(0, 1), denied(0, 1), take(0, 2), take(0, 3), denied(0, 4)},
		"and no more when it is settled": {take(0, 1), take(0, 2), take(0, 3), denied(0, 1), do(0, 1, "right"), take(0, 1)},
		"five wrong of five":             join(wrong(0, 1), wrong(0, 2), wrong(0, 3), wrong(0, 4), wrong(0, 5), times(1, denied(9.9, 6), take(10, 6), denied(19.9, 7), take(20, 7))),
		"those under way count":          {take(0, 1), take(0, 2), take(0, 3), take(0, 4), take(0, 5), denied(9, 6), denied(3600, 6), do(3600, 1, "right"), take(3600, 6)},
		"slots return one by one":        join(wrong(0, 1), wrong(0, 2), wrong(0, 3), wrong(0, 4), wrong(0, 5), wrong(35, 6), wrong(35, 7), wrong(35, 8), times(1, denied(35, 9), denied(39.9, 9), take(40, 9), denied(40, 10))),
		"no more than five return":       join(wrong(0, 1), wrong(3600, 2), wrong(3600, 3), wrong(3600, 4), wrong(3600, 5), wrong(3600, 6), times(1, denied(3600, 7))),
		"a stall takes none away":        {take(0, 1), do(10, 1, "stalled"), take(10, 2), take(10, 3), take(10, 4), take(10, 5), take(10, 6)},
		"but who stalls leaves two":      {take(0, 1), do(10, 1, "stalled"), take(10, 2), take(10, 3), take(10, 4), denied(10, 1), take(10, 5), take(10, 6)},
		"until ten minutes have passed":  {take(0, 1), do(0, 1, "wrong"), take(599, 2), take(599, 3), take(599, 4), denied(599, 1), take(600, 1)},
		"settled twice is settled once":  join(times(1, take(0, 1), do(0, 1, "right"), do(0, 1, "right"), do(0, 1, "nothing")), wrong(0, 2), wrong(0, 3), wrong(0, 4), wrong(0, 5), wrong(0, 6), times(1, denied(0, 7))),
		"who took none settles none":     {do(0, 1, "right"), do(0, 1, "wrong"), take(0, 2), take(0, 3), take(0, 4), take(0, 5), take(0, 6)},
		"a clock that goes back":         join(wrong(100, 1), wrong(100, 2), wrong(100, 3), wrong(100, 4), wrong(100, 5), times(1, denied(0, 6), denied(109, 6), take(110, 6))),
	} {
		t.Run(name, func(t *testing.T) {
			var g guesses
			for _, s := range steps {
				s.run(t, &g)
			}
		})
	}
}

// However many ask, from however many addresses, and whatever becomes of it: no more
// than 365 wrong ones begin in any hour.
func TestGuessesInAnHour(t *testing.T) {
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 0))
		s := schedule{
			r:       r,
			sources: []int{1, 2, 5, 70, 5000}[r.IntN(5)],
			honest:  []float64{0, 0.1, 0.9}[r.IntN(3)],
			hold:    []float64{0, 0.01, 3, 10}[r.IntN(4)],
			pause:   []float64{0.1, 0.5, 4, 20}[r.IntN(4)],
		}
		if most := mostInAnHour(s.run(t)); most > 365 {
			t.Errorf("seed %d: %d wrong in an hour", seed, most)
		}
	}
}

// schedule is how a crowd behaves for two hours; times are in seconds.
type schedule struct {
	r       *rand.Rand
	sources int
	honest  float64 // how many turn out right
	hold    float64 // for how long one is under way at most
	pause   float64 // between those who ask

	underWay []underWay
	wrong    []float64 // when those began that turned out wrong
}

type underWay struct {
	source   int
	from, to float64
}

func (s *schedule) run(t *testing.T) []float64 {
	t.Helper()
	var g guesses
	for at := 0.0; at < 2*3600; at += s.pause * s.r.ExpFloat64() {
		if s.r.IntN(2000) == 0 {
			at += 600 * s.r.Float64() // they rest
		}
		s.settle(t, &g, at)
		source := s.r.IntN(s.sources)
		if g.take(sourceOf(source), guessStart.Add(time.Duration(at*float64(time.Second)))) {
			s.underWay = append(s.underWay, underWay{source, at, at + s.hold*s.r.Float64()})
		}
	}
	return s.wrong
}

// settle ends those whose time has come.
func (s *schedule) settle(t *testing.T, g *guesses, at float64) {
	t.Helper()
	s.underWay = slices.DeleteFunc(s.underWay, func(u underWay) bool {
		if u.to > at {
			return false
		}
		do := "wrong"
		if x := s.r.Float64(); x < s.honest {
			do = "right"
		} else if x > 0.95 {
			do = []string{"nothing", "stalled"}[s.r.IntN(2)]
		} else {
			s.wrong = append(s.wrong, u.from)
		}
		guessStep{at, u.source, do, false}.run(t, g)
		return true
	})
}

// mostInAnHour returns how many there are in the hour that has most.
func mostInAnHour(times []float64) (most int) {
	slices.Sort(times)
	first := 0
	for i, at := range times {
		for times[first] <= at-3600 {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// Who asks again whenever the answer may be another gets as many as there are, and
// no more: 365 in the first hour and 360 in the next.
func TestGuesserWithoutPause(t *testing.T) {
	var g guesses
	wrong := []int{0, 0, 0}
	source := 0
	for now := guessStart; ; now = now.Add(g.next(now)) {
		hour := int(now.Sub(guessStart) / time.Hour)
		if hour == len(wrong) {
			break
		}
		for g.take(sourceOf(source), now) {
			g.wrong(sourceOf(source), now)
			wrong[hour]++
			source++ // a new address each time
		}
	}
	if wrong[0] > 365 || wrong[1] > 360 || wrong[2] > 360 || wrong[2] < 350 {
		t.Errorf("%v wrong by hour", wrong)
	}
}

// Beside one that guesses without pause, and makes each last as long as it can, who
// comes from somewhere else gets in at once, two of them even together.
func TestNewcomerBesideAGuesser(t *testing.T) {
	for _, hold := range []time.Duration{0, time.Second, 10 * time.Second} {
		var g guesses
		type held struct {
			until  time.Time
			settle func(netip.Prefix, time.Time)
		}
		var holds []held
		guesser, newcomer := sourceOf(0), 1
		for n := range 20_000 { // a thousand seconds
			now := guessStart.Add(time.Duration(n) * 50 * time.Millisecond)
			holds = slices.DeleteFunc(holds, func(h held) bool {
				if h.until.After(now) {
					return false
				}
				h.settle(guesser, now)
				return true
			})
			for g.take(guesser, now) {
				settle := g.wrong
				if len(holds)%2 == 1 {
					settle = g.stalled
				}
				if hold == 0 {
					g.wrong(guesser, now)
					continue
				}
				holds = append(holds, held{now.Add(hold), settle})
			}
			a, b := sourceOf(newcomer), sourceOf(newcomer+1)
			newcomer += 2
			if !g.take(a, now) || !g.take(b, now) {
				t.Fatalf("after %v a newcomer has to wait, where the guesser holds each for %v", now.Sub(guessStart), hold)
			}
			g.right(a, now)
			g.right(b, now)
		}
	}
}

func TestGuessesNext(t *testing.T) {
	var g guesses
	second := func(s float64) time.Time { return guessStart.Add(time.Duration(s * float64(time.Second))) }
	check := func(at, want float64) {
		t.Helper()
		if got := g.next(second(at)); got != time.Duration(want*float64(time.Second)) {
			t.Errorf("at %v s the next is in %v, want %v s", at, got, want)
		}
	}
	check(0, 10)
	guessStep{0, 1, "take", false}.run(t, &g)
	check(3, 10)
	guessStep{5, 1, "wrong", false}.run(t, &g)
	guessStep{6, 1, "take", false}.run(t, &g)
	guessStep{6, 1, "wrong", false}.run(t, &g)
	check(6, 9)
	check(14, 1)
	check(15, 10)
	check(24, 1)
	check(25, 10)
	check(20, 10) // a clock that goes back
}

// However many stall, what is remembered of them has a bound, and it is of the last.
func TestGuessersRemembered(t *testing.T) {
	var g guesses
	const many = 1500
	for n := range many {
		at := float64(n) / 100
		guessStep{at, n, "take", false}.run(t, &g)
		guessStep{at, n, "stalled", false}.run(t, &g)
	}
	if len(g.from) != maxGuessers {
		t.Fatalf("%d are remembered", len(g.from))
	}
	for _, n := range []int{many - maxGuessers, many - 1} {
		if !g.from[sourceOf(n)].blamed(guessStart.Add(time.Minute)) {
			t.Errorf("source %d is forgotten", n)
		}
	}
	// Those who have one under way are never forgotten.
	guessStep{100, many, "take", false}.run(t, &g)
	for n := range many {
		guessStep{101, n, "take", false}.run(t, &g)
		guessStep{101, n, "stalled", false}.run(t, &g)
	}
	if g.from[sourceOf(many)].underWay != 1 {
		t.Error("one under way is forgotten")
	}
	// After ten minutes nobody need be.
	guessStep{1000, many + 1, "take", false}.run(t, &g)
	if len(g.from) != 2 {
		t.Errorf("%d are remembered after ten minutes", len(g.from))
	}
}
