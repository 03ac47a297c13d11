package transfer

import (
	"fmt"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh/share"
)

// Log makes lines for people who do other things beside moving files: one for
// each event that they should know of, and a line of progress every few seconds.
// It is not safe for concurrent use.
type Log struct{ plain }

// NewLog returns an empty Log.
func NewLog() *Log { return &Log{plain{cfg: PlainConfig{Lines: true}, told: make(map[string]told)}} }

// Line returns what ev is told by, or "".
func (l *Log) Line(ev Event) string {
	switch ev := ev.(type) {
	case Offered:
		if ev.Incoming {
			return numbered(ev)
		}
	case Received:
		if ev.Item.Skipped {
			return fmt.Sprintf("* %s is there already", safe.Line(ev.Item.Path))
		}
		return fmt.Sprintf("* %s is here", safe.Line(ev.Item.Path))
	case Progress:
		if ev.At.Phase < share.Moving {
			return "" // who was offered something may take as long as they like
		}
		if _, known := l.told[ev.ID]; !known {
			l.told[ev.ID] = told{time.Now(), ev.At.Phase} // that it began was told
			return ""
		}
		return l.progress(ev)
	case Completed, Failed:
		delete(l.told, dealOf(ev).ID)
	}
	return notice(ev)
}

// numbered tells how to take what is offered.
func numbered(ev Offered) string {
	return fmt.Sprintf("* %s: /get %d takes it", question(Asked{Deal: ev.Deal, Partial: ev.Partial}), ev.Number)
}
