package transfer

import (
	"crypto/rand"
	"net/netip"
	"strings"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

// Deal is one offer: to one person, or from one.
type Deal struct {
	ID       string        // by which events that belong together are told
	Incoming bool          // to us
	Peer     mesh.Peer     // the other side
	Known    known.Verdict // how well it is known; zero: it was not looked up
	Items    []share.Item
	Count    int // of items, which may be more than Items has
	Files    int
	Size     int64
	Text     string // if it is one; there are no items then
}

// outgoing returns the deal that is offered to p.
func outgoing(c *share.Content, p mesh.Peer) Deal {
	return Deal{
		ID: strings.ToLower(rand.Text()[:8]), Peer: p,
		Items: c.Items, Count: len(c.Items), Files: c.Files, Size: c.Size, Text: c.Text,
	}
}

// incoming returns the deal that somebody offers.
func incoming(o *share.Offer) Deal {
	return Deal{ID: o.ID, Incoming: true, Peer: o.From, Items: o.Items, Count: o.Count, Files: o.Files, Size: o.Size, Text: o.Text}
}

// Event is what a [Face] shows: one of the types below.
type Event interface{ event() }

// Ready says that this node answers and is advertised.
type Ready struct {
	Self    mesh.Peer
	Room    string
	Private bool // who is in it knows its secret
	Addrs   []netip.AddrPort
	Dir     string   // where things land; empty: this one sends
	Page    []string // where browsers find the page; none: it serves none
}

// Page says where browsers find the page, the best first. It is for people: others
// are told with Ready.
type Page struct{ URLs []string }

// OtherSecret says that somebody is in a room of the same name, whose secret is not
// ours: one of us may have none.
type OtherSecret struct {
	Addr    netip.Addr
	Private bool // ours is private
}

// Offered says that something is offered, by us or to us.
type Offered struct {
	Deal
	Partial *share.Partial // what is here of it already; nil: nothing
	Number  int            // by which a [Desk] knows it; 0: none
}

// Asked says that the user has to decide about an offer, and none before it.
type Asked struct {
	Deal
	Partial *share.Partial
	Behind  int // how many wait behind it
}

// Accepted says that an offer was accepted, by the other side or by us.
type Accepted struct{ Deal }

// Refused says that an offer was not accepted.
type Refused struct {
	Deal
	Reason error // share.ErrDeclined, share.ErrNotReceiving, share.ErrBusy, or why we declined it
}

// Withdrawn says that an offer to us is no longer there, before it was decided.
type Withdrawn struct {
	Deal
	Reason error // share.ErrWithdrawn, share.ErrTaken or share.ErrNobody
}

// Progress says how far a transfer is.
type Progress struct {
	Deal
	At   share.Progress
	Rate float64       // bytes a second
	Left time.Duration // 0: nobody knows
}

// Received says that an item, or a text, has arrived.
type Received struct {
	Deal
	Item share.Landed // none of a text
}

// Completed says that a transfer has come to its end, with all of it.
type Completed struct {
	Deal
	At   share.Progress
	Took time.Duration // since it was accepted
}

// Failed says that a transfer has ended without all of it.
type Failed struct {
	Deal
	At   share.Progress
	Err  error
	Lost bool // what had come to us is not kept
}

// Omitted says what of the content is left out, since it cannot be sent.
type Omitted struct{ What []share.Omission }

// Removed says what [share.Clean] removed.
type Removed struct{ What []share.Partial }

// Warning is something that a user should know. One with a hint is a mistake.
type Warning struct {
	Text string
	Hint string
}

func (Ready) event()       {}
func (OtherSecret) event() {}
func (Page) event()        {}
func (Offered) event()     {}
func (Asked) event()       {}
func (Accepted) event()    {}
func (Refused) event()     {}
func (Withdrawn) event()   {}
func (Progress) event()    {}
func (Received) event()    {}
func (Completed) event()   {}
func (Failed) event()      {}
func (Omitted) event()     {}
func (Removed) event()     {}
func (Warning) event()     {}

// Face shows events to whoever runs the program. Show is called from several
// goroutines. An error means that nobody can be shown anything any more.
type Face interface {
	Show(Event) error
}
