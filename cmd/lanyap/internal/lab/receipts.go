package lab

import "time"

// brink is how long after the fact a program may print that somebody joined or
// left: its events wait in a queue, its receipts do not.
const brink = time.Second

// stay is one presence of a member, as one program saw it.
type stay struct {
	who          string
	joined, left time.Time
	from, to     int // positions of joined and left among the events
}

// stays returns all presences in the order in which they began.
func (t *Trace) stays() []*stay {
	var all []*stay
	now := make(map[string]*stay)
	for i, rec := range t.records {
		switch rec.kind {
		case "joined":
			s := &stay{who: rec.who, joined: rec.at, from: i, to: len(t.records)}
			now[rec.who] = s
			all = append(all, s)
		case "left":
			if s := now[rec.who]; s != nil {
				s.left, s.to = rec.at, i
				delete(now, rec.who)
			}
		}
	}
	return all
}

// acceptance is where a trace says that a message was accepted.
type acceptance struct {
	earliest   int // the position of the sent before it, at which this one was not accepted yet
	earliestAt time.Time
}

// receipts checks what one program was told about its own messages.
func (c *stormCheck) receipts(t *Trace) {
	stays := t.stays()
	open := make(map[uint64]acceptance)
	before := acceptance{earliest: -1}
	for i, rec := range t.records {
		switch rec.kind {
		case "sent":
			open[rec.seq] = before
			before = acceptance{i, rec.at}
		case "delivered", "undelivered":
			accepted, known := open[rec.seq]
			if !known {
				c.found(&c.FalseReceipts, 1, t, "%s %d without sent, or twice", rec.kind, rec.seq)
				continue
			}
			delete(open, rec.seq)
			if rec.kind == "delivered" {
				c.delivered(t, rec, i, accepted, stays)
			}
		}
	}
	if len(open) > 0 && !t.killed {
		c.found(&c.Other, len(open), t, "%d messages neither delivered nor undelivered", len(open))
	}
}

// delivered checks one receipt. Those who were present from before acceptance
// until well after the receipt are known; of those who came or went around it,
// as many must hold the message as make up the number.
func (c *stormCheck) delivered(t *Trace, rec record, position int, accepted acceptance, stays []*stay) {
	c.Receipts++
	self := t.self.key()
	var lacking string
	sure, holding := 0, 0
	counted := make(map[string]bool)
	for _, s := range stays {
		if s.joined.After(rec.at.Add(brink)) {
			break
		}
		if s.to < accepted.earliest || counted[s.who] {
			continue
		}
		r := c.readers[s.who]
		if r == nil {
			continue // not one of this run
		}
		counted[s.who] = true
		holds := r.has(self, rec.seq)
		if holds {
			holding++
		}
		if s.from > accepted.earliest || s.to <= position || !s.left.IsZero() && s.left.Before(rec.at.Add(brink)) {
			continue
		}
		sure++
		if !holds {
			lacking = r.trace.Name
		}
	}
	switch {
	case lacking != "" && sure <= rec.count:
		c.found(&c.FalseReceipts, 1, t, "delivered %d to %d, but %s lacks it", rec.seq, rec.count, lacking)
	case holding < rec.count:
		c.found(&c.FalseReceipts, 1, t, "delivered %d to %d, but no more than %d hold it", rec.seq, rec.count, holding)
	}
}
