package lab

import (
	"fmt"
	"slices"
	"time"
)

// Verdict is what [CheckStorm] found.
type Verdict struct {
	Messages   int // accepted
	Deliveries int // messages shown, by all readers together, those in history among them
	History    int // of them, shown as history
	Receipts   int // delivered

	Lost          int // messages that a reader lacks and no gap admits
	Missed        int // messages that a gap admits
	Duplicated    int
	Reordered     int
	Altered       int // differ from what was said or from what another shows
	FalseReceipts int
	Other         int // views that differ at the end, messages of the absent, warnings

	Problems []string // the first of each kind, for people
}

// Clean reports whether nothing at all was wrong.
func (v Verdict) Clean() bool {
	return v.Lost+v.Missed+v.Duplicated+v.Reordered+v.Altered+v.FalseReceipts+v.Other == 0
}

// maxStorm is how many messages of one origin are believed in.
const maxStorm = 1 << 24

// shownProblems is how many problems of one kind are told in full.
const shownProblems = 10

// CheckStorm goes over the traces of all starts of programs in one run, those
// that were killed and those that ran to the end, and holds:
//
//   - Nothing is lost. For an origin and a reader that both ran to the end, all
//     that the origin said from the first message it said with the reader
//     present, or from the first live one that the reader shows if that is
//     earlier, to its last is shown by the reader, live or as history. If one
//     of them was killed, nothing is missing between the first and the last
//     live message of the origin that the reader shows. What a gap event
//     admits counts as missed, not as lost.
//   - Nothing is shown twice, be it live or as history.
//   - What a reader shows of one origin has ascending sequences. Live messages
//     come while the origin is present; history of it comes before them, or
//     after it has left.
//   - A message is what its origin said, and the same for all readers. What an
//     origin that ran to the end did not say is shown by nobody.
//   - Those who ran to the end see exactly each other at the moment end; not
//     looked at if that is zero.
//   - A delivered is true: who was present at acceptance shows the message. Who
//     was killed may have held it without showing it. Presence is known but for
//     a moment, since two goroutines of a program print who joins or leaves and
//     what is sent; who came or went just then (see [brink]) is known by number
//     only.
//   - Each accepted message of a program that ran to the end is at last
//     delivered or undelivered, not both, and there are no warnings.
//
// What is said to one alone is not looked at; [Check] is for that.
func CheckStorm(end time.Time, traces ...*Trace) Verdict {
	c := stormCheck{
		end:     end,
		bodies:  make(map[message]uint64),
		readers: make(map[string]*reader),
		told:    make(map[*int]int),
	}
	// Who was killed before it said ready has shown nothing.
	traces = slices.DeleteFunc(slices.Clone(traces), func(t *Trace) bool { return t.self == Ident{} })
	for _, t := range traces {
		c.said(t)
	}
	for _, t := range traces {
		c.readers[t.self.key()] = c.read(t)
	}
	for _, t := range traces {
		c.complete(t, traces)
		c.receipts(t)
		c.view(t, traces)
	}
	return c.Verdict
}

type stormCheck struct {
	Verdict
	end     time.Time
	bodies  map[message]uint64
	readers map[string]*reader // by instance
	told    map[*int]int       // problems of a kind that are told
}

// found counts n problems of a kind and tells of the first.
func (c *stormCheck) found(kind *int, n int, t *Trace, format string, args ...any) {
	*kind += n
	if c.told[kind]++; c.told[kind] <= shownProblems {
		c.Problems = append(c.Problems, fmt.Sprintf("%s (%.8s): ", t.Name, t.self.key())+fmt.Sprintf(format, args...))
	}
}

// reader is what one program showed.
type reader struct {
	trace   *Trace
	origins map[string]*shown
}

// shown is what a reader showed of one origin.
type shown struct {
	seqs      map[uint64]bool
	newest    uint64
	firstLive uint64 // 0: none
	lastLive  uint64
	admitted  int // missing by gap events
}

func (r *reader) of(origin string) *shown {
	s := r.origins[origin]
	if s == nil {
		s = &shown{seqs: make(map[uint64]bool)}
		r.origins[origin] = s
	}
	return s
}

// has reports whether the reader holds a message, as far as can be known.
func (r *reader) has(origin string, seq uint64) bool {
	return r.trace.killed || r.origins[origin] != nil && r.origins[origin].seqs[seq]
}

// read checks what one program showed by itself.
func (c *stormCheck) read(t *Trace) *reader {
	r := &reader{trace: t, origins: make(map[string]*shown)}
	present := make(map[string]bool)
	for _, rec := range t.records {
		switch rec.kind {
		case "joined", "left":
			if present[rec.who] == (rec.kind == "joined") || rec.who == t.self.key() {
				c.found(&c.Other, 1, t, "%s says %s out of turn at %s", rec.who, rec.kind, rec.at)
			}
			present[rec.who] = rec.kind == "joined"
		case "gap":
			c.found(&c.Missed, rec.count, t, "gap of %d messages of %s at %s", rec.count, rec.who, rec.at)
			r.of(rec.who).admitted += rec.count
		case "warning":
			c.found(&c.Other, 1, t, "warning %q", rec.text)
		case "message":
			c.message(r, rec, present[rec.who])
		}
	}
	return r
}

