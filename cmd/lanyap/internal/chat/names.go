package chat

import (
	"strings"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/mesh"
)

// Find returns the member that to means, see [people.Find].
func (r *Room) Find(to string) (mesh.Peer, error) { return people.Find(r.Members(), to) }

// FindShown returns the member that a person means, see [people.FindShown].
func (r *Room) FindShown(to string) (mesh.Peer, error) { return people.FindShown(r.Members(), to) }

// Label returns the name to show for p. Where somebody else who is here or
// known from history, or this node itself, bears the same name, or the name is that of
// somebody else who is known, the short form of the ID tells them apart; where one person is here twice, the start of the
// instance tells the terminals apart.
func (r *Room) Label(p mesh.Peer) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, here := r.members[p.Member]
	return r.labelLocked(p, here || p.Member == r.self.Member)
}

// LabelGone is Label for somebody who was here until now.
func (r *Room) LabelGone(p mesh.Peer) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.labelLocked(p, true)
}

func (r *Room) labelLocked(p mesh.Peer, here bool) string {
	name := people.Name(p)
	changed := r.book.Judge(p).Standing == known.Changed
	var tags []string
	if changed || r.sharesNameLocked(p, name) {
		tags = append(tags, p.ID.Short())
	}
	if here && r.isTwiceLocked(p) {
		tags = append(tags, "terminal "+p.Instance.String()[:shortInstance])
	}
	if changed {
		tags = append(tags, string(known.Changed))
	}
	if len(tags) == 0 {
		return name
	}
	return name + " (" + strings.Join(tags, ", ") + ")"
}

// shortInstance is how many characters tell a person's own terminals apart.
const shortInstance = 4

func (r *Room) sharesNameLocked(p mesh.Peer, name string) bool {
	if r.self.ID != p.ID && people.Name(r.self) == name {
		return true
	}
	for _, other := range r.members {
		if other.ID != p.ID && people.Name(other) == name {
			return true
		}
	}
	for id, other := range r.past {
		if id != p.ID && other == name {
			return true
		}
	}
	return false
}

// isTwiceLocked reports whether another start of who p is is here.
func (r *Room) isTwiceLocked(p mesh.Peer) bool {
	if r.self.ID == p.ID && r.self.Instance != p.Instance {
		return true
	}
	for _, other := range r.members {
		if other.ID == p.ID && other.Instance != p.Instance {
			return true
		}
	}
	return false
}
