package peer

import (
	"io"
	"sync"
)

// inboxLimit is how many bytes may wait to be read, each message counting
// creditMessage besides: a browser hands over each as it comes, and only who has no
// regard for our credit gets there.
const inboxLimit = 2 * creditWindow

// inbox holds the messages of a data channel until they are read.
type inbox struct {
	mu     sync.Mutex // guards what follows
	change *sync.Cond
	queue  []inboxEntry
	size   int
	err    error // why nothing more comes
}

type inboxEntry struct {
	data []byte
	text bool
}

func newInbox() *inbox {
	b := &inbox{}
	b.change = sync.NewCond(&b.mu)
	return b
}

// put takes a message in, unless that is too much.
func (b *inbox) put(data []byte, text bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil // nobody hears it
	}
	if b.size+len(data)+creditMessage > inboxLimit {
		return errOverdrawn
	}
	b.queue = append(b.queue, inboxEntry{data, text})
	b.size += len(data) + creditMessage
	b.change.Signal()
	return nil
}

// read returns the next message, or io.ErrShortBuffer if that is longer than p, and
// keeps it then. It waits for one until the inbox ends.
func (b *inbox) read(p []byte) (int, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) == 0 {
		if b.err != nil {
			return 0, false, b.err
		}
		b.change.Wait()
	}
	m := b.queue[0]
	if len(m.data) > len(p) {
		return 0, false, io.ErrShortBuffer
	}
	b.queue[0] = inboxEntry{}
	b.queue = b.queue[1:]
	b.size -= len(m.data) + creditMessage
	return copy(p, m.data), m.text, nil
}

// end says why nothing more comes; what is there can still be read.
func (b *inbox) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	b.change.Broadcast()
}
