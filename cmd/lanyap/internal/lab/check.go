package lab

import (
	"fmt"
	"regexp"
)

// Check goes over the logs of all programs of one run and returns what they
// break of the contract, nothing if they keep it:
//
//   - A log begins with ready, and says so once. Every event has version and
//     time, every member an ID and an instance.
//   - A member joins before it says something or leaves, never twice in a row,
//     and is never the program itself.
//   - Between a member's joined and its left, what it says to all comes in the
//     order of its sequence, each once, none missing after the first. What it
//     says to one has a sequence of its own. History may come of anybody, and
//     with holes.
//   - A message is the same for everyone: text, and who said it.
//   - As many members show a message as its sender was told have it; every
//     accepted message is at last delivered or undelivered.
//
// Members whose logs are not given, or that were killed, may have any message.
func Check(logs ...Log) []string {
	c := checker{bodies: make(map[message]body), shown: make(map[message]int)}
	for _, log := range logs {
		c.readers(log)
	}
	for _, log := range logs {
		c.sender(log, len(logs))
	}
	return c.problems
}

// message names one message in the whole run. Public ones have no recipient.
type message struct {
	origin string // the key of the Ident
	to     string
	seq    uint64
}

type body struct {
	id, text string
	log      string // where it was seen first
}

type checker struct {
	bodies   map[message]body
	shown    map[message]int // how many programs showed it
	deaf     int             // how many may have had it without showing it
	problems []string
}

func (c *checker) report(log Log, ev Event, format string, args ...any) {
	c.problems = append(c.problems, log.Name+": "+fmt.Sprintf(format, args...)+": "+ev.Raw)
}

// readers checks what one program heard.
func (c *checker) readers(log Log) {
	if log.Killed {
		c.deaf++
	}
	self := log.self()
	present := make(map[string]bool)
	heard := make(map[message]bool)
	newest := make(map[message]position) // by origin and recipient, the seq left out
	for i, ev := range log.Events {
		c.shape(log, i, ev)
		switch ev.Type {
		case "joined", "left":
			key := ev.Peer.key()
			if key == self.key() {
				c.report(log, ev, "%s itself", ev.Type)
			}
			if present[key] == (ev.Type == "joined") {
				c.report(log, ev, "%s twice, or before joined", ev.Type)
			}
			present[key] = ev.Type == "joined"
			for k, at := range newest {
				// After a gap in presence the sequence goes on, but not
				// necessarily from where it was.
				if k.origin == key {
					newest[k] = position{seq: at.seq}
				}
			}
		case "message":
			if !present[ev.From.key()] && !ev.History {
				c.report(log, ev, "message from a member that is not here")
			}
			msg := message{origin: ev.From.key(), seq: ev.Seq}
			if ev.Private {
				msg.to = self.key()
			}
			if heard[msg] {
				c.report(log, ev, "message shown twice")
				continue
			}
			heard[msg] = true
			c.shown[msg]++
			c.same(log, ev, msg, ev.From.ID)
			if !ev.History {
				c.order(log, ev, msg, newest)
			}
		}
	}
}

// position is where a reader is in what one origin says.
type position struct {
	seq        uint64
	continuous bool // the next one must be seq+1
}

func (c *checker) order(log Log, ev Event, msg message, newest map[message]position) {
	key := message{origin: msg.origin, to: msg.to}
	before := newest[key]
	newest[key] = position{seq: msg.seq, continuous: true}
	switch {
	case msg.seq < before.seq:
		c.report(log, ev, "comes after sequence %d", before.seq)
	case before.continuous && msg.seq != before.seq+1:
		c.report(log, ev, "sequence %d to %d are missing", before.seq+1, msg.seq-1)
	}
}

// same checks that a message is what it was elsewhere.
func (c *checker) same(log Log, ev Event, msg message, id string) {
	first, known := c.bodies[msg]
	if !known {
		c.bodies[msg] = body{id: id, text: ev.Text, log: log.Name}
		return
	}
	if first.text != ev.Text || first.id != id {
		c.report(log, ev, "differs from what %s has, %q by %s", first.log, first.text, first.id)
	}
}

// sender checks what one program was told about its own messages.
func (c *checker) sender(log Log, logs int) {
	self := log.self()
	open := make(map[message]Event)
	for _, ev := range log.Events {
		msg := message{origin: self.key(), seq: ev.Seq}
		if ev.To != nil {
			msg.to = ev.To.key()
		}
		switch ev.Type {
		case "sent":
			if _, twice := open[msg]; twice {
				c.report(log, ev, "sent twice")
			}
			open[msg] = ev
			c.same(log, ev, msg, self.ID)
		case "delivered", "undelivered":
			if _, sent := open[msg]; !sent {
				c.report(log, ev, "%s without sent", ev.Type)
			}
			delete(open, msg)
			if has := c.shown[msg] + c.deaf; ev.Type == "delivered" && has < ev.Count {
				c.report(log, ev, "only %d of %d programs may have it", has, logs-1)
			}
		}
	}
	for _, ev := range open {
		if !log.Killed {
			c.report(log, ev, "neither delivered nor undelivered")
		}
	}
}

var (
	idShape       = regexp.MustCompile(`^[a-z2-7]{52}$`)
	instanceShape = regexp.MustCompile(`^[0-9a-f]{16}$`)
)

// shape checks what every event has.
func (c *checker) shape(log Log, i int, ev Event) {
	if ev.V != 1 {
		c.report(log, ev, "version %d, want 1", ev.V)
	}
	if ev.Time.IsZero() {
		c.report(log, ev, "no time")
	}
	if (ev.Type == "ready") != (i == 0) {
		c.report(log, ev, "ready comes first, and once")
	}
	who := map[string]Ident{
		"ready":  {ID: ev.ID, Instance: ev.Instance, Name: ev.Name},
		"joined": ev.Peer, "left": ev.Peer, "message": ev.From,
	}
	ident, named := who[ev.Type]
	if !named {
		return
	}
	if !idShape.MatchString(ident.ID) || !instanceShape.MatchString(ident.Instance) || ident.Name == "" {
		c.report(log, ev, "a member has an ID, an instance and a name")
	}
}
