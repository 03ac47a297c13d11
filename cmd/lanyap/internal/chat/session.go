package chat

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

// Config is what [Run] needs.
type Config struct {
	Node    Node
	Room    string // its name
	Members *Room
	Face    Face
	Input   Input         // nil: say nothing
	Source  Source        // what Input reads from
	Wait    int           // say nothing before so many others are here, and give up after Timeout; 0: one, see Source
	Timeout time.Duration // for others to come, and for them to have what was said
	Notes   []Warning     // shown at the start
}

// Ways in which a chat ends before or after it has said everything; test with
// errors.Is and errors.As.
var (
	ErrNobody  = errors.New("nobody else is in the room")
	ErrUnheard = errors.New("nobody has what was said")
	ErrUnsaid  = errors.New("not everything could be said") // each was shown as a Warning
)

// TooFewError says that some came, but not as many as were waited for.
type TooFewError struct{ Here, Wanted int }

func (e *TooFewError) Error() string {
	return fmt.Sprintf("%d of the %d others waited for are in the room", e.Here, e.Wanted)
}

// PendingError names who is here and has not confirmed what was said.
type PendingError struct{ Peers []mesh.Peer }

func (e *PendingError) Error() string { return "not confirmed by everybody in time" }

// FaceError says that what happens can no longer be shown.
type FaceError struct{ Cause error }

func (e *FaceError) Error() string { return "output: " + e.Cause.Error() }

// Unwrap returns the error of the write.
func (e *FaceError) Unwrap() error { return e.Cause }

const (
	// How long leaving takes at most after a signal, and closing
	// after that: together well under the 2 s in which the program has to be gone.
	leaveLimit = time.Second
	closeLimit = 500 * time.Millisecond

	// A chat that has said everything stays until nothing was heard for quiet:
	// of two programs that each pipe in a few lines, the one that is done first
	// must not be gone before the other has spoken. In a busy room it goes
	// after lingerLimit all the same.
	quiet       = 300 * time.Millisecond
	lingerLimit = 2 * time.Second
)

// session is one run of a chat.
type session struct {
	Config
	need     int           // others to be here before anything is said
	gate     chan struct{} // closed once they were
	broken   chan error    // one error that ends the chat from inside
	ended    chan struct{} // closed when there are no more events
	open     sync.Once     // closes gate
	receipts *receipts

	mu      sync.Mutex // guards heard, leaving
	heard   time.Time  // when somebody last came or spoke
	leaving bool
}

// Run chats until the input is said, the input is a terminal and ends, ctx is
// done (its cause is returned) or something fails. It leaves politely and
// closes the node, whatever the end.
func Run(ctx context.Context, cfg Config) error {
	s := &session{
		Config:   cfg,
		need:     max(cfg.Wait, 1),
		gate:     make(chan struct{}),
		broken:   make(chan error, 1),
		ended:    make(chan struct{}),
		receipts: newReceipts(),
	}
	s.show(Ready{Self: cfg.Node.Self(), Room: cfg.Room, Addrs: cfg.Node.Addrs()})
	for _, note := range cfg.Notes {
		s.show(note)
	}

	events, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go s.follow(events)

	speaking, hush := context.WithCancel(ctx)
	err := s.converse(speaking)
	hush()
	s.hangUp(ctx)
	return err
}

// converse runs everything between coming and going.
func (s *session) converse(ctx context.Context) error {
	if err := s.await(ctx); err != nil {
		if errors.Is(err, errLeave) {
			return nil
		}
		return err
	}
	var said, over <-chan struct{}
	var late <-chan time.Time
	if s.Input != nil {
		said = s.send(ctx)
		over = s.Input.Ended()
	}
	for {
		select {
		case <-said:
			s.linger(ctx)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return s.receipts.verdict()
		case <-over:
			if s.Source == FromTerminal {
				return nil
			}
			over, late = nil, time.After(s.Timeout)
		case <-late:
			return &PendingError{Peers: s.receipts.pending(s.Members)}
		case err := <-s.broken:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// errLeave ends a chat before its beginning without fault.
var errLeave = errors.New("left at once")

// await returns nil when enough others have come.
func (s *session) await(ctx context.Context) error {
	var clock <-chan time.Time
	var ended <-chan struct{}
	if s.Input != nil {
		ended = s.Input.Ended()
	}
	if s.Wait > 0 || s.Source == FromFile {
		clock = time.After(s.Timeout)
	}
	if s.Source == FromNothing && clock == nil {
		return nil
	}
	for {
		select {
		case <-s.gate:
			return nil
		case <-ended:
			if s.Source == FromTerminal {
				return errLeave
			}
			if clock == nil {
				clock = time.After(s.Timeout)
			}
			ended = nil
		case <-clock:
			here := s.Members.Len()
			if here == 0 {
				return ErrNobody
			}
			return &TooFewError{Here: here, Wanted: s.need}
		case err := <-s.broken:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// linger returns when the room has been quiet for a moment.
func (s *session) linger(ctx context.Context) {
	limit := time.NewTimer(lingerLimit)
	defer limit.Stop()
	for {
		s.mu.Lock()
		wait := quiet - time.Since(s.heard)
		s.mu.Unlock()
		if wait <= 0 {
			return
		}
		select {
		case <-time.After(wait):
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// hangUp leaves, shows what was still on its way to us, and closes the node.
// It takes leaveLimit and closeLimit at most, even where standard output is a
// pipe that nobody reads or the node hangs.
func (s *session) hangUp(ctx context.Context) {
	s.mu.Lock()
	s.leaving = true
	s.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
	defer cancel()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		// Whether everybody took our goodbye is nothing to tell anybody: we are off.
		_ = s.Node.Leave(ctx)
		_ = s.Node.Close()
		<-s.ended
	}()
	select {
	case <-closed:
	case <-time.After(leaveLimit + closeLimit):
	}
}

// fail ends the chat with err, unless something else has ended it before.
func (s *session) fail(err error) {
	select {
	case s.broken <- err:
	default:
	}
}

// show hands ev to the face.
func (s *session) show(ev Event) {
	if err := s.Face.Show(ev); err != nil {
		s.fail(&FaceError{Cause: err})
	}
}
