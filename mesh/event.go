package mesh

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// Member is one start of one program. One ID can be here twice.
type Member struct {
	ID       peer.ID
	Instance peer.Instance
}

// Peer is a member with what it says of itself.
type Peer struct {
	Member
	Name   string         // chosen freely: neither unique nor proven
	Topics []string       // what it takes part in; not to be changed
	Addr   netip.AddrPort // where it answers, as our link found it, of a page with port 0; invalid if it is reached through others
	Web    bool           // in a browser: what protects it is no better than the network its page came over
	Via    *Peer          // who relays between us; nil: nobody, the link is direct
}

func newPeer(h peer.Hello, addr netip.AddrPort) Peer {
	if !addr.IsValid() && len(h.Addrs) > 0 {
		addr = h.Addrs[0]
	}
	return Peer{
		Member: Member{ID: h.ID, Instance: h.Instance},
		Name:   cmp.Or(h.Name, h.ID.Short()),
		Topics: h.Topics,
		Web:    h.Web,
		Addr:   addr,
	}
}

// Event is a [Joined], [Left], [Rerouted], [Message], [Gap], [Conflict],
// [HistoryFailed] or [Refused].
type Event interface{ event() }

// Joined says that a member is here now, and takes part in the topic.
type Joined struct{ Peer Peer }

// Left says that a member is no longer here, or no longer takes part in the
// topic.
type Left struct {
	Peer   Peer
	Reason error // nil: it said goodbye, to the room or to the topic
}

// Rerouted says that a member that is here is reached another way than before:
// Peer.Via is whoever relays now, nil if the link is direct. Nothing is lost by
// it. A program that does not read its events finds the last way alone.
type Rerouted struct{ Peer Peer }

// Message is what a member said, to all or to us alone.
type Message struct {
	From    Peer
	Seq     uint64    // in the sender's stream of broadcasts, or of private messages to us
	Sent    time.Time // by the sender's clock, in milliseconds
	Data    []byte    // at most MaxBody bytes; the receiver's to keep
	Private bool      // sent to us alone
	History bool      // said before its sender counted us as present, before the topic was opened here, or by somebody who is gone from it
}

// Gap says that Count messages of From, which would have come here, will not:
// this program did not read its events, or this node was cut off or too slow
// for longer than From, or where that is gone anybody, keeps what it said. Every
// topic that From takes part in is told of the latter, and Count may include
// messages of other topics then: which of them they were of nobody knows.
type Gap struct {
	From  Peer
	Count uint64
}

// Conflict says, to every topic, that From signed two different messages with
// one sequence number: it, or whoever has its key, told different members
// different things, or one member now this and now that. It comes once of each;
// all that From said before and says after is shown as it came.
type Conflict struct {
	From    Peer
	Seq     uint64
	Private bool // in its stream of private messages to us
}

// HistoryFailed says, to every topic, that what is said cannot be written to
// [Config.HistoryFile], for example because the disk is full. It is tried again
// every few seconds, with what waits meanwhile, and there is no event when that
// works; another follows only after it has worked. [Node.Leave] and
// [Node.Close] tell how it ended.
type HistoryFailed struct{ Err error } // errors.Is(Err, ErrHistory)

func (HistoryFailed) event() {}

func (Joined) event()   {}
func (Left) event()     {}
func (Message) event()  {}
func (Gap) event()      {}
func (Rerouted) event() {}
func (Conflict) event() {}
