package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// DeskConfig is what [NewDesk] needs.
type DeskConfig struct {
	Self    mesh.Peer
	Present func() []mesh.Peer // everybody in the room
	Sharer  Sharer
	Book    *known.Book // who is known; nil: nobody
	Collect func(ctx context.Context, path string) (*share.Content, error)
	Dir     string        // where things land that nothing else is said of
	Timeout time.Duration // for others to come back who vanish
}

// Desk moves files for a program that does other things besides: what is offered
// gets a number and waits there until somebody takes it, and what is handed in is
// sent, once the desk is open. Its methods start things and wait for nothing; they
// may be called by several goroutines at once, before Open too.
type Desk struct {
	cfg    DeskConfig
	show   func(Event)   // set once opened is closed
	opened chan struct{} // closed by Open

	ctx    context.Context // of all transfers
	cancel context.CancelFunc
	wg     sync.WaitGroup // of all that runs

	mu      sync.Mutex // guards what follows
	last    int
	waiting map[int]*pending
	moving  int
	idle    chan struct{} // closed when nothing moves; nil: nothing does
}

// Errors of a Desk, beside those of package people; test with errors.Is.
var (
	ErrNoSuchOffer = errors.New("there is no such offer, or not any more")
	errClosed      = errors.New("the chat is over")
)

// NewDesk returns a Desk that shows and moves nothing before Open.
func NewDesk(cfg DeskConfig) *Desk {
	d := &Desk{cfg: cfg, opened: make(chan struct{}), waiting: make(map[int]*pending)}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// Open takes in offers until Close, and begins with what was handed in before.
// What happens is given to show, by several goroutines.
func (d *Desk) Open(show func(Event)) {
	d.show = show
	close(d.opened)
	d.wg.Go(func() {
		for o := range d.cfg.Sharer.Offers(d.ctx) {
			d.add(o)
		}
	})
}

// Close ends what is under way, which can go on another time, and declines what
// nobody has taken.
func (d *Desk) Close() {
	d.cancel()
	d.mu.Lock()
	for n, p := range d.waiting {
		p.Decline()
		delete(d.waiting, n)
	}
	d.mu.Unlock()
	d.wg.Wait()
	_ = d.cfg.Sharer.Close() // what has not arrived was told
}

// Idle returns what is closed as soon as nothing is being sent or fetched.
func (d *Desk) Idle() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.idle != nil {
		return d.idle
	}
	now := make(chan struct{})
	close(now)
	return now
}

// start runs a transfer once the desk is open, unless it is closed.
func (d *Desk) start(move func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return errClosed
	}
	if d.moving++; d.idle == nil {
		d.idle = make(chan struct{})
	}
	d.wg.Go(func() {
		select {
		case <-d.opened:
			move()
		case <-d.ctx.Done():
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.moving--; d.moving == 0 {
			close(d.idle)
			d.idle = nil
		}
	})
	return nil
}

// add gives an offer a number.
func (d *Desk) add(o Offer) {
	from := o.About().From
	if d.cfg.Book.Blocked(from.ID) {
		o.Decline() // and nobody hears of it
		return
	}
	p := &pending{Offer: o, deal: incoming(o.About())}
	p.deal.Known = d.cfg.Book.Judge(from)
	if p.deal.Text != "" {
		d.show(Received{Deal: p.deal})
		return
	}
	d.mu.Lock()
	d.last++
	n := d.last
	d.waiting[n] = p
	d.mu.Unlock()
	d.show(Offered{Deal: p.deal, Partial: o.About().Partial, Number: n})
	d.wg.Go(func() {
		select {
		case <-o.Withdrawn():
			if d.take(strconv.Itoa(n)) == p {
				d.show(Withdrawn{Deal: p.deal, Reason: o.Err()})
			}
		case <-d.ctx.Done():
		}
	})
}

// take returns the offer of that number or ID, which waits no longer; nil if there
// is none.
func (d *Desk) take(which string) *pending {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.declineBlockedLocked() // another process may have blocked somebody
	for n, p := range d.waiting {
		if strconv.Itoa(n) == which || p.deal.ID == which {
			delete(d.waiting, n)
			return p
		}
	}
	return nil
}

// DeclineBlocked declines what those offered who are blocked, and nobody hears of it.
func (d *Desk) DeclineBlocked() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.declineBlockedLocked()
}

func (d *Desk) declineBlockedLocked() {
	for n, p := range d.waiting {
		if d.cfg.Book.Blocked(p.deal.Peer.ID) {
			p.Decline()
			delete(d.waiting, n)
		}
	}
}

// Offers returns the numbers of what waits to be taken, lowest first.
func (d *Desk) Offers() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.declineBlockedLocked()
	var list []string
	for n := 1; n <= d.last && len(list) < len(d.waiting); n++ {
		if d.waiting[n] != nil {
			list = append(list, strconv.Itoa(n))
		}
	}
	return list
}