func (c *stormCheck) message(r *reader, rec record, present bool) {
	t := r.trace
	c.Deliveries++
	if rec.history {
		c.History++
	}
	s := r.of(rec.who)
	msg := message{origin: rec.who, seq: rec.seq}
	switch body, known := c.bodies[msg]; {
	case !known: // its origin was killed before it could print it
		c.bodies[msg] = rec.body
	case body != rec.body:
		c.found(&c.Altered, 1, t, "message %d of %s is not what was said, or not what another shows", rec.seq, rec.who)
	}
	if s.seqs[rec.seq] {
		c.found(&c.Duplicated, 1, t, "message %d of %s twice", rec.seq, rec.who)
		return
	}
	s.seqs[rec.seq] = true
	if rec.seq < s.newest {
		c.found(&c.Reordered, 1, t, "message %d of %s after %d", rec.seq, rec.who, s.newest)
	}
	s.newest = max(s.newest, rec.seq)
	switch {
	case !rec.history && !present:
		c.found(&c.Other, 1, t, "message %d of %s, who is not here", rec.seq, rec.who)
	case rec.history && present && s.firstLive > 0:
		c.found(&c.Reordered, 1, t, "message %d of %s as history after live ones", rec.seq, rec.who)
	}
	if !rec.history {
		if s.firstLive == 0 {
			s.firstLive = rec.seq
		}
		s.lastLive = max(s.lastLive, rec.seq)
	}
}

// said notes what one program said.
func (c *stormCheck) said(t *Trace) {
	self := t.self.key()
	for _, rec := range t.records {
		if rec.kind == "sent" {
			c.Messages++
			c.bodies[message{origin: self, seq: rec.seq}] = rec.body
		}
	}
}

// complete looks for messages of one origin that readers lack.
func (c *stormCheck) complete(origin *Trace, traces []*Trace) {
	self := origin.self.key()
	counted := origin.countedFrom()
	for _, t := range traces {
		s := c.readers[t.self.key()].origins[self]
		if t == origin || s == nil && counted[t.self.key()] == 0 {
			continue
		}
		if s == nil {
			s = new(shown)
		}
		from, to := s.firstLive, s.lastLive
		if !origin.killed && !t.killed {
			to = origin.sent
			if first := counted[t.self.key()]; first > 0 && (from == 0 || first < from) {
				from = first
			}
			if s.newest > origin.sent {
				c.found(&c.Altered, 1, t, "message %d of %s, who said %d", s.newest, self, origin.sent)
			}
		}
		if from == 0 {
			continue
		}
		if to-from > maxStorm {
			c.found(&c.Altered, 1, t, "messages %d to %d of %s", from, to, self)
			continue
		}
		var missing []uint64
		for seq := from; seq <= to; seq++ {
			if !s.seqs[seq] {
				missing = append(missing, seq)
			}
		}
		if lost := len(missing) - s.admitted; lost > 0 {
			c.found(&c.Lost, lost, t, "lacks %d messages of %s (%.8s) from %d to %d", lost, origin.Name, self, missing[0], missing[len(missing)-1])
		}
	}
}

// countedFrom returns, for each member that was ever present, the sequence of
// the first message that was certainly accepted with it present. That is not
// the first sent after joined, which may have been accepted before and printed
// later; but then the program has printed it before it accepts the next.
func (t *Trace) countedFrom() map[string]uint64 {
	from := make(map[string]uint64)
	sentBefore := make(map[string]int) // how many, at joined
	sent := 0
	for _, rec := range t.records {
		switch rec.kind {
		case "joined":
			if _, known := sentBefore[rec.who]; !known {
				sentBefore[rec.who] = sent
			}
		case "sent":
			sent++
			for who, before := range sentBefore {
				if from[who] == 0 && sent >= before+2 {
					from[who] = rec.seq
				}
			}
		}
	}
	return from
}

// view compares who one program sees at the end with who is there.
func (c *stormCheck) view(t *Trace, traces []*Trace) {
	if t.killed || c.end.IsZero() {
		return
	}
	present := make(map[string]bool)
	for _, rec := range t.records {
		if rec.at.After(c.end) {
			break
		}
		switch rec.kind {
		case "joined":
			present[rec.who] = true
		case "left":
			delete(present, rec.who)
		}
	}
	for _, other := range traces {
		key := other.self.key()
		if other != t && present[key] == other.killed {
			c.found(&c.Other, 1, t, "sees %s (%.8s) at the end: %v, killed: %v", other.Name, key, present[key], other.killed)
		}
		delete(present, key)
	}
	for key := range present {
		c.found(&c.Other, 1, t, "sees %s at the end, who is none of us", key)
	}
}
