package keeper

import (
	"bytes"
	"encoding/json"
	"math"
	"net"
	"sync"
	"time"
)

const (
	// maxUnread is how many bytes of lines may wait for a page that does not read.
	maxUnread = 4 << 20

	// writeLimit is how long a page may take to take in some of what waits.
	writeLimit = 30 * time.Second

	// lastLimit is the same for what is said at the end of a stream.
	lastLimit = time.Second
)

// outbox writes lines to a stream, in their order, without having anybody wait. When
// too much waits, see bound, the stream is closed: a page that opens another is told all
// that counts once more.
type outbox struct {
	conn net.Conn
	wake chan struct{} // one token: there is something to write
	done chan struct{} // closed when the stream has ended

	mu     sync.Mutex // guards what follows
	lines  []byte
	most   int // of lines, in bytes
	closed bool
}

func newOutbox(conn net.Conn) *outbox {
	return &outbox{conn: conn, wake: make(chan struct{}, 1), done: make(chan struct{}), most: math.MaxInt}
}

// bound bounds what may wait from now on. A stream begins with all that is so, which has
// bounds of its own: if that were too much, no other stream would be of any use.
func (o *outbox) bound() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.most = max(maxUnread, len(o.lines)+maxUnread/4)
}

// tell has a line written.
func (o *outbox) tell(line any) {
	text := encode(line)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	if len(o.lines)+len(text) > o.most {
		o.closed = true
		_ = o.conn.Close()
		return
	}
	o.lines = append(o.lines, text...)
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// busy reports whether much waits: what can be left out should be.
func (o *outbox) busy() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.lines) > maxUnread/4
}

// run writes until the stream ends, and then what still waits.
func (o *outbox) run() {
	for {
		select {
		case <-o.wake:
			if !o.write(writeLimit) {
				return
			}
		case <-o.done:
			o.write(lastLimit)
			return
		}
	}
}

// write writes all that waits, and reports whether that could be done.
func (o *outbox) write(limit time.Duration) bool {
	o.mu.Lock()
	lines := o.lines
	o.lines = nil
	o.mu.Unlock()
	if len(lines) == 0 {
		return true
	}
	_ = o.conn.SetWriteDeadline(time.Now().Add(limit))
	_, err := o.conn.Write(lines)
	if err != nil {
		_ = o.conn.Close() // who reads from it notices
	}
	return err == nil
}

// end is called once, when the stream has ended.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	close(o.done)
}

// encode returns a line. It is no part of a page's markup, where < would have to be
// written as six characters.
func encode(line any) []byte {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(line); err != nil {
		panic(err) // all of them can be
	}
	return text.Bytes()
}

// writeLine writes a line to a stream that ends with it.
func writeLine(conn net.Conn, line any) {
	_ = conn.SetWriteDeadline(time.Now().Add(writeLimit))
	_, _ = conn.Write(encode(line))
}
