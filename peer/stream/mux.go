package stream

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

const (
	// maxStreams is how many may be open at once of those that one side opened.
	maxStreams = 64
	// maxRefused is how many refusals may wait to be sent. Who opens more without
	// taking them in does nothing else.
	maxRefused = 4 * maxStreams

	// initial is what may be sent on a stream before its first credit; window is
	// what may be unread of one at the most, and shared of all together.
	initial = 16 << 10
	window  = 256 << 10
	shared  = 1 << 20
)

// ErrTooMany is what Open returns when 64 of our streams are open.
var ErrTooMany = errors.New("stream: too many streams")

var errFlood = fmt.Errorf("%w: it opens streams without end", ErrProtocol)

// Config is what a [Mux] needs.
type Config struct {
	// Accept is given the streams that the other side opens; nil, or full: they
	// are refused. Nothing ever waits for it.
	Accept chan<- *Conn
	// Wake is called when Append may have something again; nil for [Mux.Carry].
	// It must not block, nor call the Mux.
	Wake func()
	// Local and Remote are the addresses of the Conns.
	Local, Remote net.Addr
}

// Mux is one end of a carrier. Its methods may be used by several goroutines at
// once, but Take and Append by one each.
type Mux struct {
	cfg  Config
	wake chan struct{} // holds a token when Append may have something
	done chan struct{}

	mu      sync.Mutex // guards what follows, and all of the Conns
	streams map[uint32]*Conn
	opened  [2]int    // how many of streams are theirs, and ours
	last    [2]uint32 // the highest number of theirs, and ours
	refused []refusal
	urgent  []*Conn // that have something else than data to send, in turns
	bulk    []*Conn // that have data
	err     error   // why it is over
}

// refusal is a reset of a stream that was never taken in.
type refusal struct {
	number uint32
	reason string
}

// NewMux returns an end of a carrier.
func NewMux(cfg Config) *Mux {
	return &Mux{
		cfg: cfg, wake: make(chan struct{}, 1), done: make(chan struct{}),
		streams: make(map[uint32]*Conn),
	}
}

// side is the index of whose stream a number is of.
func side(number uint32) int { return int(number >> 31) }

// Open begins a stream. It does not wait for the other side, which may refuse it:
// then the stream ends with a [*ResetError].
func (m *Mux) Open() (*Conn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return nil, m.err
	}
	if m.opened[1] >= maxStreams || m.last[1] == ours-1 {
		return nil, ErrTooMany
	}
	m.last[1]++
	c := m.addLocked(m.last[1] | ours)
	c.openDue = true
	c.dueLocked()
	return c, nil
}

func (m *Mux) addLocked(number uint32) *Conn {
	c := newConn(m, number)
	m.streams[number] = c
	m.opened[side(number)]++
	return c
}

// removeLocked forgets a stream of which nothing more is sent or taken in.
func (m *Mux) removeLocked(c *Conn) {
	if m.streams[c.number] == c {
		delete(m.streams, c.number)
		m.opened[side(c.number)]--
	}
	if c.linger != nil {
		c.linger.Stop()
	}
}

// windowLocked is how much may be unread of one stream.
func (m *Mux) windowLocked() int64 {
	return min(window, max(initial, shared/int64(max(len(m.streams), 1))))
}

// Take takes in a frame from the other side, which it does not keep. It never
// waits. An error is a breach of the protocol, and has ended all streams.
func (m *Mux) Take(p []byte) error {
	f, err := parse(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	if err == nil {
		err = m.takeLocked(f)
	}
	if err != nil {
		m.endLocked(err)
	}
	return err
}

func (m *Mux) takeLocked(f frame) error {
	if f.kind < kindOpen || f.kind > kindReset {
		return nil
	}
	if f.kind == kindOpen {
		return m.takeOpenLocked(f.number)
	}
	if f.number&^ours > m.last[side(f.number)] {
		return ErrProtocol // nobody has opened it
	}
	c := m.streams[f.number]
	if c == nil {
		return nil // it is over here; they did not know
	}
	switch f.kind {
	case kindData:
		return c.takeDataLocked(f.body)
	case kindCredit:
		c.credit = max(c.credit, f.credit)
		c.dueLocked()
	case kindEnd:
		c.endedLocked()
	case kindReset:
		c.overLocked(&ResetError{Reason: f.reason})
	}
	return nil
}

func (m *Mux) takeOpenLocked(number uint32) error {
	if number&ours != 0 || number <= m.last[0] {
		return ErrProtocol
	}
	m.last[0] = number
	if m.opened[0] >= maxStreams {
		return m.refuseLocked(number, "too many streams")
	}
	c := m.addLocked(number)
	select {
	case m.cfg.Accept <- c:
		return nil
	default:
		m.removeLocked(c)
		return m.refuseLocked(number, "busy")
	}
}

func (m *Mux) refuseLocked(number uint32, reason string) error {
	if len(m.refused) >= maxRefused {
		return errFlood
	}
	m.refused = append(m.refused, refusal{number, reason})
	m.wakeLocked()
	return nil
}

func (m *Mux) wakeLocked() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
	if m.cfg.Wake != nil {
		m.cfg.Wake()
	}
}

// Append appends to buf the frame that is to be sent now, of at most most bytes,
// which is more than a header and a reason take; nothing if none is due. What is
// appended has to be sent, and in this order.
func (m *Mux) Append(buf []byte, most int) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return buf
	}
	if len(m.refused) > 0 {
		r := m.refused[0]
		m.refused = m.refused[1:]
		return append(appendHeader(buf, kindReset, r.number), r.reason...)
	}
	for _, turns := range []*[]*Conn{&m.urgent, &m.bulk} {
		for len(*turns) > 0 {
			c := (*turns)[0]
			(*turns)[0] = nil
			*turns = (*turns)[1:]
			before := len(buf)
			if turns == &m.urgent {
				c.inUrgent = false
				buf = c.appendUrgentLocked(buf)
			} else {
				c.inBulk = false
				buf = c.appendDataLocked(buf, min(most, MaxFrame))
			}
			c.dueLocked()
			if len(buf) > before {
				return buf
			}
		}
	}
	return buf
}

// Due reports whether Append has something.
func (m *Mux) Due() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err == nil && (len(m.refused) > 0 || len(m.urgent) > 0 || len(m.bulk) > 0)
}

// End ends all streams. Only the first cause counts.
func (m *Mux) End(cause error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.endLocked(cause)
}

func (m *Mux) endLocked(cause error) {
	if m.err != nil {
		return
	}
	if errors.Is(cause, io.EOF) {
		cause = io.ErrUnexpectedEOF // nobody is to take it for the end of a stream
	}
	m.err = cause
	for _, c := range m.streams {
		c.overLocked(cause)
	}
	m.refused, m.urgent, m.bulk = nil, nil, nil
	close(m.done)
	m.wakeLocked()
}

// Err returns why the streams are over, or nil.
func (m *Mux) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// Done is closed when the streams are over.
func (m *Mux) Done() <-chan struct{} { return m.done }
