//go:build linux

package hosts

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// ear is a program of which only the times are kept at which it showed texts,
// so that many messages can be looked up.
type ear struct {
	*lab.Process
	mu      sync.Mutex           // guards what follows
	heard   map[string]time.Time // when each text was shown first
	joined  time.Time            // when somebody joined first
	history []time.Time          // when each message that is history was shown
}

func (c contender) listen(h *lab.Host) *ear {
	e := &ear{heard: make(map[string]time.Time)}
	e.Process = h.Start(lab.Program{Path: c.path, Args: c.args(h), Watch: e.hear})
	return e
}

func (c contender) listenAll(hosts []*lab.Host) []*ear {
	ears := make([]*ear, len(hosts))
	for i, h := range hosts {
		ears[i] = c.listen(h)
	}
	return ears
}

func (e *ear) hear(ev lab.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch ev.Type {
	case "joined":
		if e.joined.IsZero() {
			e.joined = ev.At
		}
	case "message":
		if _, again := e.heard[ev.Text]; !again {
			e.heard[ev.Text] = ev.At
		}
		if ev.History {
			e.history = append(e.history, ev.At)
		}
	}
}

// at returns when a text was shown, zero if it was not.
func (e *ear) at(text string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.heard[text]
}

// past returns when somebody joined first, and when the first n messages that
// are history were shown; zero if there were not so many.
func (e *ear) past(n int) (joined, shown time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.history) < n {
		return e.joined, time.Time{}
	}
	return e.joined, e.history[n-1]
}

func earsMeshed(ears []*ear) bool {
	nodes := make([]*lab.Process, len(ears))
	for i, e := range ears {
		nodes[i] = e.Process
	}
	return meshed(nodes)
}

// utterance is something that was said in a measurement.
type utterance struct {
	from *ear
	text string
	at   time.Time // just before the write
}

// utter has one say size bytes that begin with those words.
func utter(from *ear, words string, size int) utterance {
	u := utterance{from: from, text: words + " " + strings.Repeat("x", max(size-len(words)-1, 0)), at: time.Now()}
	from.Say(u.text)
	return u
}

// last returns when the last of these but its speaker showed it; zero if one
// did not.
func (u utterance) last(ears []*ear) time.Time {
	latest := u.at
	for _, e := range ears {
		if e == u.from {
			continue
		}
		at := e.at(u.text)
		if at.IsZero() {
			return at
		}
		if at.After(latest) {
			latest = at
		}
	}
	return latest
}

func heardByAll(said []utterance, ears []*ear) bool {
	for _, u := range said {
		if u.last(ears).IsZero() {
			return false
		}
	}
	return true
}

// latencies returns the times from the write to the last of these that showed
// it, and how many were not shown by all.
func latencies(said []utterance, ears []*ear) (samples []time.Duration, lost int) {
	for _, u := range said {
		if at := u.last(ears); at.IsZero() {
			lost++
		} else {
			samples = append(samples, at.Sub(u.at))
		}
	}
	return samples, lost
}

// awaitEars waits for the mesh, and goes on without it if it does not come.
func awaitEars(t *testing.T, l *lab.Lab, ears []*ear) {
	t.Helper()
	if !l.Until(patience, func() bool { return earsMeshed(ears) }) {
		t.Log("not everyone sees everyone; measured all the same")
	}
	quiet(l)
}
