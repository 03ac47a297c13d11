package mesh

import (
	"context"
	"errors"
	"iter"
	"net/netip"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/logger"
)

// Config is what [Join] needs. The zero value works.
type Config struct {
	Name       string         // for people; empty: the ID's short form
	Room       string         // empty: "lan"
	Secret     string         // passphrase of the room, byte for byte; empty: everybody may join; see Security; what prints a Config shows it
	Identity   *peer.Identity // nil: a new one, kept in memory
	Topic      string         // what the Node's own methods are about; empty: "main"; for others see Node.Topic
	Observer   bool           // only look who is here: others do not count this node, it neither broadcasts nor receives
	Peers      []string       // HOST[:PORT] to dial until they answer, for ever, beside those discovered
	Port       int            // 0: 7475 to 7490, then any
	Interfaces []string       // names; none: every usable one
	Network    Network        // nil: this machine's
	MaxMembers int            // beside this node; 0: 128, which is also the most
	Logger     *logger.Logger // a *slog.Logger; nil: discard; may call the node, but for Leave and Close, and takes its time

	// AllowRemote answers whoever calls. Otherwise only those are answered who
	// call from a network of this machine, from a private (RFC 1918, RFC 4193),
	// shared (RFC 6598) or link-local address, or from one of Peers; nobody else
	// learns that a node is there.
	AllowRemote bool

	// History is how many earlier messages this node asks for when it joins, and
	// shows of those in HistoryFile. 0: 1,000, which is also the most; negative:
	// none.
	History int
	// KeepHistory is how many messages this node keeps for others who join: of
	// what it hears, and of what it asked for. 0: 1,000, which is also the most;
	// negative: none.
	KeepHistory int
	// HistoryFile is where what is kept is kept across starts; empty: nowhere.
	// A file that another process holds is an error that says so, and so is a
	// file in which nothing is to be kept.
	HistoryFile string

	secret peer.Secret // made of Secret, which takes some 20 ms
	logs   *logs       // what Logger writes to, once it has its default
	wall   wallClock   // nil: this machine's; tests set it back and forth
}

// Network is where a node lives: this machine's, or one in memory (package
// meshtest).
//
// A Transport that also has the methods
//
//	OnLink(netip.Addr) bool
//	Watch(ctx context.Context, changed func())
//
// is asked whether an address is on a network of its host before a node dials
// it on somebody else's word, and tells of changes: Watch returns when ctx is
// done and calls changed after each. Without them every address is taken to
// be near, and nothing ever changes. One that has
//
//	DialStream(context.Context, peer.Instance, []netip.AddrPort) (*peer.Stream, error)
//	AcceptStream(context.Context) (*peer.Stream, error)
//
// as *[peer.Transport] does carries streams beside links ([Node.Dial]).
// One that has
//
//	Handle(http.Handler)
//
// as *[peer.Transport] has lets others answer what is asked by HTTP of the node's
// port ([Node.Handle]). And one that has
//
//	AnswerCarried(context.Context, peer.Instance, peer.Carried) (answer string, err error)
//
// answers offers of pages that members carried, of links that come out of Accept.
// That of a page, whose Self says so, also has
//
//	DialCarried(context.Context, peer.Instance, func(ctx context.Context, offer string) (peer.Carried, error)) (*peer.Conn, error)
//
// to offer a link: the function takes the offer to the instance and returns what
// that answers. Such a Transport dials only the node that served the page. With
//
//	OnHide(f func())
//
// f is called when the page is about to go, and the node says goodbye.
//
// The [peer.Config] that Listen is given has the room's secret, if it has one. A
// Transport makes no link to who does not know it, tells Refused of each such node,
// and asks peer.Target's Avoid before it dials one.
type Network interface {
	Listen(peer.Config) (Transport, error)
	Discover(discovery.Config) (Discovery, error)
}

// Transport makes links; *[peer.Transport] is one.
type Transport interface {
	Dial(context.Context, peer.Target) (*peer.Conn, error)
	Accept(context.Context) (*peer.Conn, error)
	Self() peer.Hello
	Addrs() []netip.AddrPort
	Close() error
}

// Discovery tells who may be here; *[discovery.LAN] is one. If it has a method
// Err() error, as that has, [Node.DiscoveryErr] returns what that returns.
type Discovery interface {
	Announce(context.Context, discovery.Service) error
	Browse(context.Context) iter.Seq2[discovery.Instance, error]
	Close() error
}

// MaxBody is the longest message body, in bytes.
const MaxBody = 64 << 10

// MaxTopics is how many topics a node takes part in at once.
const MaxTopics = wire.MaxTopics

// defaultTopic is what a Config that says nothing is about.
const defaultTopic = "main"

// Errors to test for with errors.Is.
var (
	ErrTooLarge = errors.New("mesh: message is longer than 64 KiB")
	ErrClosed   = errors.New("mesh: node is closed")
	ErrNoMember = errors.New("mesh: no such member here")
	ErrIndirect = errors.New("mesh: member is reached through others") // and not over a link of our own
	ErrObserver = errors.New("mesh: an observer takes part in nothing")
	ErrTopic    = errors.New("mesh: topic cannot be opened") // it is open already, or there are MaxTopics

	ErrService   = errors.New("mesh: service cannot be listened for")       // somebody does already, or it is no name of 1 to 64 bytes
	ErrNoService = errors.New("mesh: member does not listen for it")        // as it says itself
	ErrBusy      = errors.New("mesh: member takes no more streams for now") // see Node.Listen

	// ErrHistory is what an error about the history file is.
	ErrHistory     = errors.New("mesh: history file")
	ErrHistoryHeld = errors.New("mesh: history file is held by another process")
)
