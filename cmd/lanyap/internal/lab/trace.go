package lab

import (
	"bufio"
	"hash/maphash"
	"io"
	"sync"
	"time"
)

// Trace is what [CheckStorm] needs of the log of one start of a program. It
// holds no texts, so that a million messages fit into memory. It may be added
// to and asked by several goroutines.
type Trace struct {
	Name string // for reports

	mu      sync.Mutex // guards what follows
	self    Ident
	killed  bool
	records []record
	newest  map[string]uint64 // per origin, the highest sequence shown
	sent    uint64            // the highest sequence of its own
	count   int               // how many it has said
}

// record is one event of a trace. An instance stands for a member.
type record struct {
	kind    string
	at      time.Time // by the lab's clock, if the lab has read it
	who     string    // of joined, left, message, gap
	seq     uint64
	count   int
	body    uint64 // a hash of text and ID
	history bool
	text    string // of a warning
}

// names makes equal strings one: of a million messages a few members are the
// origins.
var names sync.Map

func intern(s string) string {
	if known, ok := names.Load(s); ok {
		return known.(string)
	}
	known, _ := names.LoadOrStore(s, s)
	return known.(string)
}

var seed = maphash.MakeSeed()

func bodyOf(id, text string) uint64 { return maphash.String(seed, id+" "+text) }

// TraceOf returns the trace of a whole log.
func TraceOf(log Log) *Trace {
	t := &Trace{Name: log.Name}
	for _, ev := range log.Events {
		t.Add(ev)
	}
	if log.Killed {
		t.Kill()
	}
	return t
}

// ReadTrace returns the trace of a log in a file, one event a line.
func ReadTrace(name string, r io.Reader) (*Trace, error) {
	t := &Trace{Name: name}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 4<<10), maxLine)
	for scanner.Scan() {
		if ev, ok := parseEvent(scanner.Bytes(), time.Time{}); ok {
			t.Add(ev)
		}
	}
	return t, scanner.Err()
}

// Kill notes that the program was or is about to be killed: it may have held,
// and may have said, more than it showed.
func (t *Trace) Kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.killed = true
}

// Add notes the next event. What is said to one alone is left out.
func (t *Trace) Add(ev Event) {
	if ev.Private || ev.To != nil {
		return
	}
	r := record{kind: intern(ev.Type), at: ev.At, seq: ev.Seq, count: ev.Count, history: ev.History}
	if r.at.IsZero() {
		r.at = ev.Time
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch ev.Type {
	case "ready":
		t.self = Ident{ID: ev.ID, Instance: ev.Instance, Name: ev.Name}
	case "joined", "left":
		r.who = intern(ev.Peer.key())
	case "message":
		r.who = intern(ev.From.key())
		r.body = bodyOf(ev.From.ID, ev.Text)
		if t.newest == nil {
			t.newest = make(map[string]uint64)
		}
		t.newest[r.who] = max(t.newest[r.who], ev.Seq)
	case "gap":
		r.who = intern(ev.From.key())
	case "sent":
		r.body = bodyOf(t.self.ID, ev.Text)
		t.sent = max(t.sent, ev.Seq)
		t.count++
	case "warning":
		r.text = ev.Text
	}
	t.records = append(t.records, r)
}

// Newest returns the highest sequence of origin that was shown.
func (t *Trace) Newest(origin *Trace) uint64 {
	key := origin.key()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.newest[key]
}

// Sent returns the highest sequence that the program itself has accepted, and
// how many messages that were.
func (t *Trace) Sent() (seq uint64, count int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent, t.count
}

func (t *Trace) key() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.self.key()
}
