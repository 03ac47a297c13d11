package mesh

import (
	"time"

	"github.com/lanyap/lanyap/mesh/internal/budget"
	"github.com/lanyap/lanyap/mesh/internal/wire"
	"github.com/lanyap/lanyap/peer"
)

// What a link may bring in a second, and as much at once: far more than whoever means
// something by it. Who brings more is read more slowly, which is all that it feels; no
// message is dropped for it. On two cores of 2.6 GHz a member that says as much as it
// can brought at most 17,300 frames (of one byte each), 1,200 link messages and 41 MB
// a second: a machine five times as fast is not slowed.
const (
	intakeMessages = 20_000  // link messages
	intakeFrames   = 100_000 // frames of the other side's own
	intakeBytes    = 256 << 20

	// intakeCarried is what it may pass on of others, in frames. Each of these is held
	// to the above where it comes in, so one or two that flood a third through the
	// other side do not have that one read slowly. A frame costs half a microsecond.
	intakeCarried = 400_000
)

// intake is what a link has brought. Only its reader uses it.
type intake struct {
	of                               peer.Instance // the other side
	messages, frames, bytes, carried budget.Bucket
}

func newIntake(of peer.Instance) intake {
	ofSecond := func(n float64) budget.Bucket { return budget.Bucket{Burst: n, PerSecond: n} }
	return intake{of, ofSecond(intakeMessages), ofSecond(intakeFrames), ofSecond(intakeBytes), ofSecond(intakeCarried)}
}

// load is what one link message brings.
type load struct{ frames, carried, bytes int }

// add counts a frame. One that is relayed is the other side's own if it says so.
func (w *load) add(f wire.Frame, of peer.Instance) {
	w.frames++
	if f.Type != wire.TypeRelay {
		return
	}
	if r, err := wire.ParseRelay(f.Payload); err == nil && r.From != of {
		w.frames--
		w.carried++
	}
}

// spend takes in a link message and returns how long to wait for the next.
func (in *intake) spend(now time.Time, w load) time.Duration {
	return max(
		in.messages.Spend(now, 1), in.frames.Spend(now, float64(w.frames)),
		in.carried.Spend(now, float64(w.carried)), in.bytes.Spend(now, float64(w.bytes)),
	)
}
