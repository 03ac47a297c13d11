package mesh

import (
	"context"
	"crypto/hpke"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/name"
)

// carrier is what a link runs over: a *[peer.Conn], or a tunnel.
type carrier interface {
	Remote() peer.Hello
	RemoteAddr() netip.AddrPort // invalid for a tunnel
	LocalAddr() netip.Addr      // the same
	ReadMessage() ([]byte, error)
	WriteMessage([]byte) error
	Ping(context.Context) (time.Duration, error)
	Close(cause error) error
	Done() <-chan struct{}
}

const (
	// tunnelWindow is how much of a tunnel may be under way, in bytes: what its
	// relays may have to keep.
	tunnelWindow = 192 << 10
	// tunnelQuiet is how long a tunnel may be silent before it is asked, and
	// tunnelDead how long until it is given up: a relay that drops everything
	// must not be trusted for longer than one that is gone.
	tunnelQuiet = 2 * time.Second
	tunnelDead  = 6 * time.Second
)

var (
	errPath   = errors.New("mesh: the path is gone")
	errSeal   = errors.New("mesh: tunnel record does not open")
	errWindow = errors.New("mesh: tunnel exceeds its window")
	errSilent = errors.New("mesh: tunnel is silent")
)

// tunnel connects two members that have no link, through others that have: a
// carrier as good as a direct link to whoever uses it. What goes through it is
// sealed by HPKE (RFC 9180) from end to end, each direction with a key that
// its sender has signed. It needs its records in order and without loss. Links
// give it that; when a path breaks the tunnel ends, and the members' streams
// go on over the next.
type tunnel struct {
	room  wire.RoomKey
	self  Member
	sign  func([]byte) []byte
	keys  hpke.PrivateKey
	to    peer.Instance
	nonce [wire.NonceSize]byte
	born  time.Time
	done  chan struct{}

	mu        sync.Mutex // guards what follows; taken after Node.mu
	change    *sync.Cond
	via       *link // where our records go
	from      *link // where the other's last came from
	met       bool  // the other's open is here
	other     [wire.NonceSize]byte
	remote    peer.Hello
	sender    *hpke.Sender
	recipient *hpke.Recipient
	inbox     [][]byte
	waiting   uint64 // bytes in inbox
	read      uint64 // bytes that have been read
	credited  uint64 // of these the other knows
	sent      uint64
	credit    uint64 // bytes that the other has read
	heard     time.Time
	pings     map[uint64]chan struct{}
	lastPing  uint64
	err       error
}

func newTunnel(n *Node, to peer.Instance, now time.Time) *tunnel {
	t := &tunnel{
		room: n.room, self: n.self.Member, sign: n.identity.Sign, keys: n.tunnelKey,
		to: to, born: now, heard: now, done: make(chan struct{}),
	}
	_, _ = rand.Read(t.nonce[:]) // never fails
	t.change = sync.NewCond(&t.mu)
	return t
}

// tag is what the other side puts before what it seals for this tunnel.
func (t *tunnel) tag() [wire.TagSize]byte { return [wire.TagSize]byte(t.nonce[:]) }

// open sends our open over a link.
func (t *tunnel) open(l *link, record []byte) {
	t.post(l, wire.AppendOpen(nil, t.room, t.to, t.nonce, record, t.sign))
}

func (t *tunnel) post(l *link, record []byte) bool {
	frame := wire.AppendRelay(nil, wire.Relay{To: t.to, From: t.self.Instance, Hops: wire.MaxHops, Payload: record})
	return l.relay(frame, t.self.Instance)
}

// meet takes in the other's open, which came over l: that way our keys go back.
func (t *tunnel) meet(l *link, o wire.Open) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil || t.recipient != nil {
		return nil
	}
	public, err := hpke.DHKEM(x25519).NewPublicKey(o.Record.Key[:])
	if err != nil {
		return err
	}
	t.via, t.met, t.other = l, true, o.Nonce
	t.remote = peer.Hello{
		ID: o.Record.ID, Instance: o.Record.Instance,
		Salt: o.Record.Salt, Name: o.Record.Name, Services: o.Record.Topics,
	}
	k := wire.Keys{From: wireMember(t.self), To: o.Record.Member, Nonce: t.nonce, Other: t.other}
	if k.Enc, t.sender, err = hpke.NewSender(public, hpke.HKDFSHA256(), hpke.AES128GCM(), k.Info(t.room)); err != nil {
		return err
	}
	t.post(l, wire.AppendKeys(nil, t.room, k, t.sign))
	return nil
}

// agree takes in the other's keys and reports whether the tunnel is up now.
func (t *tunnel) agree(l *link, k wire.Keys) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil || !t.met || t.recipient != nil || k.Other != t.nonce || k.Nonce != t.other {
		return false
	}
	k.From = wire.Member{ID: t.remote.ID, Instance: t.remote.Instance}
	k.To = wireMember(t.self)
	if !k.Verify(t.room, t.remote.ID.Verify) {
		return false
	}
	var err error
	t.recipient, err = hpke.NewRecipient(k.Enc, t.keys, hpke.HKDFSHA256(), hpke.AES128GCM(), k.Info(t.room))
	t.heard, t.from = time.Now(), l
	return err == nil
}

// up reports whether the tunnel carries messages.
func (t *tunnel) up() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.recipient != nil
}

// relayedBy reports whether the tunnel's records go over l.
func (t *tunnel) relayedBy(l *link) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.via == l
}

