package known

import (
	"bytes"
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
	if like := t.ownerOf(claim{id, name, came, verified}); like != nil {
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

// claim is that of somebody to a name.
type claim struct {
	id      peer.ID
	name    string
	since   time.Time // when it began to bear it
	renamed bool      // it was verified by another name, and so has none
}

// maxOwners is of how many claims it is remembered who has a better one.
const maxOwners = 1024

// ownerOf returns who has a better claim to a name, nil if nobody has. It is asked for
// each message that is shown, and all who know this user may be called alike.
func (t *Table) ownerOf(c claim) *Person {
	p, known := t.owners[c]
	if !known {
		if len(t.owners) >= maxOwners {
			clear(t.owners)
		}
		p = t.owner(c)
		t.owners[c] = p
	}
	return p
}

func (t *Table) owner(c claim) *Person {
	var best *Person
	name := c.name
	for _, key := range t.keysOf(name) {
		for other := range t.byKey[key] {
			p := t.people[other]
			if other == c.id || p.Blocked || !c.renamed && !p.precedes(c.since, name, t.alike(name, p.As)) {
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
	return bytes.Compare(p.ID[:], other.ID[:]) < 0
}
