package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// ReceiveConfig is what [Receive] needs.
type ReceiveConfig struct {
	Node        Node
	Room        string // its name
	Private     bool   // it has a secret
	Sharer      Sharer
	Destination share.Destination
	From        []string      // names and IDs from whom offers are taken; none: all
	Trusted     bool          // take offers of those who were verified, without a question, and no others
	Book        *known.Book   // who is known; nil: nobody
	Yes         bool          // take offers without a question
	Keys        <-chan rune   // answers to questions; closed when there are no more; nil: nobody can be asked
	Loop        bool          // go on after the first
	Forgets     bool          // what is cut off is not kept
	Wait        time.Duration // for the first offer; 0: for ever
	Timeout     time.Duration // for senders to come back who vanish
	Command     *Command      // run for each item; nil: none
	Face        Face
	Notes       []Warning // shown at the start
	Page        []string  // where browsers find the page this node serves; none: it serves none
}

// receiving is one run of Receive.
type receiving struct {
	ReceiveConfig
	asks   bool             // there is somebody to ask
	queue  []*pending       // offers to be asked about, the first one is
	deaf   time.Time        // until when keys are for the question before
	taken  map[consent]bool // what was accepted in this run
	active int              // transfers
	first  bool             // something was accepted, or shown
	failed error            // of the first transfer that failed
	ended  chan *ending     // one of each transfer
	gone   chan *pending    // whose offer was withdrawn
	offers chan Offer

	mu      sync.Mutex // guards command
	command error      // the first command that failed

	once   sync.Once // closes broken
	broken chan struct{}
	cause  error // of broken
}

// consent is whose content was accepted.
type consent struct {
	from peer.ID
	key  string
}

// pending is an offer that is to be asked about.
type pending struct {
	Offer
	deal Deal
}

// ending is how a transfer ended.
type ending struct {
	deal Deal
	err  error
}

// Receive takes what others offer: from those who are named or from all, after a
// question or without. Without Loop it ends when the first that was accepted is
// here, and what was accepted or is to be decided meanwhile. It closes the Sharer
// and the node, whatever the end.
func Receive(ctx context.Context, cfg ReceiveConfig) error {
	r := &receiving{
		ReceiveConfig: cfg,
		asks:          cfg.Keys != nil,
		taken:         make(map[consent]bool),
		ended:         make(chan *ending),
		gone:          make(chan *pending),
		offers:        make(chan Offer),
		broken:        make(chan struct{}),
	}
	r.show(Ready{Self: cfg.Node.Self(), Room: cfg.Room, Private: cfg.Private, Addrs: cfg.Node.Addrs(), Dir: cfg.Destination.Dir, Page: cfg.Page})
	if len(cfg.Page) > 0 {
		r.show(Page{cfg.Page})
	}
	for _, note := range cfg.Notes {
		r.show(note)
	}
	moving, stop := context.WithCancel(ctx)
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		r.listen(moving)
	}()
	err := r.run(moving)
	stop()
	for ; r.active > 0; r.active-- {
		<-r.ended
	}
	<-listening
	for _, p := range r.queue {
		p.Decline() // nobody is there to say yes
	}
	hangUp(ctx, cfg.Sharer, cfg.Node)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// listen hands on what is offered.
func (r *receiving) listen(ctx context.Context) {
	for o := range r.Sharer.Offers(ctx) {
		select {
		case r.offers <- o:
		case <-ctx.Done():
			return
		}
	}
}

// run decides about offers until there is nothing more to wait for.
func (r *receiving) run(ctx context.Context) error {
	var clock <-chan time.Time
	if r.Wait > 0 {
		clock = time.After(r.Wait)
	}
	for {
		select {
		case o := <-r.offers:
			r.decide(ctx, o)
		case key, ok := <-r.Keys:
			r.press(ctx, key, ok)
		case p := <-r.gone:
			r.withdraw(p)
		case e := <-r.ended:
			r.finish(e)
		case <-clock:
			if clock = nil; !r.first && len(r.queue) == 0 {
				return ErrNoOffer
			}
		case <-r.broken:
			return r.cause
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if r.first && !r.Loop && r.active == 0 && len(r.queue) == 0 {
			return r.verdict()
		}
	}
}

// verdict returns how it ended.
func (r *receiving) verdict() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return r.failed
	}
	return r.command
}

// decide takes an offer, declines it, or asks.
func (r *receiving) decide(ctx context.Context, o Offer) {
	about := o.About()
	if r.Book.Blocked(about.From.ID) {
		o.Decline() // and nobody hears of it
		return
	}
	d := incoming(about)
	r.Book.Remain(r.Node.Present()) // or who offers would be here for ever
	d.Known = r.Book.Meet(about.From).Verdict
	r.show(Offered{Deal: d, Partial: about.Partial})
	if err := r.unwanted(about); err != nil {
		r.decline(o, d, err)
		return
	}
	if d.Text != "" {
		r.read(ctx, d)
		return
	}
	if r.Yes || r.Trusted || !r.asks || about.Partial != nil && r.taken[consent{d.Peer.ID, about.Partial.Key}] {
		r.take(ctx, o, d)
		return
	}
	if r.Keys == nil {
		r.decline(o, d, errNoAnswer)
		return
	}
	p := &pending{Offer: o, deal: d}
	r.queue = append(r.queue, p)
	go r.watch(ctx, p)
	if len(r.queue) == 1 {
		r.ask()
	}
}

