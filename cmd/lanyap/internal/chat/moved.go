package chat

import (
	"sync"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
)

// movedText says what becomes of files in lines of a chat.
type movedText struct {
	mu  sync.Mutex // guards log
	log *transfer.Log
}

func newMovedText() *movedText { return &movedText{log: transfer.NewLog()} }

// line returns what is shown of m, "" for nothing. A text looks like one that was
// said.
func (t *movedText) line(m Moved) string {
	if got, ok := m.What.(transfer.Received); ok && got.Text != "" {
		return said(people.Name(got.Peer)+" (sent to you)", got.Text, false)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.log.Line(m.What)
}
