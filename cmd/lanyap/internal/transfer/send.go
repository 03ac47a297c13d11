package transfer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// SendConfig is what [Send] needs.
type SendConfig struct {
	Node    Node
	Room    string // its name
	Private bool   // it has a secret
	Sharer  Sharer
	Content *share.Content
	To      []string      // names and IDs; none: all who are here
	Book    *known.Book   // who is known; nil: nobody
	Timeout time.Duration // for those to come who are not here, and for those to come back who vanish
	Face    Face
	Notes   []Warning // shown at the start
}

const (
	// settleLimit is how long it may take, once somebody is here, to meet the
	// others that are said to be, before names are taken to be of one. On a LAN
	// that takes milliseconds.
	settleLimit = 3 * time.Second

	// lookEvery is how often it is looked who has come, while that matters.
	lookEvery = 20 * time.Millisecond

	// againAfter is how long it takes until it is tried again with somebody who
	// is here by name and left while being offered something.
	againAfter = 500 * time.Millisecond

	// leaveLimit is how long saying goodbye takes at most.
	leaveLimit = time.Second
)

// sending is one run of Send.
type sending struct {
	SendConfig
	wanted  map[string]time.Time // names of those who were not found yet; when to look again
	offered map[peer.ID]bool
	active  int
	ended   chan Outcome // one of each that was offered to
	bad     []Outcome
	good    int
	missed  bool // it was told who is not here

	once   sync.Once // closes broken
	broken chan struct{}
	cause  error // of broken
}

