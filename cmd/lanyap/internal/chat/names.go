package chat

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/mesh"
)

var (
	errUnknown   = errors.New("nobody of that name or ID is here")
	errAmbiguous = errors.New("more than one member here has that name or ID")
)

// Find returns the member that to means: an ID of 52 characters, an instance
// of 16, or a name as it was given. IDs go first, since anybody can choose a
// name that looks like the ID of somebody else. The short form of an ID means
// nobody: it is easily imitated, and programs have the whole one.
func (r *Room) Find(to string) (mesh.Peer, error) {
	return r.find(to, byID, byInstance, byName)
}

// FindShown is Find for what a person reads and types: the short form of an ID,
// which is all that a terminal shows of it, and a name as it is shown do as
// well.
func (r *Room) FindShown(to string) (mesh.Peer, error) {
	return r.find(to, byID, byInstance, byShort, byName, displayName)
}

func byID(p mesh.Peer) string       { return p.ID.String() }
func byInstance(p mesh.Peer) string { return p.Instance.String() }
func byShort(p mesh.Peer) string    { return p.ID.Short() }
func byName(p mesh.Peer) string     { return p.Name }

func (r *Room) find(to string, keys ...func(mesh.Peer) string) (mesh.Peer, error) {
	members := r.Members()
	for _, key := range keys {
		var found []mesh.Peer
		for _, p := range members {
			if key(p) == to {
				found = append(found, p)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return mesh.Peer{}, fmt.Errorf("%q: %w: %s", to, errAmbiguous, candidates(found, members))
		}
	}
	return mesh.Peer{}, fmt.Errorf("%q: %w", to, errUnknown)
}

func candidates(found, members []mesh.Peer) string {
	list := make([]string, len(found))
	for i, p := range found {
		list[i] = reference(p, members)
	}
	return strings.Join(list, ", ")
}

// reference returns the shortest thing by which FindShown finds p alone among
// members: its name, the short form of its ID, or its instance.
func reference(p mesh.Peer, members []mesh.Peer) string {
	for _, key := range []func(mesh.Peer) string{displayName, byShort} {
		alone := true
		for _, other := range members {
			if other.Member != p.Member && (key(other) == key(p) || byName(other) == key(p)) {
				alone = false
			}
		}
		if alone {
			return key(p)
		}
	}
	return byInstance(p)
}

// Label returns the name to show for p. Where somebody else who is here or
// known from history, or this node itself, bears the same name, the short form
// of the ID tells them apart; where one person is here twice, the start of the
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
	name := displayName(p)
	var tags []string
	if r.sharesNameLocked(p, name) {
		tags = append(tags, p.ID.Short())
	}
	if here && r.isTwiceLocked(p) {
		tags = append(tags, "terminal "+p.Instance.String()[:shortInstance])
	}
	if len(tags) == 0 {
		return name
	}
	return name + " (" + strings.Join(tags, ", ") + ")"
}

// shortInstance is how many characters tell a person's own terminals apart.
const shortInstance = 4

func (r *Room) sharesNameLocked(p mesh.Peer, name string) bool {
	if r.self.ID != p.ID && displayName(r.self) == name {
		return true
	}
	for _, other := range r.members {
		if other.ID != p.ID && displayName(other) == name {
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

// displayName is the name of p as a terminal may show it, never empty.
func displayName(p mesh.Peer) string {
	if name := output.Name(p.Name); name != "" {
		return name
	}
	return p.ID.Short()
}
