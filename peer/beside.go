package peer

import (
	"sync"

	"github.com/lanyap/lanyap/peer/stream"
)

// besideLabel names the data channel that streams run over, of which each side
// may open one.
const besideLabel = "lanyap streams"

// besideInFlight is how many bytes of it may be on their way: what is said on
// the link comes behind that. It is less than SCTP's smallest window
// (minWindow), so that there is always room for a message, and enough for
// 60 MB/s at 2 ms. More than that is no faster, where a socket has the 208 KiB
// of an ordinary Linux for what arrives.
const besideInFlight = 128 << 10

// besides hands the data channel that the other side has opened to the link,
// whichever of the two is there first.
type besides struct {
	mu      sync.Mutex // guards what follows
	waiting stream.Carrier
	take    func(stream.Carrier)
}

func (b *besides) give(c stream.Carrier) {
	b.mu.Lock()
	take := b.take
	if take == nil {
		b.waiting = c
	}
	b.mu.Unlock()
	if take != nil {
		take(c)
	}
}

func (b *besides) takeWith(f func(stream.Carrier)) {
	b.mu.Lock()
	c := b.waiting
	b.take, b.waiting = f, nil
	b.mu.Unlock()
	if c != nil {
		f(c)
	}
}
