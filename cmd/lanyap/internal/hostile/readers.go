//go:build linux

package hostile

import (
	"context"
	"time"
)

// deaf makes links to At, asks there for all that it may have, and reads nothing. It
// counts what stay does.
func deaf(ctx context.Context, o Order, n *Tally) error {
	return o.stay(ctx, n, func(ctx context.Context, in *insider) {
		in.asks(ctx)
		<-ctx.Done()
	})
}

// drowsy is deaf, but for one message a second that it reads; it counts them as "read".
func drowsy(ctx context.Context, o Order, n *Tally) error {
	return o.stay(ctx, n, func(ctx context.Context, in *insider) {
		in.asks(ctx)
		for ctx.Err() == nil {
			if _, err := in.ReadMessage(); err != nil {
				return
			}
			n.Add("read")
			rest(ctx, time.Second)
		}
	})
}

// asks asks for the history, so often that it is a flood.
func (in *insider) asks(ctx context.Context) {
	for range 1000 {
		if ctx.Err() != nil || in.WriteMessage(frame(frameAsk, []byte{0}, []byte{0xff, 0xff})) != nil {
			return
		}
	}
}
