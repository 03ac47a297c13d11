package chat

import (
	"slices"
	"sync"

	"github.com/lanyap/lanyap/mesh"
)

// receipts is what became of everything that was to be said.
type receipts struct {
	mu      sync.Mutex // guards the rest
	open    map[Receipt]bool
	last    Receipt // of what was for all; nil: nothing
	unsaid  int
	unheard int // messages that nobody has
}

func newReceipts() *receipts { return &receipts{open: make(map[Receipt]bool)} }

func (rs *receipts) add(r Receipt, toAll bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.open[r] = true
	if toAll {
		rs.last = r
	}
}

// spokeFor reports whether the last receipt is of a message to that member,
// among others. Where there is none, nothing has to be confirmed.
func (rs *receipts) spokeFor(who mesh.Member) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.last == nil || slices.ContainsFunc(rs.last.To(), func(p mesh.Peer) bool { return p.Member == who })
}

// settle notes that r is done and how many have what it is for.
func (rs *receipts) settle(r Receipt, have int) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	delete(rs.open, r)
	if have == 0 {
		rs.unheard++
	}
}

func (rs *receipts) addUnsaid() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.unsaid++
}

// pending returns who is in the room and has not confirmed something that was
// said.
func (rs *receipts) pending(room *Room) []mesh.Peer {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	var peers []mesh.Peer
	seen := make(map[mesh.Member]bool)
	for r := range rs.open {
		for _, p := range r.Pending() {
			if room.Here(p.Member) && !seen[p.Member] {
				seen[p.Member] = true
				peers = append(peers, p)
			}
		}
	}
	return peers
}

// verdict returns how a chat that has said everything ended.
func (rs *receipts) verdict() error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	switch {
	case rs.unheard > 0:
		return ErrUnheard
	case rs.unsaid > 0:
		return ErrUnsaid
	}
	return nil
}
