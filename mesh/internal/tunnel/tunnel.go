package tunnel

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/hpke"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// Why a tunnel ended.
var (
	// ErrSeal: a record was lost, altered, forged or out of order.
	ErrSeal = errors.New("mesh: tunnel record does not open")
	// ErrWindow: the other side has sent more than it may.
	ErrWindow = errors.New("mesh: tunnel exceeds its window")
	// ErrSilent: the other side does not answer.
	ErrSilent = errors.New("mesh: tunnel is silent")
)

// Replaced is what a tunnel is closed with when another link to the same member
// has taken its place; the other side's ends with [peer.ErrReplaced].
const Replaced = "replaced"

// maxForged is how many keys are checked that the other side did not sign. A check
// costs a hundred times what it takes a member on the way to make them up, who could as
// well let nothing through.
const maxForged = 8

// Config is what a tunnel needs of its end.
type Config struct {
	Room wire.RoomKey
	Self wire.Member
	Sign func([]byte) []byte
	Key  *hpke.Key // of our record
	To   peer.Instance
	// Window is how many bytes that the other side has not read may be under
	// way; it may change at any time.
	Window *atomic.Int64
	// Wake is called when Next may have something again. It must not block, nor
	// call the tunnel.
	Wake func()
}

// Tunnel is one end of a tunnel. Its methods may be used by several goroutines
// at once, but Next and Open by one each at a time: records have an order.
type Tunnel struct {
	cfg   Config
	nonce [wire.NonceSize]byte
	done  chan struct{}

	writing sync.Mutex // one message after the other; taken first

	mu     sync.Mutex // guards what follows
	change *sync.Cond // something that WriteMessage or ReadMessage waits for

	other     [wire.NonceSize]byte
	remote    peer.Hello
	sender    *hpke.Sender    // nil: the other's open is not here
	recipient *hpke.Recipient // nil: its keys are not
	forged    int             // keys that it did not sign

	inbox
	outbox
	watch
	err error // why it ended
}

// New returns an end that is not up yet.
func New(cfg Config, now time.Time) *Tunnel {
	t := &Tunnel{cfg: cfg, done: make(chan struct{}), watch: newWatch(now)}
	_, _ = rand.Read(t.nonce[:]) // never fails
	t.change = sync.NewCond(&t.mu)
	return t
}

// To is who is meant to be at the other end.
func (t *Tunnel) To() peer.Instance { return t.cfg.To }

// Tag is what the other side puts before what it seals for this tunnel.
func (t *Tunnel) Tag() [wire.TagSize]byte { return [wire.TagSize]byte(t.nonce[:]) }

// Hello returns the open record for the other side; record is our own, signed.
func (t *Tunnel) Hello(record []byte) []byte {
	return wire.AppendOpen(nil, t.cfg.Room, t.cfg.To, t.nonce, record, t.cfg.Sign)
}

// Meet takes in the other's open, whose signatures have been verified, and
// returns the keys to answer it with; nil if the tunnel is up already, or over.
func (t *Tunnel) Meet(o wire.Open) (keys []byte, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil || t.recipient != nil {
		return nil, nil
	}
	t.other = o.Nonce
	t.remote = peer.Hello{
		ID: o.Record.ID, Instance: o.Record.Instance,
		Salt: o.Record.Salt, Name: o.Record.Name, Topics: o.Record.Topics,
	}
	k := wire.Keys{From: t.cfg.Self, To: o.Record.Member, Nonce: t.nonce, Other: t.other}
	k.Enc, t.sender, err = hpke.NewSender(o.Record.Key, k.Info(t.cfg.Room))
	if err != nil {
		return nil, err
	}
	return wire.AppendKeys(nil, t.cfg.Room, k, t.cfg.Sign), nil
}

// Agree takes in the other's keys and reports whether the tunnel is up now.
func (t *Tunnel) Agree(k wire.Keys, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil || t.sender == nil || t.recipient != nil || k.Other != t.nonce || k.Nonce != t.other {
		return false
	}
	k.From = wire.Member{ID: t.remote.ID, Instance: t.remote.Instance}
	k.To = t.cfg.Self
	if !k.Verify(t.cfg.Room, t.remote.ID.Verify) {
		if t.forged++; t.forged == maxForged {
			t.endLocked(ErrSeal, "")
		}
		return false
	}
	recipient, err := hpke.NewRecipient(k.Enc, t.cfg.Key, k.Info(t.cfg.Room))
	if err != nil {
		return false
	}
	t.recipient = recipient
	t.watch = newWatch(now)
	return true
}

// Met reports whether the other's open is here.
func (t *Tunnel) Met() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sender != nil
}

// Up reports whether the tunnel carries messages.
func (t *Tunnel) Up() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.recipient != nil
}

// Remote returns what the other side says of itself, once its open is here.
func (t *Tunnel) Remote() peer.Hello {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.remote
}

// RemoteAddr returns no address: a tunnel goes through others.
func (t *Tunnel) RemoteAddr() netip.AddrPort { return netip.AddrPort{} }

// LocalAddr returns no address.
func (t *Tunnel) LocalAddr() netip.Addr { return netip.Addr{} }

// Done is closed when the tunnel has ended.
func (t *Tunnel) Done() <-chan struct{} { return t.done }

// Close ends the tunnel, and has the other side told why.
func (t *Tunnel) Close(cause error) error { return t.CloseAs(cause, cause.Error()) }

// CloseAs is Close with what to tell; nothing if that is empty.
func (t *Tunnel) CloseAs(cause error, farewell string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLocked(cause, farewell)
	return nil
}

func (t *Tunnel) endLocked(cause error, farewell string) {
	if t.err != nil {
		return
	}
	t.err = cause
	t.farewell = farewell
	close(t.done)
	t.change.Broadcast()
	t.cfg.Wake()
}
