package mesh

import "time"

// clock is a hybrid logical clock: 48 bits Unix milliseconds, 16 bits counter
// (Kulkarni et al., "Logical Physical Clocks", 2014). What a node says is
// later by it than what the node had heard, though wall clocks disagree.
type clock uint64

const (
	clockCounterBits = 16
	// clockLead is how far past our wall clock another's may pull ours. A
	// member with a broken clock must not take everybody into the future.
	clockLead = 5 * time.Second
	// lastTime is the end of the year 9999, the last that RFC 3339 can write.
	lastTime = 253402300799999
)

// wallClock reads the time of day. It may be set at any moment, by years and
// back: durations, ages and ends of waits are never taken from it but from
// [time.Now], whose monotonic part nobody sets.
type wallClock func() time.Time

func wall(now time.Time) clock { return clock(max(now.UnixMilli(), 0)) << clockCounterBits }

// tick returns the time of a message that is said now.
func (c *clock) tick(now time.Time) uint64 {
	// A wall clock that was set back by more than the lead is believed.
	if *c > wall(now.Add(clockLead)) {
		*c = 0
	}
	*c = max(*c+1, wall(now))
	return uint64(*c)
}

// observe follows the clock of a message that was received.
func (c *clock) observe(now time.Time, other uint64) {
	if clock(other) <= wall(now.Add(clockLead)) {
		*c = max(*c, clock(other))
	}
}

// clockTime is the wall-clock part of a clock.
func clockTime(c uint64) time.Time {
	return time.UnixMilli(int64(min(c>>clockCounterBits, lastTime)))
}
