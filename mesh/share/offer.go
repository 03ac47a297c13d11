package share

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
	"github.com/lanyap/lanyap/peer"
)

// Offer is what somebody wants to send us.
type Offer struct {
	ID    string    // of this offer: 8 characters
	From  mesh.Peer // who it is, proven by the stream
	Items []Item    // at most 64, with the names they were sent under: text from a stranger
	Count int       // how many items there are
	Files int
	Size  int64
	Text  string // a text, which needs no Accept; there are no items then

	// Partial is what is here of it already, accepted before: nil if nothing is.
	// To accept it again with the same directory goes on from there.
	Partial *Partial

	s         *Sharer
	key       tree.Hash
	coming    bool // who offers it does not have all of it yet
	sess      *session
	withdrawn chan struct{}

	mu     sync.Mutex // guards what follows
	state  offerState
	err    error
	source *source // once it is accepted
}

type offerState int

const (
	isOpen offerState = iota
	isAccepted
	isDeclined
	isWithdrawn
)

// Offers yields what others offer, in the order in which it came, each once,
// whoever reads. It ends when ctx does, or the Sharer is closed. Who offers waits
// until it is decided, or is told that we are busy: there are at most 8 offers of
// one ID, and 64 of all, that are neither accepted nor declined nor withdrawn.
func (s *Sharer) Offers(ctx context.Context) iter.Seq[*Offer] {
	return func(yield func(*Offer) bool) {
		for {
			o, arrived := s.takeUnread()
			if o != nil {
				if !yield(o) {
					return
				}
				continue
			}
			select {
			case <-arrived:
			case <-s.ctx.Done():
				return
			case <-ctx.Done():
				return
			}
		}
	}
}

// takeUnread returns the next offer that is still one, or what to wait for. A text
// has arrived with that.
func (s *Sharer) takeUnread() (*Offer, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.unread) > 0 {
		o := s.unread[0]
		s.unread = s.unread[1:]
		if o.Text == "" {
			if o.Err() == nil {
				return o, nil
			}
			continue
		}
		if o.settle(isAccepted, nil) {
			s.dropLocked(o)
			o.sess.send(func(b []byte) []byte { return proto.Empty(b, proto.Shown) })
			o.sess.part(proto.Finished)
			return o, nil
		}
	}
	return nil, s.arrived
}

// takeOffer serves a stream on which something is offered.
func (s *Sharer) takeOffer(sess *session, offered proto.Offered) error {
	if d := s.downloadOf(offered.Key); d != nil && d.offerer.ID == sess.who.ID {
		sess.send(acceptance)
		return d.fetch(sess, true)
	}
	if !s.cfg.Receive {
		return ErrNotReceiving
	}
	if !s.hasRoom(sess.who.ID) {
		return ErrBusy // before the disk is asked what is here of it
	}
	o := &Offer{
		ID:        newOfferID(),
		From:      sess.who,
		Count:     offered.Count,
		Files:     offered.Files,
		Size:      offered.Size,
		Text:      offered.Text,
		s:         s,
		key:       offered.Key,
		coming:    offered.Coming,
		sess:      sess,
		withdrawn: make(chan struct{}),
	}
	for _, it := range offered.Items {
		o.Items = append(o.Items, Item(it))
	}
	if !offered.IsText {
		o.Partial = s.partialOf(offered.Key)
	}
	sess.send(func(b []byte) []byte { return proto.AppendCode(b, proto.Answer, proto.Asking) })
	if !s.add(o) {
		return ErrBusy
	}
	return o.listen()
}

// add has the program asked about an offer, if it may have so many.
func (s *Sharer) add(o *Offer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hasRoomLocked(o.From.ID) {
		return false
	}
	s.offers = append(s.offers, o)
	s.unread = append(s.unread, o)
	close(s.arrived)
	s.arrived = make(chan struct{})
	return true
}

// hasRoom reports whether one more offer of an ID may be asked about.
func (s *Sharer) hasRoom(id peer.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hasRoomLocked(id)
}

func (s *Sharer) hasRoomLocked(id peer.ID) bool {
	of := 0
	for _, other := range s.offers {
		if other.From.ID == id {
			of++
		}
	}
	return !s.closed && len(s.offers) < maxOffers && of < maxOffersOf
}

func (s *Sharer) drop(o *Offer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(o)
}

func (s *Sharer) dropLocked(o *Offer) {
	is := func(other *Offer) bool { return other == o }
	s.offers = slices.DeleteFunc(s.offers, is)
	s.unread = slices.DeleteFunc(s.unread, is)
}

// listen reads the offer's stream to its end: until it is decided nothing comes
// but its withdrawal, then it is one of the download's.
func (o *Offer) listen() error {
	for {
		kind, n, err := o.sess.next()
		if err == nil {
			if src := o.accepted(); src != nil {
				err = src.frame(kind, n)
			} else {
				err = errUnexpected
			}
		}
		if err == nil {
			continue
		}
		if src := o.accepted(); src != nil {
			return src.d.detach(src, err)
		}
		why := ErrNobody
		for _, known := range []error{ErrTaken, ErrWithdrawn} {
			if errors.Is(err, known) {
				why = known
			}
		}
		if o.settle(isWithdrawn, why) {
			o.s.drop(o)
		}
		return err
	}
}

func (o *Offer) accepted() *source {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.source
}

// settle decides an offer, and reports whether it was open.
func (o *Offer) settle(to offerState, err error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.state != isOpen {
		return false
	}
	o.state, o.err = to, err
	if to == isWithdrawn {
		close(o.withdrawn)
	}
	return true
}

// Conflict is what happens when something of the same name is there already.
type Conflict int

// What to do about it, for each item.
const (
	Rename    Conflict = iota // it lands beside it: "name (2).ext"
	Skip                      // what is there stays and is not fetched; a folder gets what it lacks
	Overwrite                 // a file is replaced, a folder gets what is sent and keeps the rest
)

// Destination is where something lands.
type Destination struct {
	Dir      string // must exist
	Conflict Conflict
	Plain    bool // files land without the executable bit, whatever the sender's have
}

// Accept takes an offer: fetches all of it and lands it. An item appears under its
// name when all of it is there and verified, not before. It returns at once.
// When the sender vanishes the transfer waits for it, or for whoever else has
// what is missing, until it is canceled or ctx ends.
//
// ErrWithdrawn, ErrTaken: the offer is no longer there. What is wrong with the
// destination is how the transfer ends, on both sides.
func (o *Offer) Accept(ctx context.Context, d Destination) (*Transfer, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.Text != "":
		return nil, errors.New("share: a text has arrived already")
	case o.state == isWithdrawn:
		return nil, o.err
	case o.state != isOpen:
		return nil, errors.New("share: the offer is decided already")
	}
	down, err := o.s.newDownload(ctx, o, d, "")
	if err != nil {
		return nil, err
	}
	o.state = isAccepted
	o.s.drop(o)
	o.sess.send(acceptance)
	o.source = down.attach(o.sess, true)
	return down.t, nil
}

// Decline refuses an offer; its sender is told.
func (o *Offer) Decline() {
	if o.settle(isDeclined, nil) {
		o.s.drop(o)
		o.sess.part(proto.Declined)
	}
}

// Withdrawn is closed when the offer is no longer there: its sender has withdrawn
// it or is gone, or another program of our ID has taken it. Err says which.
func (o *Offer) Withdrawn() <-chan struct{} { return o.withdrawn }

// Err returns why an offer was withdrawn: [ErrWithdrawn], [ErrTaken] or
// [ErrNobody]; nil if it was not.
func (o *Offer) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

func newOfferID() string {
	var b [5]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}
