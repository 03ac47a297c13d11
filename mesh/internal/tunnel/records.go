package tunnel

import (
	"encoding/binary"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
	"github.com/lanyap/lanyap/peer/name"
)

const (
	// partSize is how much of a message goes into one record at the most: what
	// comes behind it on a link waits no longer than for that.
	partSize = 16 << 10
	// maxPongs is how many pings are answered that wait at a time; who asks
	// faster than answers go out gets no more.
	maxPongs = 8
)

// outbox is what is to be sent, as far as it is not sealed.
type outbox struct {
	message  []byte // what is left of the one that is being written
	sent     int64  // bytes of messages, ever
	read     int64  // of those, what the other side has read
	pings    []uint64
	pongs    [][]byte
	farewell string // why the tunnel was closed, to be told
}

// dueLocked reports whether Next has something.
func (t *Tunnel) dueLocked() bool {
	if t.sender == nil {
		return false
	}
	if t.err != nil {
		return t.farewell != ""
	}
	return len(t.pings) > 0 || len(t.pongs) > 0 || t.creditDue() || len(t.message) > 0 && t.roomLocked() > 0
}

// roomLocked returns how many bytes may be sent now: at least half of the
// window, or none, so that parts do not become ever smaller.
func (t *Tunnel) roomLocked() int {
	window := t.windowLocked()
	if free := window - (t.sent - t.read); free >= window/2 {
		return int(free)
	}
	return 0
}

func (t *Tunnel) windowLocked() int64 { return min(max(t.cfg.Window.Load(), MinWindow), MaxWindow) }

// Next returns the record that is to be sent now, nil if there is none. What is
// returned has to be sent, and in this order.
func (t *Tunnel) Next(now time.Time) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.dueLocked() {
		return nil
	}
	switch {
	case t.err != nil:
		farewell := t.farewell
		t.farewell = ""
		return t.sealLocked(wire.SealedClose, []byte(farewell))
	case len(t.pongs) > 0:
		pong := t.pongs[0]
		t.pongs = t.pongs[1:]
		return t.sealLocked(wire.SealedPong, pong)
	case len(t.pings) > 0:
		n := t.pings[0]
		t.pings = t.pings[1:]
		t.owe(now)
		return t.sealLocked(wire.SealedPing, binary.BigEndian.AppendUint64(nil, n))
	case t.creditDue():
		t.credited = t.taken
		return t.sealLocked(wire.SealedCredit, binary.BigEndian.AppendUint64(nil, uint64(t.taken)))
	}
	return t.nextPartLocked(now)
}

// nextPartLocked seals as much of the message as there is room for.
func (t *Tunnel) nextPartLocked(now time.Time) []byte {
	n := min(len(t.message), partSize, t.roomLocked())
	part := t.message[:n]
	t.message = t.message[n:]
	t.sent += int64(n)
	t.owe(now)
	t.busy()
	if len(t.message) > 0 {
		return t.sealLocked(wire.SealedPart, part)
	}
	t.change.Broadcast()
	return t.sealLocked(wire.SealedMessage, part)
}

func (t *Tunnel) sealLocked(kind byte, body []byte) []byte {
	plain := append(append(make([]byte, 0, 1+len(body)), kind), body...)
	sealed, err := t.sender.Seal(nil, plain)
	if err != nil {
		return nil // after 2^96 records
	}
	record := append(make([]byte, 0, 1+wire.TagSize+len(sealed)), wire.TunnelSealed)
	record = append(record, t.other[:wire.TagSize]...)
	return append(record, sealed...)
}

// Due reports whether Next has something now.
func (t *Tunnel) Due() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dueLocked()
}

// Open takes in what the other side sealed for this tunnel, without its tag. It
// reports whether that was from the other side indeed.
func (t *Tunnel) Open(ciphertext []byte, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil || t.recipient == nil {
		return false
	}
	p, err := t.recipient.Open(nil, ciphertext)
	if err != nil || len(p) == 0 {
		t.endLocked(ErrSeal, ErrSeal.Error())
		return false
	}
	t.hear(now)
	t.takeLocked(p[0], p[1:], now)
	t.change.Broadcast()
	if t.dueLocked() {
		t.cfg.Wake()
	}
	return true
}

func (t *Tunnel) takeLocked(kind byte, body []byte, now time.Time) {
	switch kind {
	case wire.SealedPart, wire.SealedMessage:
		if !t.add(body, kind == wire.SealedMessage) {
			t.endLocked(ErrWindow, ErrWindow.Error())
		}
		t.busy()
	case wire.SealedCredit:
		if len(body) == 8 {
			t.read = max(t.read, int64(min(binary.BigEndian.Uint64(body), uint64(t.sent))))
		}
	case wire.SealedPing:
		if len(t.pongs) < maxPongs {
			t.pongs = append(t.pongs, body[:min(len(body), 8)])
		}
	case wire.SealedPong:
		t.answered(body)
	case wire.SealedClose:
		t.endLocked(closeCause(string(body)), "")
	}
}

func closeCause(text string) error {
	if text == Replaced {
		return peer.ErrReplaced
	}
	return &peer.CloseError{Reason: name.Clean(text, 200)}
}
