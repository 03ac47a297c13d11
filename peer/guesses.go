package peer

import (
	"maps"
	"net/netip"
	"time"
)

// Whoever proves a room's secret to us, or has us prove it, may try one by that. So
// those that turn out wrong are counted: 5 at once, then one each 10 s, which makes
// 365 an hour.
//
// A source (see callers) that was wrong, or has a proof under way, leaves the last
// two to others. So one that guesses without pause is in nobody's way who comes from
// somewhere else. Whoever has addresses without end can use up all there is: then
// who is new has to wait, and who was here before, and proves its link instead, has
// not.
const (
	maxGuesses   = 5
	guessPause   = 10 * time.Second // until one more is allowed
	guessReserve = 2                // of them for sources that were not wrong
	guessMemory  = 10 * time.Minute // of who was wrong
	maxGuessers  = 1024             // sources remembered; the first to be forgotten was wrong first
)

// guesses are those of one role: a side has one for who dials it, and one for whom
// it dials. The zero value is ready. Whatever is taken must be settled once, by
// right, wrong, nothing or stalled.
type guesses struct {
	underWay int       // taken and not settled
	wrongs   int       // the first of which stands in the way for guessPause, and then the next
	since    time.Time // when the first began to
	from     map[netip.Prefix]guesser
}

// guesser is a source that was wrong, or has a proof under way.
type guesser struct {
	underWay int
	wrong    time.Time // the last time; zero: never
}

// take reports whether a proof with a source may begin; if so it is under way. It
// has to be called before the other side is sent anything that depends on the
// secret.
func (g *guesses) take(source netip.Prefix, now time.Time) bool {
	g.pass(now)
	left := maxGuesses - g.underWay - g.wrongs
	who, known := g.from[source]
	if who.underWay > 0 || who.blamed(now) {
		left -= guessReserve
	}
	if left <= 0 {
		return false
	}
	if !known {
		g.makeRoom(now)
	}
	g.underWay++
	who.underWay++
	g.from[source] = who
	return true
}

// right settles a proof of the right secret.
func (g *guesses) right(source netip.Prefix, now time.Time) { g.settle(source, now, false, false) }

// wrong settles a proof that was wrong, and one that the other side did not end
// after it had our tag: it knows whether it was right.
func (g *guesses) wrong(source netip.Prefix, now time.Time) { g.settle(source, now, true, true) }

// nothing settles a proof that ended before it told the other side anything.
func (g *guesses) nothing(source netip.Prefix, now time.Time) { g.settle(source, now, false, false) }

// stalled is nothing, where the other side let time pass: it leaves the last ones to
// others from now on.
func (g *guesses) stalled(source netip.Prefix, now time.Time) { g.settle(source, now, false, true) }

// settle ends a proof of a source. One that counts takes one from all, and a source
// that is blamed goes behind others.
func (g *guesses) settle(source netip.Prefix, now time.Time, counts, blamed bool) {
	who := g.from[source]
	if who.underWay == 0 {
		return // settled before
	}
	g.pass(now)
	g.underWay--
	who.underWay--
	if blamed {
		who.wrong = now
	}
	g.from[source] = who
	if who.idle(now) {
		delete(g.from, source)
	}
	if !counts {
		return
	}
	if g.wrongs == 0 {
		g.since = now
	}
	g.wrongs++
}

// next returns how long it takes until one more is allowed, whatever becomes of
// those under way; more than 0, and guessPause at most.
func (g *guesses) next(now time.Time) time.Duration {
	g.pass(now)
	if g.wrongs == 0 {
		return guessPause // only the end of one under way can allow one
	}
	return min(g.since.Add(guessPause).Sub(now), guessPause)
}

// pass lets go of those wrongs that have stood in the way for long enough.
func (g *guesses) pass(now time.Time) {
	n := min(int(now.Sub(g.since)/guessPause), g.wrongs)
	if n <= 0 {
		return
	}
	g.wrongs -= n
	g.since = g.since.Add(time.Duration(n) * guessPause)
}

// makeRoom forgets sources until there is room for one more.
func (g *guesses) makeRoom(now time.Time) {
	if g.from == nil {
		g.from = make(map[netip.Prefix]guesser)
	}
	if len(g.from) < maxGuessers {
		return
	}
	maps.DeleteFunc(g.from, func(_ netip.Prefix, who guesser) bool { return who.idle(now) })
	if len(g.from) < maxGuessers {
		return
	}
	var first netip.Prefix
	since := now.Add(1)
	for source, who := range g.from {
		if who.underWay == 0 && who.wrong.Before(since) {
			first, since = source, who.wrong
		}
	}
	delete(g.from, first)
}

// idle reports whether there is nothing to remember of a source.
func (w guesser) idle(now time.Time) bool { return w.underWay == 0 && !w.blamed(now) }

// blamed reports whether a source was wrong of late.
func (w guesser) blamed(now time.Time) bool {
	return !w.wrong.IsZero() && now.Sub(w.wrong) < guessMemory
}
