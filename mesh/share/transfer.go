package share

import (
	"context"
	"encoding/hex"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// maxWarnings is how many warnings and failures are kept of a transfer.
const maxWarnings = 64

// Transfer is a content on its way: from us to one ID, or to us. Its methods may
// be used by several goroutines at once.
type Transfer struct {
	incoming bool
	in       *download // what comes in
	key      [32]byte
	cancel   context.CancelCauseFunc
	done     chan struct{}
	release  func() bool // of what the Sharer's end would do

	sent, received atomic.Int64 // bytes of content
	current        atomic.Int64 // the number of the last piece that moved, and 1
	m              atomic.Pointer[manifest.Manifest]

	mu       sync.Mutex // guards what follows
	progress Progress
	landed   []Landed
	more     chan struct{} // closed and replaced when landed grows
	warnings []error
	err      error
}

// newTransfer returns a transfer, and the context that it lives in: that ends
// with parent, with Cancel, and with the Sharer.
func (s *Sharer) newTransfer(parent context.Context, incoming bool, key [32]byte) (*Transfer, context.Context) {
	ctx, cancel := context.WithCancelCause(parent)
	t := &Transfer{
		incoming: incoming,
		key:      key,
		cancel:   cancel,
		release:  context.AfterFunc(s.ctx, func() { cancel(ErrClosed) }),
		done:     make(chan struct{}),
		more:     make(chan struct{}),
	}
	return t, ctx
}

// Phase is what a transfer is doing.
type Phase int

// The phases, in the order in which most transfers see them.
const (
	Connecting Phase = iota // looking for the other side
	Asking                  // the other side has not decided yet
	Moving                  // bytes are moving
	Verifying               // what is there is compared, or landed
	Waiting                 // the other side is gone, and is waited for
	Done                    // ended, well or not: see Err
)

// String returns the phase in lower case.
func (p Phase) String() string {
	return [...]string{"connecting", "asking", "moving", "verifying", "waiting", "done"}[p]
}

// Progress is how far a transfer is. Counts never go back.
type Progress struct {
	Phase     Phase
	Peer      mesh.Peer // the other side; who is offered first, until one has accepted
	Files     int       // in all
	FilesDone int       // verified at the receiver, with those that were there already
	Bytes     int64     // in all
	BytesDone int64     // verified at the receiver, with those that were there already
	Skipped   int64     // of those that were there already, bytes
	Sent      int64     // bytes of content that we sent for it, to whomever
	Received  int64     // bytes of content that we got for it, from whomever
	Holders   int       // from how many we fetch now
	Current   string    // the path of a file that moves now
}

// Landed is an item that has arrived. To its sender they are told when all have.
type Landed struct {
	Item
	Path    string   // where it is at its receiver: Destination.Dir joined with its name there; empty at its sender
	Root    [32]byte // of a file: its BLAKE3 hash; of a folder zero
	Skipped bool     // its name was taken, and it was left out for that (Skip)
}

// Incoming reports whether it comes to us.
func (t *Transfer) Incoming() bool { return t.incoming }

// Key names the content: BLAKE3 of its manifest, in hex. The same files, with the
// same times, have the same key wherever they are sent.
func (t *Transfer) Key() string { return hex.EncodeToString(t.key[:]) }

// Done is closed when the transfer has ended.
func (t *Transfer) Done() <-chan struct{} { return t.done }

// Err returns how it ended: nil if all of it has arrived, or if it has not ended
// yet.
func (t *Transfer) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// Wait waits until it has ended and returns Err; or ctx's error.
func (t *Transfer) Wait(ctx context.Context) error {
	select {
	case <-t.done:
		return t.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Progress returns how far it is. It costs little: ask as often as you draw.
func (t *Transfer) Progress() Progress {
	t.mu.Lock()
	p := t.progress
	t.mu.Unlock()
	p.Sent, p.Received = t.sent.Load(), t.received.Load()
	if m, at := t.m.Load(), t.current.Load(); m != nil && at > 0 && p.Phase == Moving {
		p.Current = m.Path(m.Piece(int(at - 1)).Entry)
	}
	return p
}

// Landed yields the items as they arrive, from the first on, and ends when the
// transfer has ended, or with ctx.
func (t *Transfer) Landed(ctx context.Context) iter.Seq[Landed] {
	return func(yield func(Landed) bool) {
		for next := 0; ; {
			t.mu.Lock()
			landed, more := t.landed, t.more
			t.mu.Unlock()
			for ; next < len(landed); next++ {
				if !yield(landed[next]) {
					return
				}
			}
			if more == nil {
				return // it has ended
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Warnings returns what went wrong and did not end it, as far as it is known: a
// [Failure] of a file, a member that gave wrong bytes and was [Dropped]. The
// first 64.
func (t *Transfer) Warnings() []error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.warnings[:len(t.warnings):len(t.warnings)]
}

// Dropped is a warning: a member gave wrong bytes, and nothing more is taken
// from it.
type Dropped struct {
	Peer mesh.Peer
	Err  error
}

func (d Dropped) Error() string { return d.Peer.Name + " was dropped: " + d.Err.Error() }

func (d Dropped) Unwrap() error { return d.Err }

// Cancel ends it. The other side is told. What has arrived is kept, and goes on
// when the same is offered again.
func (t *Transfer) Cancel() { t.cancel(ErrCanceled) }

// update changes the progress.
func (t *Transfer) update(change func(*Progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.progress)
}

func (t *Transfer) phase(p Phase) { t.update(func(pr *Progress) { pr.Phase = p }) }

func (t *Transfer) warn(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.warnings) < maxWarnings {
		t.warnings = append(t.warnings, err)
	}
}

func (t *Transfer) land(l Landed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.landed = append(t.landed, l)
	close(t.more)
	t.more = make(chan struct{})
}

// end is called once.
func (t *Transfer) end(err error) {
	t.mu.Lock()
	t.err = err
	t.progress.Phase = Done
	t.progress.Holders = 0
	more := t.more
	t.more = nil
	t.mu.Unlock()
	close(more)
	close(t.done)
	t.release()
	t.cancel(nil)
}
