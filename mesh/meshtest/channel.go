package meshtest

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	bytestream "github.com/lanyap/lanyap/peer/stream"
)

// chunk is how much of a channel is carried at a time.
const chunk = 64 << 10

// carryChannels joins the channels that the sender of a direction opens to ones at
// its target. back is the other direction.
func (d *direction) carryChannels(back *direction) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		near, err := d.from.AcceptChannel(context.Background())
		if err != nil {
			return
		}
		far, err := d.to.OpenChannel()
		if err != nil {
			near.Reset(err.Error())
			continue
		}
		wg.Go(func() { d.carryChannel(near, far) })
		wg.Go(func() { back.carryChannel(far, near) })
	}
}

// carryChannel carries bytes one way, when the path and its delay allow.
func (d *direction) carryChannel(from, to *bytestream.Conn) {
	buf := make([]byte, chunk)
	for {
		n, err := from.Read(buf)
		due := time.Now().Add(d.link.delay())
		if !d.passable(due) {
			from.Reset("the link is gone")
			to.Reset("the link is gone")
			return
		}
		if _, failed := to.Write(buf[:n]); failed != nil {
			from.Reset(failed.Error())
			return
		}
		switch {
		case errors.Is(err, io.EOF):
			_ = to.CloseWrite()
			return
		case err != nil:
			to.Reset(err.Error())
			return
		}
	}
}