// sealed takes in what the other side sealed for us.
func (t *tunnel) sealed(l *link, ciphertext []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil || t.recipient == nil {
		return
	}
	t.from = l
	p, err := t.recipient.Open(nil, ciphertext)
	if err != nil || len(p) == 0 {
		t.endLocked(errSeal, errSeal.Error()) // lost, out of order, or forged by a relay
		return
	}
	t.heard = time.Now()
	body := p[1:]
	switch p[0] {
	case wire.SealedMessage:
		if len(body) == 0 {
			break // it would count nothing and still take its place in inbox
		}
		t.inbox = append(t.inbox, body)
		t.waiting += uint64(len(body))
		if t.waiting > tunnelWindow+wire.MaxMessage {
			t.endLocked(errWindow, errWindow.Error())
		}
	case wire.SealedCredit:
		if len(body) == 8 {
			t.credit = max(t.credit, min(binary.BigEndian.Uint64(body), t.sent))
		}
	case wire.SealedPing:
		t.sealLocked(wire.SealedPong, body[:min(len(body), 8)])
	case wire.SealedPong:
		t.answeredLocked(body)
	case wire.SealedClose:
		t.endLocked(closeCause(string(body)), "")
	}
	t.change.Broadcast()
}

// closeReplaced is what a tunnel is closed with when another link to the same
// member has taken its place.
const closeReplaced = "replaced"

func closeCause(text string) error {
	if text == closeReplaced {
		return peer.ErrReplaced
	}
	return &peer.CloseError{Reason: name.Clean(text, 200)}
}

func (t *tunnel) answeredLocked(body []byte) {
	if len(body) != 8 {
		return
	}
	n := binary.BigEndian.Uint64(body)
	if ch := t.pings[n]; ch != nil {
		close(ch)
		delete(t.pings, n)
	}
}

func (t *tunnel) sealLocked(kind byte, body []byte) {
	p, err := t.sender.Seal(nil, append([]byte{kind}, body...))
	if err != nil {
		return
	}
	record := append(append([]byte{wire.TunnelSealed}, t.other[:wire.TagSize]...), p...)
	if !t.post(t.via, record) && t.err == nil {
		t.endLocked(errPath, "")
	}
}

func (t *tunnel) Remote() peer.Hello         { return t.remote }
func (t *tunnel) RemoteAddr() netip.AddrPort { return netip.AddrPort{} }
func (t *tunnel) LocalAddr() netip.Addr      { return netip.Addr{} }
func (t *tunnel) Done() <-chan struct{}      { return t.done }

// ReadMessage returns what the other side wrote, then why the tunnel ended.
func (t *tunnel) ReadMessage() ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.inbox) == 0 {
		if t.err != nil {
			return nil, t.err
		}
		t.change.Wait()
	}
	p := t.inbox[0]
	t.inbox[0] = nil
	t.inbox = t.inbox[1:]
	t.waiting -= uint64(len(p))
	t.read += uint64(len(p))
	if t.read-t.credited >= tunnelWindow/4 && t.err == nil {
		t.credited = t.read
		t.sealLocked(wire.SealedCredit, binary.BigEndian.AppendUint64(nil, t.read))
	}
	return p, nil
}

// WriteMessage waits while too much is under way.
func (t *tunnel) WriteMessage(p []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.err == nil && t.sent-t.credit > tunnelWindow/4 && t.sent-t.credit+uint64(len(p)) > tunnelWindow {
		t.change.Wait()
	}
	if t.err != nil {
		return t.err
	}
	t.sent += uint64(len(p))
	t.sealLocked(wire.SealedMessage, p)
	return nil
}

// Ping measures one round trip through the tunnel.
func (t *tunnel) Ping(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	t.mu.Lock()
	if t.err != nil {
		defer t.mu.Unlock()
		return 0, t.err
	}
	t.lastPing++
	n, pong := t.lastPing, make(chan struct{})
	if t.pings == nil {
		t.pings = make(map[uint64]chan struct{})
	}
	t.pings[n] = pong
	t.sealLocked(wire.SealedPing, binary.BigEndian.AppendUint64(nil, n))
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		delete(t.pings, n)
		t.mu.Unlock()
	}()
	select {
	case <-pong:
		return time.Since(start), nil
	case <-t.done:
		return 0, errPath
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Close ends the tunnel and tells the other side why, if it listens.
func (t *tunnel) Close(cause error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	farewell := cause.Error()
	if errors.Is(cause, errReplaced) {
		farewell = closeReplaced
	}
	t.endLocked(cause, farewell)
	return nil
}

func (t *tunnel) endLocked(cause error, farewell string) {
	if t.err != nil {
		return
	}
	t.err = cause
	close(t.done)
	if farewell != "" && t.sender != nil {
		t.sealLocked(wire.SealedClose, []byte(farewell))
	}
	t.change.Broadcast()
}

// watch ends a tunnel that stays silent.
func (t *tunnel) watch(stop <-chan struct{}) {
	tick := time.NewTicker(tunnelQuiet)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.nudge(time.Now())
		case <-t.done:
			return
		case <-stop:
			return
		}
	}
}

func (t *tunnel) nudge(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	quiet := now.Sub(t.heard)
	if quiet >= tunnelDead {
		t.endLocked(errSilent, errSilent.Error())
		return
	}
	if quiet >= tunnelQuiet && t.sender != nil {
		t.sealLocked(wire.SealedPing, make([]byte, 8))
	}
}
