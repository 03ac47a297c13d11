package share

import (
	"context"
	"iter"

	"github.com/lanyap/lanyap/mesh"
)

// Transfer is a content on its way: from us to one ID, or to us.
type Transfer struct {
	done chan struct{}
}

// Phase is what a transfer is doing.
type Phase int

// The phases, in the order in which most transfers see them.
const (
	Connecting Phase = iota // looking for the other side
	Asking                  // the other side has not decided yet
	Moving                  // bytes are moving
	Verifying               // all is there; what is left is compared or landed
	Waiting                 // the other side is gone, and is waited for
	Done                    // ended, well or not: see Err
)

// String returns the phase in lower case.
func (p Phase) String() string {
	return [...]string{"connecting", "asking", "moving", "verifying", "waiting", "done"}[p]
}

// Progress is how far a transfer is. Counts never go back, but for Skipped parts
// that turn out not to be what is offered.
type Progress struct {
	Phase     Phase
	Peer      mesh.Peer // the other side; who is offered first, until one has accepted
	Files     int       // in all
	FilesDone int       // verified at the receiver, and those skipped
	Bytes     int64     // in all
	BytesDone int64     // verified at the receiver, and those skipped
	Skipped   int64     // of them were there already, in bytes
	Sent      int64     // bytes of content that we sent for it over the wire, to whomever
	Received  int64     // bytes of content that we got for it over the wire, from whomever
	Holders   int       // from how many we fetch now
	Current   string    // the path of the file that moves now; of many, one of them
}

// Landed is an item that has arrived: at its receiver, where it has its path. Of
// what we send Path is empty.
type Landed struct {
	Item
	Path    string   // where it is now: Destination.Dir joined with its name there
	Root    [32]byte // of a file: its BLAKE3 hash; of a folder zero
	Skipped bool     // it was there already, or was skipped because its name was taken
}

// Incoming reports whether it comes to us.
func (t *Transfer) Incoming() bool { return false }

// Key names the content: BLAKE3 of its manifest, in hex. The same files, with the
// same times, have the same key wherever they are sent.
func (t *Transfer) Key() string { return "" }

// Done is closed when the transfer has ended.
func (t *Transfer) Done() <-chan struct{} { return t.done }

// Err returns how it ended: nil if all of it has arrived, or if it has not ended
// yet.
func (t *Transfer) Err() error { return nil }

// Wait waits until it has ended and returns Err; or ctx's error.
func (t *Transfer) Wait(ctx context.Context) error { return errSoon }

// Progress returns how far it is. It costs little: ask as often as you draw.
func (t *Transfer) Progress() Progress { return Progress{} }

// Landed yields the items as they arrive, from the first on, and ends when the
// transfer has ended, or with ctx.
func (t *Transfer) Landed(ctx context.Context) iter.Seq[Landed] {
	return func(func(Landed) bool) {}
}

// Warnings returns what went wrong and did not end it, as far as it is known:
// a file that changed while it was sent, a member that gave wrong bytes and was
// dropped ([Dropped]). At most 64, the first ones.
func (t *Transfer) Warnings() []error { return nil }

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
func (t *Transfer) Cancel() {}
