package mesh

import "sync"

// maxForwards is what a link keeps of what others send through it, in bytes.
// A tunnel has at most tunnelWindow under way, so it takes a link that does
// not move to fill it; what comes then is dropped, and its tunnel starts anew.
const maxForwards = 2 << 20

// forwards are the relay frames that wait for one link.
type forwards struct {
	mu    sync.Mutex // guards what follows; taken last
	queue [][]byte
	size  int
}

// push reports whether there was room.
func (f *forwards) push(frame []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size+len(frame) > maxForwards {
		return false
	}
	f.queue = append(f.queue, frame)
	f.size += len(frame)
	return true
}

// fill appends frames to buf while they fit a batch.
func (f *forwards) fill(buf []byte) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.queue) > 0 {
		frame := f.queue[0]
		if len(buf) > 0 && len(buf)+len(frame) > batchSize {
			break
		}
		buf = append(buf, frame...)
		f.queue[0] = nil
		f.queue = f.queue[1:]
		f.size -= len(frame)
	}
	return buf
}

// relay queues a frame of somebody else's, or of a tunnel of ours, and reports
// whether there was room.
func (l *link) relay(frame []byte) bool {
	ok := l.forwards.push(frame)
	l.wake.set()
	return ok
}