// unwanted returns why an offer is declined without a question. A name is that of
// one person as long as nobody else who is here bears it.
func (r *receiving) unwanted(o *share.Offer) error {
	if r.Trusted && !r.Book.Trusts(o.From.ID) {
		return errNotTrusted
	}
	if len(r.From) == 0 {
		return nil
	}
	present := append(r.Node.Present(), o.From)
	for _, name := range r.From {
		persons := people.Persons(present, name)
		if !slices.ContainsFunc(persons, isID(o.From.ID)) {
			continue
		}
		if len(persons) > 1 {
			return errTwoOfName
		}
		return nil
	}
	return errNotFrom
}

// read shows a text.
func (r *receiving) read(ctx context.Context, d Deal) {
	r.first = true
	r.show(Received{Deal: d})
	r.handle(ctx, d, share.Landed{})
}

// deafFor is how long a key may still be meant for a question that has just gone,
// by its answer or since its sender has withdrawn it.
const deafFor = 300 * time.Millisecond

// askNext asks about the next in the queue, when the first has gone.
func (r *receiving) askNext() {
	r.queue = slices.DeleteFunc(r.queue, func(p *pending) bool {
		blocked := r.Book.Blocked(p.deal.Peer.ID) // by another process, meanwhile
		if blocked {
			p.Decline()
		}
		return blocked
	})
	if len(r.queue) > 0 {
		r.deaf = time.Now().Add(deafFor)
		r.ask()
	}
}

// ask asks about the first in the queue.
func (r *receiving) ask() {
	p := r.queue[0]
	r.show(Asked{Deal: p.deal, Partial: p.About().Partial, Behind: len(r.queue) - 1})
}

// watch tells when an offer is withdrawn.
func (r *receiving) watch(ctx context.Context, p *pending) {
	select {
	case <-p.Withdrawn():
	case <-ctx.Done():
		return
	}
	select {
	case r.gone <- p:
	case <-ctx.Done():
	}
}

// withdraw takes an offer out of the queue.
func (r *receiving) withdraw(p *pending) {
	at := slices.Index(r.queue, p)
	if at < 0 {
		return // it was decided
	}
	r.queue = slices.Delete(r.queue, at, at+1)
	r.show(Withdrawn{Deal: p.deal, Reason: p.Err()})
	if at == 0 {
		r.askNext()
	}
}

// press answers the question about the first in the queue. A key that is no
// answer is none, so that nothing is taken by mistake.
func (r *receiving) press(ctx context.Context, key rune, ok bool) {
	if !ok {
		r.Keys = nil // and nobody says yes any more
		for _, p := range r.queue {
			r.decline(p, p.deal, errNoAnswer)
		}
		r.queue = nil
		return
	}
	if len(r.queue) == 0 || time.Now().Before(r.deaf) {
		return
	}
	p := r.queue[0]
	switch key {
	case 'y', 'Y':
		r.queue = r.queue[1:]
		r.take(ctx, p, p.deal)
	case 'n', 'N':
		r.queue = r.queue[1:]
		r.decline(p, p.deal, share.ErrDeclined)
	default:
		return
	}
	r.askNext()
}

func (r *receiving) decline(o Offer, d Deal, why error) {
	o.Decline()
	r.show(Refused{Deal: d, Reason: why})
}

// take accepts an offer.
func (r *receiving) take(ctx context.Context, o Offer, d Deal) {
	to := r.Destination
	to.Plain = !r.Book.Trusts(d.Peer.ID)
	t, err := o.Accept(context.WithoutCancel(ctx), to)
	switch {
	case errors.Is(err, share.ErrWithdrawn), errors.Is(err, share.ErrTaken), errors.Is(err, share.ErrNobody):
		r.show(Withdrawn{Deal: d, Reason: err})
		return
	case err != nil:
		r.decline(o, d, err)
		r.first = true
		r.fail(d, err)
		return
	}
	r.first = true
	r.taken[consent{d.Peer.ID, t.Key()}] = true
	r.show(Accepted{d})
	r.active++
	go func() { r.ended <- &ending{d, r.fetch(ctx, t, d)} }()
}

// fetch returns when a transfer has ended, and what is to be done about its items
// is done.
func (r *receiving) fetch(ctx context.Context, t Transfer, d Deal) error {
	landed := make(chan struct{})
	go func() {
		defer close(landed)
		for item := range t.Landed(context.WithoutCancel(ctx)) { // ends with t
			r.show(Received{Deal: d, Item: item})
			if !item.Skipped {
				r.handle(ctx, d, item)
			}
		}
	}()
	f := followed{Transfer: t, deal: d, patience: r.Timeout, forgets: r.Forgets, show: r.show, accepted: time.Now()}
	err := f.follow(ctx)
	<-landed
	return err
}

// handle runs the command for one item.
func (r *receiving) handle(ctx context.Context, d Deal, item share.Landed) {
	if r.Command == nil {
		return
	}
	err := r.Command.run(ctx, d, item)
	if err == nil || ctx.Err() != nil {
		return
	}
	r.show(Warning{Text: fmt.Sprintf("the command for %s failed: %v", itemName(item.Name), err)})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.command == nil {
		r.command = ErrCommand
	}
}

// finish notes how a transfer ended.
func (r *receiving) finish(e *ending) {
	r.active--
	if e.err != nil {
		r.fail(e.deal, e.err)
	}
}

func (r *receiving) fail(d Deal, err error) {
	if r.failed == nil {
		r.failed = &UnreceivedError{Deal: d, Err: err, Lost: r.Forgets}
	}
}

func isID(id peer.ID) func(p mesh.Peer) bool { return func(p mesh.Peer) bool { return p.ID == id } }

// show hands ev to the face.
func (r *receiving) show(ev Event) {
	if err := r.Face.Show(ev); err != nil {
		r.once.Do(func() {
			r.cause = &FaceError{Cause: err}
			close(r.broken)
		})
	}
}
