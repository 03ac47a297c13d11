package chat

import (
	"sync"

	"github.com/lanyap/lanyap/mesh"
)

// tally is what became of everything that was to be said.
type tally struct {
	mu      sync.Mutex // guards the rest
	open    map[Receipt]bool
	unsaid  int
	unheard int // messages that nobody has
}

func newTally() *tally { return &tally{open: make(map[Receipt]bool)} }

func (t *tally) add(r Receipt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open[r] = true
}

// settle notes that r is done and how many have what it is for.
func (t *tally) settle(r Receipt, have int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, r)
	if have == 0 {
		t.unheard++
	}
}

func (t *tally) addUnsaid() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unsaid++
}

// pending returns who is in the room and has not confirmed something that was
// said.
func (t *tally) pending(room *Room) []mesh.Peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	var peers []mesh.Peer
	seen := make(map[mesh.Member]bool)
	for r := range t.open {
		for _, p := range chatting(r.Pending()) {
			if room.Here(p.Member) && !seen[p.Member] {
				seen[p.Member] = true
				peers = append(peers, p)
			}
		}
	}
	return peers
}

// verdict returns how a chat that has said everything ended.
func (t *tally) verdict() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.unheard > 0:
		return ErrUnheard
	case t.unsaid > 0:
		return ErrUnsaid
	}
	return nil
}
