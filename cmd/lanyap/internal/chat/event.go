package chat

import (
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/mesh"
)

// Event is what a [Face] shows: a Ready, Joined, Left, Rerouted, Message, Gap,
// Sent, Delivered, Undelivered, Moved, Page, OtherSecret, Asked, Twice, Answer or
// Warning.
type Event interface{ event() }

// Ready says that this node answers and is advertised.
type Ready struct {
	Self    mesh.Peer
	Room    string
	Private bool // who is in it knows its secret
	Addrs   []netip.AddrPort
	Page    []string // where browsers find the page; none: it serves none
}

// Page says where browsers find the page, the best first. It is for people: others
// are told with Ready.
type Page struct{ URLs []string }

// Joined says that somebody is here. Peer.Via, if set, is who relays
// between us.
type Joined struct {
	Peer mesh.Peer
	Met  known.Meeting
}

// Left says that somebody is gone.
type Left struct {
	Peer   mesh.Peer
	Reason error // nil: it said goodbye
}

// Rerouted says that somebody is reached another way now. It is for
// programs: for people nothing changes.
type Rerouted struct{ Peer mesh.Peer }

// Message is what somebody said.
type Message struct {
	From    mesh.Peer
	Seq     uint64
	Sent    time.Time
	Text    string
	Private bool // to us alone
	History bool // said earlier: before it counted us as present, or by somebody who is gone
}

// Gap says that messages of somebody will not come.
type Gap struct {
	From  mesh.Peer
	Count uint64
}

// Sent says that the node has accepted what was to be said.
type Sent struct {
	Seq  uint64
	Text string
	To   *mesh.Peer // nil: to all
	Ref  string     // the utterance's, here and below
}

// Delivered says that everybody who was present when a message was accepted
// has it.
type Delivered struct {
	Seq   uint64
	Count int        // 0: nobody was there
	To    *mesh.Peer // nil: to all
	Ref   string
}

// Undelivered names who left without having confirmed a message.
type Undelivered struct {
	Seq   uint64
	Text  string
	Peers []mesh.Peer
	To    *mesh.Peer // nil: to all
	Ref   string
}

// OtherSecret says that somebody is in a room of the same name, whose secret is not
// ours: one of us may have none.
type OtherSecret struct {
	Addr    netip.Addr
	Private bool // ours is private
}

// Answer is what a command of the user's brought to light, a line or more.
type Answer struct{ Text string }

// Warning is something that a user should know. One with a hint is a mistake:
// something that was to be said was not.
type Warning struct {
	Text string
	Hint string // what to do next; may be empty
	Ref  string // of what was not said
}

func (Ready) event()       {}
func (Joined) event()      {}
func (Left) event()        {}
func (Rerouted) event()    {}
func (Message) event()     {}
func (Gap) event()         {}
func (Sent) event()        {}
func (Delivered) event()   {}
func (Undelivered) event() {}
func (Page) event()        {}
func (OtherSecret) event() {}
func (Answer) event()      {}
func (Warning) event()     {}

// Face shows events to whoever runs the program. Show is called from several
// goroutines. An error means that nobody can be shown anything any more.
type Face interface {
	Show(Event) error
}