// Send offers a content to those who are named, or to all, until each of them has
// it, or has refused it, or was waited for in vain. It closes the Sharer and the
// node, whatever the end. An *[UnsentError] names those who do not have it.
func Send(ctx context.Context, cfg SendConfig) error {
	s := &sending{
		SendConfig: cfg,
		wanted:     make(map[string]time.Time),
		offered:    make(map[peer.ID]bool),
		ended:      make(chan Outcome),
		broken:     make(chan struct{}),
	}
	for _, name := range cfg.To {
		s.wanted[name] = time.Time{}
	}
	s.show(Ready{Self: cfg.Node.Self(), Room: cfg.Room, Private: cfg.Private, Addrs: cfg.Node.Addrs()})
	for _, note := range cfg.Notes {
		s.show(note)
	}
	if len(cfg.Content.Omitted) > 0 {
		s.show(Omitted{cfg.Content.Omitted})
	}
	err := s.run(ctx)
	hangUp(ctx, cfg.Sharer, cfg.Node)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// run returns when nothing is under way any more.
func (s *sending) run(ctx context.Context) error {
	moving, stop := context.WithCancel(ctx)
	err := s.offer(moving)
	stop()
	for ; s.active > 0; s.active-- {
		<-s.ended
	}
	return err
}

// offer offers to those who are here, and to those who come, until there is
// nobody more to wait for.
func (s *sending) offer(ctx context.Context) error {
	settled := s.settle(ctx)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	clock := time.NewTimer(s.Timeout)
	defer clock.Stop()
	met, late := false, false
	for {
		if err := s.find(ctx, met, late); err != nil {
			return err
		}
		if met && s.found() {
			look.Reset(tick) // for who comes meanwhile
		}
		if s.active == 0 && (late || met && s.found()) {
			return s.verdict()
		}
		select {
		case <-settled:
			settled, met = nil, true
		case <-look.C:
		case <-clock.C:
			late = true
		case o := <-s.ended:
			s.active--
			s.note(o)
		case <-s.broken:
			return s.cause
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// settle returns what is closed when those were met who are said to be here.
func (s *sending) settle(ctx context.Context) <-chan struct{} {
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		ctx, cancel := context.WithTimeout(ctx, min(settleLimit, s.Timeout))
		defer cancel()
		_, _ = s.Node.Settle(ctx) // whoever could not be met is missed by name
	}()
	return settled
}

// found reports whether nobody is waited for who was never here.
func (s *sending) found() bool {
	if len(s.To) > 0 {
		return len(s.wanted) == 0
	}
	return len(s.offered) > 0
}

// find offers to whom it finds. Before all were met who are said to be here a
// name may be that of another, too, and all are not all.
func (s *sending) find(ctx context.Context, met, late bool) error {
	present := unblocked(s.Book, s.Node.Present())
	if len(s.To) == 0 {
		if met {
			s.offerAll(ctx, present)
		}
		return nil
	}
	if late {
		return nil
	}
	found := make(map[string]mesh.Peer)
	for name, from := range s.wanted {
		persons := people.Persons(present, name)
		switch {
		case len(persons) > 1 && met:
			return &AmbiguousError{Name: name, Found: persons}
		case len(persons) != 1, time.Now().Before(from), !met && persons[0].ID.String() != name:
			continue
		}
		found[name] = persons[0]
	}
	for name, p := range found {
		delete(s.wanted, name)
		s.start(ctx, p, name)
	}
	if met && !s.missed && len(s.wanted) > 0 {
		s.missed = true
		for name := range s.wanted {
			s.show(Warning{Text: Outcome{Name: name}.who() + " is not here; waiting for " + duration(s.Timeout)})
		}
	}
	return nil
}

// offerAll offers to everybody who was not offered it before. Who is us on
// another terminal gets it if nobody else is here.
func (s *sending) offerAll(ctx context.Context, present []mesh.Peer) {
	self := s.Node.Self().ID
	alone := true
	for _, p := range present {
		if p.ID != self {
			alone = false
			s.start(ctx, p, "")
		}
	}
	for _, p := range present {
		if alone && len(s.offered) == 0 {
			s.start(ctx, p, "")
		}
	}
}

// start offers the content to one, once.
func (s *sending) start(ctx context.Context, p mesh.Peer, name string) {
	if s.offered[p.ID] {
		return
	}
	s.offered[p.ID] = true
	s.active++
	go func() { s.ended <- Outcome{Name: name, Peer: &p, Err: s.sendTo(ctx, p)} }()
}

func (s *sending) sendTo(ctx context.Context, p mesh.Peer) error {
	d := outgoing(s.Content, p)
	d.Known = s.Book.Meet(p).Verdict
	t, err := s.Sharer.Send(context.WithoutCancel(ctx), s.Content, p.ID)
	if err != nil {
		s.show(Refused{Deal: d, Reason: err})
		return err
	}
	s.show(Offered{Deal: d})
	f := followed{Transfer: t, deal: d, patience: s.Timeout, show: s.show}
	return f.follow(ctx)
}

// note remembers what became of one. Somebody who is named and has just gone may
// be about to come back.
func (s *sending) note(o Outcome) {
	switch {
	case o.Err == nil:
		s.good++
	case o.Name != "" && errors.Is(o.Err, share.ErrNobody) && !errors.Is(o.Err, share.ErrIncomplete):
		s.wanted[o.Name] = time.Now().Add(againAfter)
		delete(s.offered, o.Peer.ID)
	default:
		s.bad = append(s.bad, o)
	}
}

// verdict returns how it ended.
func (s *sending) verdict() error {
	if len(s.To) == 0 && len(s.offered) == 0 {
		return ErrNobody
	}
	bad := s.bad
	if len(s.To) == 0 {
		bad = s.recipients()
	}
	for _, name := range s.To { // in their order
		if _, wanted := s.wanted[name]; wanted {
			bad = append(bad, Outcome{Name: name, Err: errAbsent})
			delete(s.wanted, name)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return &UnsentError{Outcomes: bad}
}

// recipients returns the outcomes that count where all were meant: who does not
// receive is no recipient, unless nobody is.
func (s *sending) recipients() []Outcome {
	var list []Outcome
	for _, o := range s.bad {
		if !errors.Is(o.Err, share.ErrNotReceiving) && !errors.Is(o.Err, share.ErrNobody) {
			list = append(list, o)
		}
	}
	if len(list) == 0 && s.good == 0 {
		return s.bad
	}
	return list
}

// show hands ev to the face.
func (s *sending) show(ev Event) {
	if err := s.Face.Show(ev); err != nil {
		s.once.Do(func() {
			s.cause = &FaceError{Cause: err}
			close(s.broken)
		})
	}
}

// hangUp ends what is under way and leaves the room.
func hangUp(ctx context.Context, s interface{ Close() error }, n Node) {
	_ = s.Close() // what has not arrived was told
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
	defer cancel()
	_ = n.Leave(ctx) // whether all took our goodbye is nothing to tell anybody
	_ = n.Close()
}
