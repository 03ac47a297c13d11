package known

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lookalike"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/peer"
)

const (
	// Limit is how many people are remembered.
	Limit = 4096

	// nursery is how many of them may have been met on one day alone, however many
	// are met again and again: a table that is full still takes in new friends.
	nursery = 512
)

// ErrFull is that nobody more can be remembered for good: all who are known were
// verified or blocked.
var ErrFull = errors.New("as many people are known as can be")

// Person is somebody who is known.
type Person struct {
	ID       peer.ID
	Name     string    // the last by which it was met; empty: it was not
	Since    time.Time // when it was first met by that name
	First    time.Time // when it was first met, or told of
	Last     time.Time // when it was last met, to the hour
	Days     int       // on how many days it was met
	Verified time.Time // when its user was made sure of; zero: never
	As       string    // the name that it had then; empty: none yet
	Blocked  bool
}

// kept reports whether p is never forgotten.
func (p *Person) kept() bool { return !p.Verified.IsZero() || p.Blocked }

// Table is who is known. It is not safe for concurrent use.
type Table struct {
	people map[peer.ID]*Person
	byKey  map[string]map[peer.ID]bool // whose names have a key of package lookalike
	keys   map[string]lookalike.Keys   // of names, so that they are not computed each time
	owners map[claim]*Person           // the same of who has a better claim; forgotten with each change
}

// NewTable returns a table of these people. Of more than [Limit] the last are left
// out that may be forgotten.
func NewTable(people []Person) *Table {
	t := &Table{people: make(map[peer.ID]*Person), byKey: make(map[string]map[peer.ID]bool), keys: make(map[string]lookalike.Keys), owners: make(map[claim]*Person)}
	for _, p := range people {
		if t.people[p.ID] == nil && (len(t.people) < Limit || p.kept()) {
			t.put(&p)
		}
	}
	return t
}

// put enters p, or what is new of it.
func (t *Table) put(p *Person) {
	clear(t.owners)
	t.people[p.ID] = p
	for _, key := range t.claims(p) {
		if t.byKey[key] == nil {
			t.byKey[key] = make(map[peer.ID]bool)
		}
		t.byKey[key][p.ID] = true
	}
}

// take takes p out, to be changed or forgotten.
func (t *Table) take(p *Person) {
	clear(t.owners)
	delete(t.people, p.ID)
	for _, key := range t.claims(p) {
		if delete(t.byKey[key], p.ID); len(t.byKey[key]) == 0 {
			delete(t.byKey, key)
		}
	}
}

// claims are the keys of the names that p has a claim to.
func (t *Table) claims(p *Person) []string {
	a, b := t.keysOf(p.Name), t.keysOf(p.As)
	return slices.DeleteFunc([]string{a[0], a[1], b[0], b[1]}, func(key string) bool { return key == "" })
}

// maxKeys is of how many names the keys are remembered.
const maxKeys = 2 * Limit

func (t *Table) keysOf(name string) lookalike.Keys {
	keys, known := t.keys[name]
	if !known {
		if len(t.keys) >= maxKeys {
			clear(t.keys)
		}
		keys = lookalike.Of(name)
		t.keys[name] = keys
	}
	return keys
}

func (t *Table) alike(a, b string) bool { return t.keysOf(a).Alike(t.keysOf(b)) }

// change makes a change to whoever has that ID, and enters it if it is not known;
// nil: it is not, and there is no room.
func (t *Table) change(now time.Time, id peer.ID, keep bool, change func(p *Person)) *Person {
	p := t.people[id]
	if p == nil {
		if len(t.people) >= Limit && !t.makeRoom(keep) {
			return nil
		}
		p = &Person{ID: id, First: now}
	} else {
		t.take(p)
	}
	change(p)
	t.put(p)
	return p
}

// makeRoom forgets somebody, and reports whether there was anybody to forget. For
// somebody who may be forgotten those give way who were met on one day; who were met
// on several only if few others are left.
func (t *Table) makeRoom(keep bool) bool {
	var least, leastRegular *Person
	strangers := 0
	for _, p := range t.people {
		if p.kept() {
			continue
		}
		if least == nil || worth(p, least) < 0 {
			least = p
		}
		if p.Days <= 1 {
			strangers++
		} else if leastRegular == nil || worth(p, leastRegular) < 0 {
			leastRegular = p
		}
	}
	if !keep && strangers < nursery && leastRegular != nil {
		least = leastRegular
	}
	if least == nil {
		return false
	}
	t.take(least)
	return true
}

