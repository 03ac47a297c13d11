package transfer

import (
	"context"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// tick is how often it is looked how far a transfer is: as often as a program is
// told, and often enough for people to see it move.
const tick = 250 * time.Millisecond

// followed is a transfer that is being shown.
type followed struct {
	Transfer
	deal     Deal
	patience time.Duration // how long the other side is waited for
	forgets  bool          // what comes to us is not kept if it is cut off
	show     func(Event)

	at       share.Progress
	meter    meter
	accepted time.Time // zero: not yet
	vanished time.Time // zero: it is there
}

// follow shows how far f is until it has ended, and returns how it ended. When
// ctx ends it is canceled.
func (f *followed) follow(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var gaveUp error
	for {
		f.look(time.Now())
		if gaveUp == nil && !f.vanished.IsZero() && time.Since(f.vanished) >= f.patience {
			gaveUp = &VanishedError{After: f.patience}
			f.Cancel()
		}
		select {
		case <-ticker.C:
		case <-f.Done():
			return f.ended(gaveUp)
		case <-ctx.Done():
			f.Cancel()
			<-f.Done()
			_ = f.ended(errInterrupted)
			return context.Cause(ctx)
		}
	}
}

// look tells how far it is now.
func (f *followed) look(now time.Time) {
	f.at = f.Progress()
	if f.at.Peer.Instance != f.deal.Peer.Instance && f.at.Peer.Name != "" {
		f.deal.Peer = f.at.Peer
	}
	if f.at.Phase > share.Asking && f.at.Phase != share.Done {
		f.accept(now)
	}
	if f.at.Phase != share.Waiting {
		f.vanished = time.Time{}
	} else if f.vanished.IsZero() {
		f.vanished = now
	}
	if f.at.Phase == share.Done {
		return
	}
	if f.at.Phase == share.Moving || f.at.Phase == share.Waiting {
		f.meter.add(now, f.at.BytesDone-f.at.Skipped) // the wait for a yes is not slowness
	}
	f.show(Progress{Deal: f.deal, At: f.at, Rate: f.meter.rate(), Left: f.left(now)})
}

// left returns how long it will take or, while the other side is gone, how much
// longer it is waited for.
func (f *followed) left(now time.Time) time.Duration {
	if !f.vanished.IsZero() {
		return max(0, f.patience-now.Sub(f.vanished))
	}
	return f.meter.left(f.at.Bytes - f.at.BytesDone)
}

// accept notes that the other side has said yes.
func (f *followed) accept(now time.Time) {
	if !f.accepted.IsZero() {
		return
	}
	f.accepted = now
	if !f.deal.Incoming {
		f.show(Accepted{f.deal})
	}
}

// ended tells how it ended, and returns it; instead is why we ended it.
func (f *followed) ended(instead error) error {
	now := time.Now()
	f.look(now)
	err := f.Err()
	if err != nil && instead != nil {
		err = instead
	}
	for _, w := range f.Warnings() {
		f.show(Warning{Text: warning(w)})
	}
	if err == nil {
		f.accept(now)
		f.show(Completed{Deal: f.deal, At: f.at, Took: now.Sub(f.accepted)})
		return nil
	}
	if f.accepted.IsZero() && !f.deal.Incoming {
		f.show(Refused{Deal: f.deal, Reason: err})
		return err
	}
	f.show(Failed{Deal: f.deal, At: f.at, Err: err, Lost: f.forgets})
	return err
}
