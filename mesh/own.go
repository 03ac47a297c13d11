package mesh

import (
	"context"

	"github.com/lanyap/lanyap/mesh/internal/pipe"
	"github.com/lanyap/lanyap/peer"
)

// ownWay is the way to this node itself, which needs no network.
func (n *Node) ownWay() streamWay {
	return streamWay{carrierOwn, func(context.Context) (peer.HalfConn, error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.state == closed { // nobody waits for what is started now
			return nil, ErrClosed
		}
		near, far := pipe.New()
		n.wg.Go(func() { n.serveStream(far, n.self.Member, carrierOwn) })
		return near, nil
	}}
}
