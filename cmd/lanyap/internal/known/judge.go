package known

import (
	"time"

	"github.com/lanyap/lanyap/peer"
)

// Standing is how well somebody is known, in the word that programs are told.
type Standing string

// The standings; see the package.
const (
	Verified Standing = "verified"
	Seen     Standing = "seen"
	New      Standing = "new"
	Changed  Standing = "changed"
)

// Verdict is how well somebody is known.
type Verdict struct {
	Standing Standing
	Like     *Person // with Changed: whose name it bears, or resembles
}

// race is how short one after the other two have to be met for the first time so that
// neither has a better claim to a name: who is a moment faster than somebody else
// proves nothing.
const race = time.Minute

// Judge says how well somebody is known who came by a name then. With fresh it was
// not known before it came.
func (t *Table) Judge(came time.Time, id peer.ID, name string, fresh bool) Verdict {
	me := t.people[id]
	verified := me != nil && !me.Verified.IsZero()
	if verified && t.alike(name, me.As) {
		return Verdict{Standing: Verified}
	}
	if me != nil && me.Name == name {
		came = me.Since
	}
	if like := t.owner(came, id, name, verified); like != nil {
		return Verdict{Changed, like}
	}
	switch {
	case verified:
		return Verdict{Standing: Verified}
	case me == nil || fresh:
		return Verdict{Standing: New}
	}
	return Verdict{Standing: Seen}
}

// owner returns who has a better claim to a name than somebody who has borne it since
// then, nil if nobody has. Who was verified by another name has none.
func (t *Table) owner(since time.Time, id peer.ID, name string, renamed bool) *Person {
	var best *Person
	for _, key := range t.keysOf(name) {
		for other := range t.byKey[key] {
			p := t.people[other]
			if other == id || p.Blocked || !renamed && !p.precedes(since, name, t.alike(name, p.As)) {
				continue
			}
			if best == nil || p.resembles(name, best) {
				best = p
			}
		}
	}
	if best == nil {
		return nil
	}
	like := *best
	if !t.alike(name, like.Name) {
		like.Name = like.As // it has another name now, or was not met yet
	}
	return &like
}

// precedes reports whether p has a better claim to a name than who bears it since
// then. owns is whether p was verified by it.
func (p *Person) precedes(since time.Time, name string, owns bool) bool {
	switch {
	case owns:
		return true
	case p.Name == name: // or both are told apart by their IDs
		return since.Sub(p.Since) > race
	}
	return since.Sub(p.Since) > -race // neither is told apart from the other
}

// resembles reports whether p is rather meant by a name than other: who was verified,
// who bears the very name, who was met first.
func (p *Person) resembles(name string, other *Person) bool {
	if a, b := !p.Verified.IsZero(), !other.Verified.IsZero(); a != b {
		return a
	}
	if a, b := p.Name == name, other.Name == name; a != b {
		return a
	}
	if !p.Since.Equal(other.Since) {
		return p.Since.Before(other.Since)
	}
	return p.ID.String() < other.ID.String()
}
