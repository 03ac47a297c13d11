package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// Shelving is the part of [share.Sharer] that shelves need.
type Shelving interface {
	Share(dir string, readers ...peer.ID) (*share.Shelf, error)
	Shelves(ctx context.Context, m mesh.Member) ([]share.Entry, error)
	List(ctx context.Context, m mesh.Member, path string) ([]share.Entry, error)
	Get(ctx context.Context, m mesh.Member, path string, d share.Destination) (Transfer, error)
	Close() error
}

// Place is something on somebody's shelf, as users write it: NAME:PATH, or NAME
// for all shelves of somebody.
type Place struct {
	Name string // or ID
	Path string // empty: the shelves
}

func (p Place) String() string {
	if p.Path == "" {
		return safe.Line(p.Name)
	}
	return safe.Line(p.Name + ":" + p.Path)
}

// Ways in which nothing is found; test with errors.Is.
var (
	ErrNoShelves = errors.New("nobody in the room shares anything with you")
	errNoShelf   = errors.New("shares nothing with you")
)

// PlaceError says why something on a shelf was not had.
type PlaceError struct {
	Place
	Err error
}

func (e *PlaceError) Error() string {
	if errors.Is(e.Err, errAbsent) || errors.Is(e.Err, errNoShelf) {
		return fmt.Sprintf("%q %v", safe.Line(e.Name), e.Err)
	}
	return e.Place.String() + " " + because(e.Err)
}

// Unwrap returns why.
func (e *PlaceError) Unwrap() error { return e.Err }

// finding looks for people in a room.
type finding struct {
	Node    Node
	Timeout time.Duration // for those to come who are not here
}

// person returns all that is here of the one whom a name or an ID means. Before
// all were met who are said to be here, a name may be that of another, too.
func (f finding) person(ctx context.Context, name string) ([]mesh.Peer, error) {
	var found []mesh.Peer
	err := f.until(ctx, func(present []mesh.Peer, met bool) (bool, error) {
		persons := people.Persons(present, name)
		if len(persons) > 1 && met {
			return false, &AmbiguousError{Name: name, Found: persons}
		}
		if len(persons) != 1 || !met && persons[0].ID.String() != name {
			return false, nil
		}
		for _, p := range present {
			if p.ID == persons[0].ID {
				found = append(found, p)
			}
		}
		return true, nil
	})
	if err == nil && found == nil {
		err = &PlaceError{Place{Name: name}, errAbsent}
	}
	return found, err
}

// all returns who is here, once somebody is and all were met.
func (f finding) all(ctx context.Context) ([]mesh.Peer, error) {
	var found []mesh.Peer
	err := f.until(ctx, func(present []mesh.Peer, met bool) (bool, error) {
		found = present
		return met && len(present) > 0, nil
	})
	if err == nil && len(found) == 0 {
		err = ErrNobody
	}
	return found, err
}