// Get takes what is offered under a number, or under an ID, into dir; empty: the
// desk's.
func (d *Desk) Get(which, dir string) error {
	p := d.take(which)
	if p == nil {
		return ErrNoSuchOffer
	}
	if dir == "" {
		dir = d.cfg.Dir
	}
	return d.start(func() { d.fetch(p, share.Destination{Dir: dir}) })
}

// Decline turns down what is offered under a number, or under an ID.
func (d *Desk) Decline(which string) error {
	p := d.take(which)
	if p == nil {
		return ErrNoSuchOffer
	}
	p.Decline()
	d.show(Refused{Deal: p.deal, Reason: share.ErrDeclined})
	return nil
}

func (d *Desk) fetch(p *pending, to share.Destination) {
	to.Plain = !d.cfg.Book.Trusts(p.deal.Peer.ID)
	t, err := p.Accept(context.WithoutCancel(d.ctx), to)
	switch {
	case errors.Is(err, share.ErrWithdrawn), errors.Is(err, share.ErrTaken), errors.Is(err, share.ErrNobody):
		d.show(Withdrawn{Deal: p.deal, Reason: err})
		return
	case err != nil:
		p.Decline()
		d.show(Failed{Deal: p.deal, Err: err})
		return
	}
	d.show(Accepted{p.deal})
	landed := make(chan struct{})
	go func() {
		defer close(landed)
		for item := range t.Landed(context.WithoutCancel(d.ctx)) { // ends with t
			d.show(Received{Deal: p.deal, Item: item})
		}
	}()
	f := followed{Transfer: t, deal: p.deal, patience: d.cfg.Timeout, show: d.show, accepted: time.Now()}
	_ = f.follow(d.ctx) // which was shown
	<-landed
}

// Send offers what is at path to one, by name or ID, or to everybody. Who that is
// is settled now; [ErrNobody] says that nobody is here.
func (d *Desk) Send(path, to string) error {
	recipients := d.everybody()
	if to == "" && len(recipients) == 0 {
		return ErrNobody
	}
	if to != "" {
		present := unblocked(d.cfg.Book, d.cfg.Present())
		recipients = people.Persons(present, to)
		if len(recipients) != 1 { // a person's programs are one recipient
			found, err := people.FindShown(present, to)
			if err != nil {
				return err
			}
			recipients = []mesh.Peer{found}
		}
	}
	return d.start(func() { d.offer(path, recipients, to == "") })
}

// unblocked leaves out those of members who are blocked. The user does not see them,
// and cannot mean them by a name that they have taken.
func unblocked(book *known.Book, members []mesh.Peer) []mesh.Peer {
	return slices.DeleteFunc(members, func(p mesh.Peer) bool { return book.Blocked(p.ID) })
}

// everybody returns one member of each person who is here, besides us.
func (d *Desk) everybody() []mesh.Peer {
	var list []mesh.Peer
	known := map[peer.ID]bool{d.cfg.Self.ID: true}
	for _, p := range unblocked(d.cfg.Book, d.cfg.Present()) {
		if !known[p.ID] {
			known[p.ID] = true
			list = append(list, p)
		}
	}
	return list
}

// offer sends what is at path to some, or to all: then who does not receive is
// passed over, unless nobody does.
func (d *Desk) offer(path string, to []mesh.Peer, all bool) {
	content, err := d.cfg.Collect(d.ctx, path)
	if err != nil {
		d.show(Warning{Text: fmt.Sprintf("%v; not sent", err), Hint: "name a file or a folder that is there and can be read"})
		return
	}
	defer func() { _ = content.Close() }()
	if len(content.Omitted) > 0 {
		d.show(Omitted{content.Omitted})
	}
	var mu sync.Mutex // guards deaf
	deaf := 0
	var wg sync.WaitGroup
	for _, p := range to {
		wg.Go(func() {
			if d.sendTo(content, p, all) {
				mu.Lock()
				defer mu.Unlock()
				deaf++
			}
		})
	}
	wg.Wait()
	if all && deaf == len(to) {
		d.show(Warning{Text: "nobody here receives files; not sent", Hint: "others receive with lanyap receive, or in a chat"})
	}
}

// sendTo offers a content to one and follows what becomes of it. It reports
// whether that one was passed over.
func (d *Desk) sendTo(c *share.Content, p mesh.Peer, all bool) (deaf bool) {
	deal := outgoing(c, p)
	deal.Known = d.cfg.Book.Judge(p)
	t, err := d.cfg.Sharer.Send(context.WithoutCancel(d.ctx), c, p.ID)
	if err != nil {
		d.show(Refused{Deal: deal, Reason: err})
		return false
	}
	d.show(Offered{Deal: deal})
	show := d.show
	if all {
		show = func(ev Event) {
			no, refused := ev.(Refused)
			if refused && (errors.Is(no.Reason, share.ErrNotReceiving) || errors.Is(no.Reason, share.ErrNobody)) {
				deaf = true
				return
			}
			d.show(ev)
		}
	}
	f := followed{Transfer: t, deal: deal, patience: d.cfg.Timeout, show: show}
	_ = f.follow(d.ctx) // which was shown
	return deaf
}
