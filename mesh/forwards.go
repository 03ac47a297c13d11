package mesh

import (
	"sync"

	"github.com/lanyap/lanyap/peer"
)

// What a link keeps of what others send through it, in bytes. A tunnel has at
// most tunnelWindow under way, so it takes a link that does not move to fill
// it; what comes then is dropped, and its tunnel starts anew. One neighbour has
// a share, so that whoever floods drops its own.
const (
	maxForwards  = 4 << 20
	forwardShare = 1 << 20
)

// forward is a relay frame and the neighbour that it came from, or this node.
type forward struct {
	frame []byte
	from  peer.Instance
}

// forwards are the relay frames that wait for one link.
type forwards struct {
	mu     sync.Mutex // guards what follows; taken last
	queue  []forward
	size   int
	shares map[peer.Instance]int
}

// push reports whether there was room.
func (f *forwards) push(frame []byte, from peer.Instance) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size+len(frame) > maxForwards || f.shares[from]+len(frame) > forwardShare {
		return false
	}
	if f.shares == nil {
		f.shares = make(map[peer.Instance]int)
	}
	f.queue = append(f.queue, forward{frame, from})
	f.size += len(frame)
	f.shares[from] += len(frame)
	return true
}

// fill appends frames to buf while they fit a batch.
func (f *forwards) fill(buf []byte) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.queue) > 0 {
		frame, from := f.queue[0].frame, f.queue[0].from
		if len(buf) > 0 && len(buf)+len(frame) > batchSize {
			break
		}
		buf = append(buf, frame...)
		f.queue[0] = forward{}
		f.queue = f.queue[1:]
		f.size -= len(frame)
		if f.shares[from] -= len(frame); f.shares[from] == 0 {
			delete(f.shares, from)
		}
	}
	return buf
}

// relay queues a frame of somebody else's, or of a tunnel of ours, and reports
// whether there was room.
func (l *link) relay(frame []byte, from peer.Instance) bool {
	ok := l.forwards.push(frame, from)
	l.wake.set()
	return ok
}
