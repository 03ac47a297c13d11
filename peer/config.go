package peer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/netip"

	"github.com/lanyap/lanyap/peer/logger"
)

// Config is what [Listen] needs. The zero value works.
type Config struct {
	Identity *Identity      // nil: a new one, kept in memory
	Salt     Salt           // of this start, see ID.Instance; zero: random
	Room     string         // both sides must name the same; empty: "lan"
	Secret   Secret         // both sides must know the same; zero: none, the room is open
	Name     string         // see Hello
	Topics   []string       // see Hello
	Observer bool           // see Hello
	Port     int            // TCP and UDP; 0: 7475 to 7490, the first that is free, then any
	Addrs    []netip.Addr   // local addresses to tell others of, zone-qualified where link-local; none: 127.0.0.1
	MaxLinks int            // to members; a quarter as many to observers beside; 0: 128
	Logger   *logger.Logger // a *slog.Logger; nil: discard

	// Refused, unless nil, is told of each hello that ended with [ErrSecret]: which
	// instance the other side said it is, which is not proven, where it is, as far as
	// that is known, and whether we dialed it. It must not block.
	Refused func(in Instance, at netip.AddrPort, dialed bool)

	// Who calls from a loopback, private (RFC 1918, RFC 4193), shared (RFC 6598)
	// or link-local address is answered, and who is on a network of ours as
	// OnLink knows them, and who was dialed by hand (see Target). Nobody else
	// learns anything, unless AllowRemote is set.
	AllowRemote bool
	OnLink      func(netip.Addr) bool // nil: no further networks are ours

	// AddrsOnly answers calls to Addrs and to the loopback alone, and to other
	// addresses of this machine only who was dialed by hand.
	AddrsOnly bool
}

// Defaults of a Config.
const (
	DefaultRoom = "lan"
	defaultMax  = 128
)

// Errors that a dial, or a link, can end with; test with errors.Is.
var (
	ErrRefused  = errors.New("connection refused")            // nothing listens on that TCP port
	ErrTimeout  = errors.New("timed out")                     // no answer: TCP does not get through, or the link died
	ErrUDP      = errors.New("UDP does not get through")      // signalling worked, the data channel did not open
	ErrSelf     = errors.New("that is this node")             // the address is our own
	ErrInstance = errors.New("another node answers there")    // not the instance asked for
	ErrLinked   = errors.New("already linked")                // a link to that instance lives, or is being made
	ErrRoom     = errors.New("other room")                    // the node there is in another room
	ErrSecret   = errors.New("other secret")                  // the node there knows another secret of the room, or one of us knows none
	ErrGuesses  = errors.New("too many wrong secrets")        // of late, here or there: try again later
	ErrVersion  = errors.New("other version of the protocol") // the node there speaks another
	ErrFull     = errors.New("room is full")                  // the node there has MaxLinks links, or too many in the making
	ErrHungUp   = errors.New("hung up without a word")        // the node there does not answer calls from here, or has too many
	ErrReplaced = errors.New("replaced by a newer link")      // the same node, over a new link
	ErrGone     = errors.New("process is gone")               // its port refuses, or another instance answers there; or a page has let go
	ErrClosed   = errors.New("closed")                        // by this side
)

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// RoomTag returns what a room's nodes advertise: 16 hex digits that tell rooms
// apart without naming them to who cannot guess the name.
func RoomTag(room string) string {
	sum := sha256.Sum256([]byte("lanyap room" + room))
	return hex.EncodeToString(sum[:8])
}
