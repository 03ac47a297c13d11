package mesh

import (
	"sync"
	"time"
)

// maxPosted is how many opens and keys may wait for one link; what is more is
// lost, and tried again.
const maxPosted = 4 * maxTunnels

// outlets is what of our own tunnels goes over a link: nothing of it is sealed
// before there is room for it there.
type outlets struct {
	mu     sync.Mutex    // guards what follows
	posted [][]byte      // opens and keys, which come first
	due    []*tunnelLink // that have something to send, in their turns
}

// post adds a frame.
func (o *outlets) post(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.posted) < maxPosted {
		o.posted = append(o.posted, frame)
	}
}

// add adds a tunnel that has something to send.
func (o *outlets) add(t *tunnelLink) {
	if t.queued.Swap(true) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.due = append(o.due, t)
}

// next returns a frame that was posted, or else the tunnel whose turn it is.
func (o *outlets) next() (frame []byte, t *tunnelLink) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.posted) > 0 {
		frame, o.posted = o.posted[0], o.posted[1:]
		return frame, nil
	}
	if len(o.due) > 0 {
		t = o.due[0]
		o.due[0] = nil
		o.due = o.due[1:]
		t.queued.Store(false)
	}
	return nil, t
}

func (o *outlets) waiting() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.posted) > 0 || len(o.due) > 0
}

// fillOutlets appends to buf what is due of our own tunnels over a link.
func (n *Node) fillOutlets(l *link, buf []byte, now time.Time) []byte {
	for len(buf) < batchSize {
		frame, t := l.outlets.next()
		if t != nil {
			if record := t.Next(now); record != nil {
				frame = n.wrap(t.To(), record)
			}
			if t.Due() {
				l.outlets.add(t)
			}
		} else if frame == nil {
			return buf
		}
		buf = append(buf, frame...)
	}
	return buf
}
