//go:build linux

package lab

import (
	"sync"
	"time"
)

// Record is what somebody says, event by event: a program, or a page in a
// browser. It may be added to and asked by several goroutines.
type Record struct {
	Name string // for reports

	lab   *Lab
	watch func(Event)

	mu        sync.Mutex // guards what follows
	events    []Event
	present   map[string]Ident
	self      Ident
	unsettled int
	killed    bool
}

// Member is who says events.
type Member interface{ Self() Ident }

// Record returns an empty record. What is added to it wakes those who wait in
// the lab. watch, if not nil, is called with each event in turn, and the record
// keeps none.
func (l *Lab) Record(name string, watch func(Event)) *Record {
	return &Record{Name: name, lab: l, watch: watch, present: make(map[string]Ident)}
}

// Add adds one line of JSON that was read at a time. What is not an event is
// left out.
func (r *Record) Add(line []byte, at time.Time) {
	defer r.lab.bump()
	ev, ok := parseEvent(line, at)
	if !ok {
		return
	}
	if r.watch != nil {
		r.watch(ev)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.watch == nil {
		r.events = append(r.events, ev)
	}
	switch ev.Type {
	case "ready":
		r.self = Ident{ID: ev.ID, Instance: ev.Instance, Name: ev.Name}
	case "joined":
		r.present[ev.Peer.key()] = ev.Peer
	case "left":
		delete(r.present, ev.Peer.key())
	case "sent":
		r.unsettled++
	case "delivered", "undelivered":
		r.unsettled--
	}
}

// Kill notes that who says this was or is about to be ended from outside, maybe
// before it has said the last it knew.
func (r *Record) Kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.killed = true
}

// Log returns what was said so far.
func (r *Record) Log() Log {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Log{Name: r.Name, Events: append([]Event(nil), r.events...), Killed: r.killed}
}

// Find returns the first event that matches.
func (r *Record) Find(match func(Event) bool) (Event, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ev := range r.events {
		if match(ev) {
			return ev, true
		}
	}
	return Event{}, false
}

// Has reports whether there was such an event.
func (r *Record) Has(match func(Event) bool) bool {
	_, ok := r.Find(match)
	return ok
}

// Heard reports whether it showed a message with that text.
func (r *Record) Heard(text string) bool {
	return r.Has(func(ev Event) bool { return ev.Type == "message" && ev.Text == text })
}

// Ready reports whether it said that it answers.
func (r *Record) Ready() bool { return r.Self() != Ident{} }

// Self returns the member it is; zero before it is ready.
func (r *Record) Self() Ident {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.self
}

// Present returns how many others are here, as it sees it.
func (r *Record) Present() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.present)
}

// Sees reports whether other is here, as it sees it.
func (r *Record) Sees(other Member) bool {
	key := other.Self().key()
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.present[key]
	return ok
}

// Left reports whether it ever said that other left.
func (r *Record) Left(other Member) bool {
	key := other.Self().key()
	return r.Has(func(ev Event) bool { return ev.Type == "left" && ev.Peer.key() == key })
}

// Unsettled returns how many messages of its own it has accepted
// without saying whether they were delivered.
func (r *Record) Unsettled() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unsettled
}
