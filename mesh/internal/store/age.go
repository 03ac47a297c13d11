package store

import "time"

// The wall clock is all that lasts from one start to the next, and it may be
// wrong: a board without a battery begins in 1970, and any clock may be set, by
// years and back, while we run. So within one run ages are taken from the
// monotonic clock. What an earlier run wrote is dated by its stamp as far as
// that can be right, and never for good on one look at the clock.
const (
	// settled is how long the wall clock has to have gone evenly before anything
	// is removed by its word alone. Until then what seems too old is not loaded.
	settled = 5 * time.Minute
	// evenly is how far it may stray in that time.
	evenly = time.Minute
)

// unset is before which a wall clock has never been set.
var unset = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// record is an entry without its frame.
type record struct {
	number uint64
	stamp  int64 // in the file: when it was received, Unix milliseconds
	floor  int64 // in the file: how old it was at least when an earlier run ended, milliseconds
	size   int   // of the frame
	owner  owner

	own     bool      // of this run
	at      time.Time // when it was received
	expired bool      // as far as is known now
	doubt   bool      // its stamp cannot be right, or the clock cannot
}

// clocks is one moment by the monotonic clock and by the wall clock.
type clocks struct{ now, wall time.Time }

// dating dates records by the clocks.
type dating struct {
	opened time.Time
	offset time.Duration // of the wall clock, when it was last looked at
	since  time.Time     // when it has begun to go evenly
}

// look notes whether the wall clock has been set.
func (d *dating) look(c clocks) {
	offset := c.wall.Sub(d.opened.Round(0)) - c.now.Sub(d.opened)
	if stray := offset - d.offset; d.since.IsZero() || stray > evenly || -stray > evenly {
		d.offset, d.since = offset, c.now
	}
}

// date brings up to date what is known of the ages of records, oldest first.
// Stamps of this run follow the wall clock when that is set.
func (d *dating) date(records []record, c clocks) {
	d.look(c)
	wall := c.wall.UnixMilli()
	var latest int64 // of the stamps so far that may be right
	for i := range records {
		r := &records[i]
		if r.own {
			age := max(c.now.Sub(r.at), 0)
			if stamp := c.wall.Add(-age).UnixMilli(); stamp-r.stamp > evenly.Milliseconds() || r.stamp-stamp > evenly.Milliseconds() {
				r.stamp = stamp
			}
			r.expired, r.doubt = age > MaxAge, r.stamp < unset
			continue
		}
		stamp := r.stamp
		if stamp < latest-MaxAge.Milliseconds() {
			stamp = latest // it was received after that, by a clock that had been set back
		}
		age := time.Duration(r.floor)*time.Millisecond + c.now.Sub(d.opened)
		r.expired = age > MaxAge
		r.doubt = stamp > wall || stamp < unset
		if !r.doubt {
			latest = max(latest, stamp)
			age = max(age, c.wall.Sub(time.UnixMilli(stamp)))
		}
		r.at = c.now.Add(-age)
		r.expired = r.expired || age > MaxAge && c.now.Sub(d.since) >= settled
	}
}

// old reports whether an entry is not to be loaded.
func (r *record) old(c clocks) bool { return c.now.Sub(r.at) > MaxAge }
