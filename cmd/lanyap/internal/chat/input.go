package chat

import (
	"bytes"
	"context"
	"io"
	"sync"
)

// ReadAhead is how many bytes of input are read before they can be said.
const ReadAhead = 64 << 10

// Source is what kind of thing input comes from; it decides when a chat in
// which nobody is gives up.
type Source int

const (
	FromNothing  Source = iota // say nothing, run until ended from outside
	FromPipe                   // may go on for ever: the clock starts at its end
	FromFile                   // is all there: the clock starts at once
	FromTerminal               // a person: never gives up, and leaves at once at the end
)

// Utterance is one thing to say.
type Utterance struct {
	Text string
	To   *string // NAME or ID of the one it is for; nil: all
	Whom string  // by which people know that one; empty: To
	Ref  string  // by which whoever said it knows what becomes of it; may be empty

	Order *Order // what is to be done about files; there is no Text then
}

// Order is one thing to do about files: one of the three is set.
type Order struct {
	Send    string // a path
	Get     string // the number or ID of an offer
	Dir     string // for Get, where to
	Decline string // the number or ID of an offer
}

// Input yields what is to be said.
type Input interface {
	// Next returns the next utterance, io.EOF at the end, a *MistakeError for
	// one that cannot be said (there may be more behind it), or ctx's error.
	Next(ctx context.Context) (Utterance, error)

	// Ended is closed when the end of input has been seen, which may be while
	// utterances are still to be taken.
	Ended() <-chan struct{}
}

// lineReader reads lines from r in a goroutine of its own, at most ReadAhead
// bytes ahead of who takes them. A read from a pipe cannot be interrupted, so
// that goroutine lives until r yields something after close, or for as long as
// the program.
type lineReader struct {
	r       io.Reader
	arrived chan struct{} // one token: buf has grown or err is set
	taken   chan struct{} // one token: buf has shrunk
	ended   chan struct{} // closed with err

	mu  sync.Mutex // guards buf, err
	buf []byte
	err error // of r, after buf
}

func newLineReader(r io.Reader) *lineReader {
	l := &lineReader{
		r:       r,
		arrived: make(chan struct{}, 1),
		taken:   make(chan struct{}, 1),
		ended:   make(chan struct{}),
	}
	go l.fill()
	return l
}

func (l *lineReader) fill() {
	chunk := make([]byte, 4<<10)
	for {
		l.mu.Lock()
		room := ReadAhead - len(l.buf)
		l.mu.Unlock()
		if room == 0 {
			<-l.taken
			continue
		}
		n, err := l.r.Read(chunk[:min(room, len(chunk))])
		l.mu.Lock()
		l.buf = append(l.buf, chunk[:n]...)
		l.err = err
		l.mu.Unlock()
		if err != nil {
			close(l.ended)
		}
		signal(l.arrived)
		if err != nil {
			return
		}
	}
}

// signal leaves a token in c unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// line returns the next line without its end. Of a line longer than limit it
// keeps the first limit bytes and returns its whole length.
func (l *lineReader) line(ctx context.Context, limit int) (line []byte, length int, err error) {
	for {
		part, end, err := l.part()
		length += len(part)
		line = append(line, part[:min(len(part), limit-len(line))]...)
		if end || err != nil && length > 0 {
			return line, length, nil
		}
		if err != nil {
			return nil, 0, err
		}
		if len(part) > 0 {
			continue
		}
		select {
		case <-l.arrived:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

// part takes what has been read of the current line. end says that its line
// feed was there; err is set when nothing more will come.
func (l *lineReader) part() (part []byte, end bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	part, rest, end := bytes.Cut(l.buf, []byte{'\n'})
	part = bytes.Clone(part)
	l.buf = l.buf[:copy(l.buf, rest)]
	if len(part) > 0 || end {
		signal(l.taken)
	}
	if !end && len(l.buf) == 0 {
		err = l.err
	}
	return part, end, err
}
