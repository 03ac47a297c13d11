package chat

import (
	"cmp"
	"slices"
	"sync"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// Room is who is here, and the names of those who were. It is safe for
// concurrent use.
type Room struct {
	self mesh.Peer
	book *known.Book // nil: nobody is known

	mu      sync.Mutex // guards the rest
	members map[mesh.Member]mesh.Peer
	spoke   map[mesh.Member]int       // the number of what each said last
	spoken  int                       // how much was said
	past    map[peer.ID]string        // display names of those who are known from history
	blocked map[mesh.Member]mesh.Peer // who is here, and not shown
}

// maxPast is how many people are known from history. It never has more
// messages; over days of it the names of the first are remembered.
const maxPast = 1000

// NewRoom returns a room in which self is alone.
func NewRoom(self mesh.Peer) *Room {
	return &Room{self: self, members: make(map[mesh.Member]mesh.Peer), spoke: make(map[mesh.Member]int), past: make(map[peer.ID]string), blocked: make(map[mesh.Member]mesh.Peer)}
}

// Know has the room look up in a book how well people are known, and who is blocked.
// It is called before anything else.
func (r *Room) Know(book *known.Book) { r.book = book }

// Join adds p.
func (r *Room) Join(p mesh.Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members[p.Member] = p
}

// Leave removes m, and reports whether it was here.
func (r *Room) Leave(m mesh.Member) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, here := r.members[m]
	delete(r.members, m)
	delete(r.spoke, m)
	delete(r.blocked, m)
	return here
}

// hide notes that p is here, who is blocked.
func (r *Room) hide(p mesh.Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, p.Member)
	delete(r.spoke, p.Member)
	r.blocked[p.Member] = p
}

// block hides all of a person that are here.
func (r *Room) block(id peer.ID) {
	for _, p := range r.Members() {
		if p.ID == id {
			r.hide(p)
		}
	}
}

// unblock shows all of a person again that are here, and returns them.
func (r *Room) unblock(id peer.ID) []mesh.Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []mesh.Peer
	for m, p := range r.blocked {
		if m.ID == id {
			delete(r.blocked, m)
			r.members[m] = p
			list = append(list, p)
		}
	}
	return list
}

// met reports whether m is here, shown or not.
func (r *Room) met(m mesh.Member) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, here := r.members[m]
	_, blocked := r.blocked[m]
	return here || blocked
}

// Recall notes that p said something earlier, whether or not it is here or ever
// was. It makes nobody a member, but whoever bears the same name is told apart
// from it.
func (r *Room) Recall(p mesh.Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.past[p.ID]; known || len(r.past) < maxPast {
		r.past[p.ID] = people.Name(p)
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

// Speak notes that m spoke last of all.
func (r *Room) Speak(m mesh.Member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, here := r.members[m]; here {
		r.spoken++
		r.spoke[m] = r.spoken
	}
}

// Members returns who is here: those who spoke last first, then by name.
func (r *Room) Members() []mesh.Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]mesh.Peer, 0, len(r.members))
	for _, p := range r.members {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b mesh.Peer) int {
		return cmp.Or(
			cmp.Compare(r.spoke[b.Member], r.spoke[a.Member]),
			cmp.Compare(a.Name, b.Name),
			slices.Compare(a.ID[:], b.ID[:]),
			slices.Compare(a.Instance[:], b.Instance[:]),
		)
	})
	return list
}
