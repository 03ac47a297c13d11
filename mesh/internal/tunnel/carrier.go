package tunnel

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

const (
	// MaxWindow is how many bytes of messages may be under way in one direction
	// of a tunnel, whatever its end grants itself; MinWindow is what it may have
	// in the largest room.
	MaxWindow = 192 << 10
	MinWindow = 512
	// creditUnread is after how many bytes the other side is told that they have
	// been read, when more wait to be read; creditRead when none do, which is the
	// least that a window of MinWindow waits for.
	creditUnread = MaxWindow / 4
	creditRead   = MinWindow / 2
	// maxUnread is how many messages may wait to be read, whatever their size: each
	// takes some 60 bytes besides. A window of messages as short as that has no honest
	// side that could fill it.
	maxUnread = 8 << 10
)

var errOver = errors.New("mesh: tunnel is over")

// inbox is what has come and was not read.
type inbox struct {
	messages [][]byte
	part     []byte // the beginning of the next
	size     int    // of all these
	taken    int64  // what the other side may count as read, in bytes, ever
	had      int64  // what was read
	credited int64  // what the other side was told of taken
}

// add takes in a part of a message, the last or not, and reports false if it
// is more than the other side may send, in bytes or in messages. An empty message counts as none: it
// would be no bytes, and still take its place.
func (in *inbox) add(body []byte, last bool) bool {
	in.size += len(body)
	if len(in.part)+len(body) > wire.MaxMessage || in.size > MaxWindow+wire.MaxMessage || len(in.messages) == maxUnread {
		return false
	}
	if last && len(in.part) == 0 {
		in.part = body
	} else {
		in.part = append(in.part, body...)
	}
	if last && len(in.part) > 0 {
		in.messages = append(in.messages, in.part)
		in.part = nil
	}
	in.count()
	return true
}

// next returns the first message; there is one.
func (in *inbox) next() []byte {
	p := in.messages[0]
	in.messages[0] = nil
	in.messages = in.messages[1:]
	in.size -= len(p)
	in.had += int64(len(p))
	in.count()
	return p
}

// count counts what was read, and when only the beginning of a message is here
// also that: the rest may not fit the window beside it.
func (in *inbox) count() {
	taken := in.had
	if len(in.messages) == 0 {
		taken += int64(len(in.part))
	}
	in.taken = max(in.taken, taken)
}

// creditDue reports whether the other side is to be told what was read.
func (in *inbox) creditDue() bool {
	n := in.taken - in.credited
	return n >= creditUnread || n >= creditRead && len(in.messages) == 0
}

// ReadMessage returns what the other side wrote, then why the tunnel ended.
func (t *Tunnel) ReadMessage() ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.messages) == 0 {
		if t.err != nil {
			return nil, t.err
		}
		t.change.Wait()
	}
	p := t.inbox.next()
	if t.err == nil && t.creditDue() {
		t.cfg.Wake()
	}
	return p, nil
}

// WriteMessage waits until all of p has been fetched; p is not kept.
func (t *Tunnel) WriteMessage(p []byte) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.message = p
	if t.err == nil && t.dueLocked() {
		t.cfg.Wake()
	}
	for t.err == nil && len(t.message) > 0 {
		t.change.Wait()
	}
	t.message = nil
	return t.err
}

// UnderWay returns how many bytes of messages have been sent of which no credit
// says that they were read, and how many may be.
func (t *Tunnel) UnderWay() (bytes, window int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sent - t.read, t.windowLocked()
}

// Ping measures one round trip through the tunnel.
func (t *Tunnel) Ping(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	n, pong, err := t.ping()
	if err != nil {
		return 0, err
	}
	defer t.forget(n)
	select {
	case <-pong:
		return time.Since(start), nil
	case <-t.done:
		return 0, errOver
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (t *Tunnel) ping() (n uint64, pong <-chan struct{}, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return 0, nil, t.err
	}
	n, pong = t.await()
	t.pings = append(t.pings, n)
	t.cfg.Wake()
	return n, pong, nil
}

// forget takes back a ping that nobody waits for any more.
func (t *Tunnel) forget(n uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waits, n)
	t.pings = slices.DeleteFunc(t.pings, func(other uint64) bool { return other == n })
}