// worth compares by how much it would be a loss to forget a and b.
func worth(a, b *Person) int {
	return cmp.Or(cmp.Compare(a.Days, b.Days), a.Last.Compare(b.Last), slices.Compare(a.ID[:], b.ID[:]))
}

// accuracy is how exactly it is remembered when somebody was last met: the file need
// not be written for less.
const accuracy = time.Hour

// Met is what became of somebody's being met.
type Met struct {
	New  bool   // it was not known
	Was  string // the name by which it was met before, if that was another
	News bool   // the table has changed
}

// Meet enters that somebody is here.
func (t *Table) Meet(now time.Time, id peer.ID, name string) Met {
	now = now.UTC().Truncate(time.Millisecond)
	p := t.people[id]
	if p != nil && p.Name == name && sameDay(p.Last, now) && now.Sub(p.Last) < accuracy {
		return Met{}
	}
	met := Met{New: p == nil, News: true}
	if p != nil && p.Name != name {
		met.Was = p.Name
	}
	if t.change(now, id, false, func(p *Person) { p.meet(now, name) }) == nil {
		met.News = false
	}
	return met
}

func (p *Person) meet(now time.Time, name string) {
	if p.Name != name {
		p.Name, p.Since = name, now
	}
	if !p.Verified.IsZero() && p.As == "" {
		p.As = name // it was trusted before it was met
	}
	if !sameDay(p.Last, now) {
		p.Days++
	}
	p.Last = now
}

func sameDay(a, b time.Time) bool {
	return a.UTC().Format(time.DateOnly) == b.UTC().Format(time.DateOnly)
}

// Trust enters that this user is sure who has that ID, whose name is this; empty if
// it is not known yet.
func (t *Table) Trust(now time.Time, id peer.ID, name string) error {
	now = now.UTC().Truncate(time.Millisecond)
	if t.change(now, id, true, func(p *Person) {
		p.Verified = now
		p.As = cmp.Or(name, p.Name)
	}) == nil {
		return ErrFull
	}
	return nil
}

// Distrust takes that back, and reports whether there was anything to take back.
func (t *Table) Distrust(id peer.ID) bool {
	p := t.people[id]
	if p == nil || p.Verified.IsZero() {
		return false
	}
	t.take(p)
	p.Verified, p.As = time.Time{}, ""
	t.put(p)
	return true
}

// Block enters that this user does not want to hear of that ID.
func (t *Table) Block(now time.Time, id peer.ID, name string) error {
	now = now.UTC().Truncate(time.Millisecond)
	if t.change(now, id, true, func(p *Person) {
		p.Blocked = true
		if p.Name == "" {
			p.Name, p.Since = name, now
		}
	}) == nil {
		return ErrFull
	}
	return nil
}

// Unblock takes that back, and reports whether there was anything to take back.
func (t *Table) Unblock(id peer.ID) bool {
	p := t.people[id]
	if p == nil || !p.Blocked {
		return false
	}
	t.take(p)
	p.Blocked = false
	t.put(p)
	return true
}

// Person returns whoever has that ID.
func (t *Table) Person(id peer.ID) (Person, bool) {
	if p := t.people[id]; p != nil {
		return *p, true
	}
	return Person{}, false
}

// People returns all who are known: the verified, the seen, the blocked, and of each
// those first who were met last.
func (t *Table) People() []Person {
	var list []Person
	for _, p := range t.people {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Person) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), b.Last.Compare(a.Last), slices.Compare(a.ID[:], b.ID[:]))
	})
	return list
}

func (p *Person) order() int {
	switch {
	case p.Blocked:
		return 2
	case p.Verified.IsZero():
		return 1
	}
	return 0
}

// Find returns whom a user means: by an ID, the short form of one, or a name that
// somebody bears or was verified by, as it was given or as it is shown.
func (t *Table) Find(who string) []Person {
	if id, err := peer.ParseID(who); err == nil {
		if p, known := t.Person(id); known {
			return []Person{p}
		}
		return nil
	}
	var found []Person
	for _, p := range t.People() {
		if p.ID.Short() == who || isCalled(who, p.Name) || isCalled(who, p.As) {
			found = append(found, p)
		}
	}
	return found
}

func isCalled(who, name string) bool {
	return name != "" && (name == who || safe.Name(name) == who)
}
