package lab

import (
	"encoding/json"
	"strings"
	"time"
)

// maxLine is the longest line of output that is read: 64 KiB of text, each
// byte of which JSON may write as six.
const maxLine = 512 << 10

// Ident is how the program names a member: one ID may be here several times,
// an instance is one start of one program.
type Ident struct {
	ID       string `json:"id"`
	Instance string `json:"instance"`
	Name     string `json:"name"`
}

// key tells members apart. A program that knows no instances has only the ID.
func (i Ident) key() string {
	if i.Instance != "" {
		return i.Instance
	}
	return i.ID
}

// Event is one line of a program's JSON output, all types in one struct.
type Event struct {
	V    int       `json:"v"`
	Type string    `json:"type"`
	Time time.Time `json:"time"` // when the program says it happened

	// ready
	ID       string   `json:"id"`
	Instance string   `json:"instance"`
	Name     string   `json:"name"`
	Room     string   `json:"room"`
	Addrs    []string `json:"addrs"`
	Page     []string `json:"page"` // where browsers find the page

	// joined, left
	Peer   Ident  `json:"peer"`
	Via    *Ident `json:"via"` // the member over which it is heard; nil: over a link
	Reason string `json:"reason"`

	// message, sent, delivered, undelivered, gap, warning
	From    Ident     `json:"from"`
	To      *Ident    `json:"to"`
	Seq     uint64    `json:"seq"`
	Sent    time.Time `json:"sent"`
	Text    string    `json:"text"`
	Private bool      `json:"private"`
	History bool      `json:"history"` // said before this program was there
	Count   int       `json:"count"`
	Peers   []Ident   `json:"peers"`

	At  time.Time `json:"at"` // when the lab read the line; in logs of the lab, see [Event.Logged]
	Raw string    `json:"-"`  // the line
}

// parseEvent reads one line that was read at that time, or a line of a log if
// that is zero; ok is false for what is not a JSON event.
func parseEvent(line []byte, at time.Time) (ev Event, ok bool) {
	if err := json.Unmarshal(line, &ev); err != nil || ev.Type == "" {
		return Event{}, false
	}
	if !at.IsZero() {
		ev.At = at
	}
	ev.Raw = string(line)
	return ev, true
}

// Logged returns the line of the event for a log that [ReadTrace] can read: with
// the time at which the lab read it, since the program's clock may be wrong.
func (ev Event) Logged() string {
	return `{"at":"` + ev.At.UTC().Format(time.RFC3339Nano) + `",` + strings.TrimPrefix(ev.Raw, "{")
}

// Log is what one program said from its start to its end.
type Log struct {
	Name   string // for reports
	Events []Event
	Killed bool // it was ended from outside, maybe before it said the last it knew
}

// self returns the member this program was, once it said so.
func (l Log) self() Ident {
	for _, ev := range l.Events {
		if ev.Type == "ready" {
			return Ident{ID: ev.ID, Instance: ev.Instance, Name: ev.Name}
		}
	}
	return Ident{}
}

// Unsettled returns how many messages the program has accepted without saying
// whether they were delivered.
func (l Log) Unsettled() int {
	open := 0
	for _, ev := range l.Events {
		switch ev.Type {
		case "sent":
			open++
		case "delivered", "undelivered":
			open--
		}
	}
	return open
}
