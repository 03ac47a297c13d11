// Package people finds the members that somebody means by a name or an ID, and
// tells how to name them so that one alone is meant.
package people

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh"
)

// Errors to test for with errors.Is.
var (
	ErrUnknown   = errors.New("nobody of that name or ID is here")
	ErrAmbiguous = errors.New("more than one member here has that name or ID")
)

// Find returns the member that to means: an ID of 52 characters, an instance
// of 16, or a name as it was given. IDs go first, since anybody can choose a
// name that looks like the ID of somebody else. The short form of an ID means
// nobody: it is easily imitated, and programs have the whole one.
func Find(members []mesh.Peer, to string) (mesh.Peer, error) {
	return find(members, to, byID, byInstance, byName)
}

// FindShown is Find for what a person reads and types: the short form of an ID,
// which is all that a terminal shows of it, and a name as it is shown do as
// well.
func FindShown(members []mesh.Peer, to string) (mesh.Peer, error) {
	return find(members, to, byID, byInstance, byShort, byName, Name)
}

// Persons returns whom to means as Find does, one member for each ID: somebody
// who is here twice is one person. Several are people who have one name.
func Persons(members []mesh.Peer, to string) []mesh.Peer {
	for _, key := range []func(mesh.Peer) string{byID, byInstance, byName} {
		var found []mesh.Peer
		for _, p := range members {
			if key(p) == to && !slices.ContainsFunc(found, func(f mesh.Peer) bool { return f.ID == p.ID }) {
				found = append(found, p)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func byID(p mesh.Peer) string       { return p.ID.String() }
func byInstance(p mesh.Peer) string { return p.Instance.String() }
func byShort(p mesh.Peer) string    { return p.ID.Short() }
func byName(p mesh.Peer) string     { return p.Name }

func find(members []mesh.Peer, to string, keys ...func(mesh.Peer) string) (mesh.Peer, error) {
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
			return mesh.Peer{}, fmt.Errorf("%q: %w: %s", to, ErrAmbiguous, candidates(found, members))
		}
	}
	return mesh.Peer{}, fmt.Errorf("%q: %w", to, ErrUnknown)
}

func candidates(found, members []mesh.Peer) string {
	list := make([]string, len(found))
	for i, p := range found {
		list[i] = Reference(p, members)
	}
	return strings.Join(list, ", ")
}

// Reference returns the shortest thing by which FindShown finds p alone among
// members: its name, the short form of its ID, or its instance.
func Reference(p mesh.Peer, members []mesh.Peer) string {
	for _, key := range []func(mesh.Peer) string{Name, byShort} {
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

// Name is the name of p as a terminal may show it, never empty.
func Name(p mesh.Peer) string {
	if name := safe.Name(p.Name); name != "" {
		return name
	}
	return p.ID.Short()
}