// until looks who is here until look has seen enough, or nobody is waited for any
// more; met says that all were met who are said to be here.
func (f finding) until(ctx context.Context, look func(present []mesh.Peer, met bool) (bool, error)) error {
	settled := make(chan struct{})
	settling, stop := context.WithTimeout(ctx, min(settleLimit, f.Timeout))
	go func() {
		defer close(settled)
		_, _ = f.Node.Settle(settling) // whoever could not be met is missed by name
	}()
	wait, met := settled, false
	defer func() {
		stop()
		<-settled
	}()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	clock := time.NewTimer(f.Timeout)
	defer clock.Stop()
	for {
		if enough, err := look(f.Node.Present(), met); enough || err != nil {
			return err
		}
		select {
		case <-wait:
			wait, met = nil, true
		case <-ticker.C:
		case <-clock.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// ListConfig is what [List] needs.
type ListConfig struct {
	Node    Node
	Shelves Shelving
	Place   Place // the zero Place: the shelves of all
	Timeout time.Duration
}

// Listed is what somebody has on a shelf.
type Listed struct {
	Peer    mesh.Peer
	Entries []share.Entry
}

// askLimit is how long one member may take to say what it has: others are not
// kept waiting by it.
const askLimit = 10 * time.Second

// List returns what is on shelves: in a place, or the shelves of all who are here.
// It closes the Sharer and the node, whatever the end.
func List(ctx context.Context, cfg ListConfig) ([]Listed, error) {
	defer func() { hangUp(ctx, cfg.Shelves, cfg.Node) }()
	f := finding{cfg.Node, cfg.Timeout}
	if cfg.Place.Name == "" {
		return listAll(ctx, f, cfg.Shelves)
	}
	found, err := f.person(ctx, cfg.Place.Name)
	if err != nil {
		return nil, err
	}
	listed, err := each(ctx, found, func(ctx context.Context, m mesh.Member) ([]share.Entry, error) {
		if cfg.Place.Path == "" {
			return shelvesOf(ctx, cfg.Shelves, m)
		}
		return cfg.Shelves.List(ctx, m, cfg.Place.Path)
	})
	if len(listed) == 0 || ctx.Err() != nil {
		return nil, whyNot(ctx, cfg.Place, err)
	}
	return listed, nil
}

func listAll(ctx context.Context, f finding, s Shelving) ([]Listed, error) {
	found, err := f.all(ctx)
	if err != nil {
		return nil, err
	}
	listed, _ := each(ctx, found, func(ctx context.Context, m mesh.Member) ([]share.Entry, error) {
		return shelvesOf(ctx, s, m)
	}) // who does not answer has no shelf
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if len(listed) == 0 {
		return nil, ErrNoShelves
	}
	return listed, nil
}

// shelvesOf returns the shelves of a member, at least one.
func shelvesOf(ctx context.Context, s Shelving, m mesh.Member) ([]share.Entry, error) {
	entries, err := s.Shelves(ctx, m)
	if err == nil && len(entries) == 0 {
		err = errNoShelf
	}
	return entries, err
}

// each asks all at once, and returns what those say who have no error, in the
// order of their names, and one of the errors of the others: that of somebody who
// shares something, if there is one.
func each(ctx context.Context, who []mesh.Peer, ask func(context.Context, mesh.Member) ([]share.Entry, error)) ([]Listed, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	type answer struct {
		Listed
		err error
	}
	answers := make(chan answer, len(who))
	for _, p := range who {
		go func() {
			entries, err := ask(ctx, p.Member)
			answers <- answer{Listed{p, entries}, err}
		}()
	}
	var listed []Listed
	var failed error
	for range who {
		a := <-answers
		switch {
		case a.err == nil:
			listed = append(listed, a.Listed)
		case failed == nil || errors.Is(failed, share.ErrNotReceiving):
			failed = a.err
		}
	}
	slices.SortFunc(listed, func(a, b Listed) int {
		return cmp.Or(cmp.Compare(a.Peer.Name, b.Peer.Name), cmp.Compare(a.Peer.ID.String(), b.Peer.ID.String()), cmp.Compare(a.Peer.Instance.String(), b.Peer.Instance.String()))
	})
	return listed, failed
}

// whyNot is why something on a shelf was not had.
func whyNot(ctx context.Context, place Place, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, share.ErrNotReceiving):
		err = errNoShelf
	}
	return &PlaceError{place, err}
}

// GetConfig is what [Get] needs.
type GetConfig struct {
	Node        Node
	Room        string // its name
	Private     bool   // it has a secret
	Shelves     Shelving
	Place       Place // with a path
	Destination share.Destination
	Timeout     time.Duration // for whoever has it to come, and to come back
	Forgets     bool          // what is cut off is not kept
	Book        *known.Book   // who is known; nil: nobody
	Face        Face
	Notes       []Warning // shown at the start
}

// Get fetches what is in a place on somebody's shelf. It closes the Sharer and the
// node, whatever the end. [*PlaceError] says that nothing was begun, an
// *[UnreceivedError] that not all has arrived.
func Get(ctx context.Context, cfg GetConfig) error {
	r := &receiving{ReceiveConfig: ReceiveConfig{Face: cfg.Face, Timeout: cfg.Timeout, Forgets: cfg.Forgets}, broken: make(chan struct{})}
	r.show(Ready{Self: cfg.Node.Self(), Room: cfg.Room, Private: cfg.Private, Addrs: cfg.Node.Addrs()})
	for _, note := range cfg.Notes {
		r.show(note)
	}
	err := r.get(ctx, cfg)
	hangUp(ctx, cfg.Shelves, cfg.Node)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (r *receiving) get(ctx context.Context, cfg GetConfig) error {
	found, err := finding{cfg.Node, cfg.Timeout}.person(ctx, cfg.Place.Name)
	if err != nil {
		return err
	}
	t, from, err := open(ctx, cfg, found)
	if err != nil {
		return whyNot(ctx, cfg.Place, err)
	}
	d := fetched(cfg.Place.Path, from, t.Progress())
	d.Known = cfg.Book.Meet(from).Verdict
	r.show(Accepted{d})
	moving, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = r.fetch(moving, t, d)
	}()
	select {
	case <-ended:
	case <-r.broken:
		stop()
		<-ended // whatever became of it, nobody can be told
		return r.cause
	}
	if err != nil {
		return &UnreceivedError{Deal: d, Err: err}
	}
	return nil
}

// open begins to fetch from the first who has it.
func open(ctx context.Context, cfg GetConfig, found []mesh.Peer) (t Transfer, from mesh.Peer, err error) {
	for _, p := range found {
		to := cfg.Destination
		to.Plain = !cfg.Book.Trusts(p.ID)
		t, e := cfg.Shelves.Get(ctx, p.Member, cfg.Place.Path, to)
		if e == nil {
			return t, p, nil
		}
		if err == nil || errors.Is(err, share.ErrNotReceiving) {
			err = e
		}
	}
	return nil, mesh.Peer{}, err
}
