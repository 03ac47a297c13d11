package chat

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// Room is who is here and chats, and the names of those who did. It is safe for
// concurrent use.
type Room struct {
	self mesh.Peer

	mu      sync.Mutex // guards the rest
	members map[mesh.Member]mesh.Peer
	past    map[peer.ID]string // display names of those who are known from history
}

// maxPast is how many people are known from history. It never has more
// messages; over days of it the names of the first are remembered.
const maxPast = 1000

// NewRoom returns a room in which self is alone.
func NewRoom(self mesh.Peer) *Room {
	return &Room{self: self, members: make(map[mesh.Member]mesh.Peer), past: make(map[peer.ID]string)}
}

// Join adds p, and reports whether it is somebody who chats.
func (r *Room) Join(p mesh.Peer) bool {
	if !chats(p) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members[p.Member] = p
	return true
}

// Leave removes m, and reports whether it was here.
func (r *Room) Leave(m mesh.Member) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, here := r.members[m]
	delete(r.members, m)
	return here
}

// Recall notes that p said something earlier, whether or not it is here or ever
// was. It makes nobody a member, but whoever bears the same name is told apart
// from it.
func (r *Room) Recall(p mesh.Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.past[p.ID]; known || len(r.past) < maxPast {
		r.past[p.ID] = displayName(p)
	}
}

// Len returns how many others are here.
func (r *Room) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.members)
}

// Here reports whether m is here.
func (r *Room) Here(m mesh.Member) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, here := r.members[m]
	return here
}

var (
	errUnknown   = errors.New("nobody of that name or ID is here")
	errAmbiguous = errors.New("more than one member here has that name or ID")
)

// Find returns the member that to means: an ID of 52 characters, an instance
// of 16, or a name as it was given. IDs go first, since anybody can choose a
// name that looks like the ID of somebody else. The short form of an ID means
// nobody: it is easily imitated.
func (r *Room) Find(to string) (mesh.Peer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range []func(mesh.Peer) string{
		func(p mesh.Peer) string { return p.ID.String() },
		func(p mesh.Peer) string { return p.Instance.String() },
		func(p mesh.Peer) string { return p.Name },
	} {
		var found []mesh.Peer
		for _, p := range r.members {
			if key(p) == to {
				found = append(found, p)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return mesh.Peer{}, fmt.Errorf("%q: %w", to, errAmbiguous)
		}
	}
	return mesh.Peer{}, fmt.Errorf("%q: %w", to, errUnknown)
}

// Label returns the name to show for p. Where somebody else who is here or
// known from history, or this node itself, bears the same name, the short form
// of the ID tells them apart; two starts of one person are one name.
func (r *Room) Label(p mesh.Peer) string {
	name := displayName(p)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.self.ID != p.ID && displayName(r.self) == name {
		return name + " (" + p.ID.Short() + ")"
	}
	for _, other := range r.members {
		if other.ID != p.ID && displayName(other) == name {
			return name + " (" + p.ID.Short() + ")"
		}
	}
	for id, other := range r.past {
		if id != p.ID && other == name {
			return name + " (" + p.ID.Short() + ")"
		}
	}
	return name
}

// displayName is the name of p as a terminal may show it, never empty. One
// that begins like the time of an earlier message, or like a notice, is quoted.
func displayName(p mesh.Peer) string {
	name := output.Line(p.Name)
	switch {
	case name == "":
		return p.ID.Short()
	case strings.ContainsRune("[*", rune(name[0])):
		return strconv.Quote(name)
	}
	return name
}
