package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh"
)

// Config is what [Run] needs.
type Config struct {
	Node    Node
	Room    string // its name
	Private bool   // it has a secret
	Members *Room
	Face    Face
	Input   Input           // nil: say nothing
	Source  Source          // what Input reads from
	Wait    int             // say nothing before so many others are here, and give up after Timeout; 0: whoever is here, see Source
	For     string          // NAME or ID of the one without whom nothing is said; empty: anybody
	Timeout time.Duration   // for others to come, and for them to have what was said
	Notes   []Warning       // shown at the start
	Quiet   bool            // do not show who comes and goes
	Files   Files           // nil: none are moved
	Verify  Verifier        // nil: nobody can be verified
	Page    func() []string // where browsers find the page this node serves; nil: it serves none
	Invite  func() []string // the same addresses as invites; nil: the room is open
	Brief   bool            // go as soon as all is said and confirmed: nobody reads what others say
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

// AbsentError says that the one for whom something was to be said is not here.
type AbsentError struct{ Name string }

func (e *AbsentError) Error() string { return fmt.Sprintf("%q is not in the room", e.Name) }

// PendingError names who is here and has not confirmed what was said, and who
// is said to be here and was not met before it was said.
type PendingError struct {
	Peers   []mesh.Peer
	Missing []mesh.Sighting
}

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

	// settleLimit is how long it may take, once somebody is here, to meet the
	// others that are said to be. On a LAN they are met within 0.3 s, and over a
	// third within 1.5 s. What was said three seconds before is live for them.
	settleLimit = 3 * time.Second

	// A chat that has said everything stays until nothing was heard for a lull:
	// of two programs that each pipe in a few lines, the one that is done first
	// must not be gone before the other has spoken. In a busy room it goes
	// after lingerLimit all the same.
	lull        = 300 * time.Millisecond
	lingerLimit = 2 * time.Second
)

// session is one run of a chat.
type session struct {
	Config
	need     int           // others to be here before anything is said
	gate     chan struct{} // closed once they were
	came     chan struct{} // one token: somebody came or went since it was taken
	broken   chan error    // one error that ends the chat from inside
	ended    chan struct{} // closed when there are no more events
	warned   sync.Once     // of a history that cannot be kept
	foreign  sync.Once     // tells of somebody with another secret
	open     sync.Once     // closes gate
	receipts *receipts
	settled  chan struct{}   // closed when those were met who are said to be here, or it took too long
	missing  []mesh.Sighting // who was not met; before that nobody looks at it

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
		came:     make(chan struct{}, 1),
		broken:   make(chan error, 1),
		ended:    make(chan struct{}),
		settled:  make(chan struct{}),
		receipts: newReceipts(),
	}
	if cfg.Quiet {
		s.Face = quiet{cfg.Face}
	}
	page := cfg.pageURLs()
	s.show(Ready{Self: cfg.Node.Self(), Room: cfg.Room, Private: cfg.Private, Addrs: cfg.Node.Addrs(), Page: page})
	if len(page) > 0 {
		s.show(Page{page})
	}
	for _, note := range cfg.Notes {
		s.show(note)
	}

	if cfg.Files != nil {
		cfg.Files.Open(func(ev transfer.Event) { s.show(Moved{ev}) })
	}
	if cfg.Verify != nil {
		cfg.Verify.Open(s.asked)
	}
	cfg.Members.book.Watch(func(text string) { s.show(Warning{Text: text}) })
	events, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go s.follow(events)

	speaking, hush := context.WithCancel(ctx)
	err := s.converse(speaking)
	hush()
	var late []mesh.Peer
	if err == nil && ctx.Err() == nil {
		late = s.latecomers()
	}
	kept := s.hangUp(ctx, late)
	if ctx.Err() != nil {
		// A signal that came while the chat was ending, or at one moment with
		// the end of input as for all of a pipeline, is what ended it.
		return context.Cause(ctx)
	}
	if err == nil {
		return kept
	}
	return err
}

func (c *Config) pageURLs() []string {
	if c.Page == nil {
		return nil
	}
	return c.Page()
}

// converse runs everything between coming and going.
func (s *session) converse(ctx context.Context) error {
	if err := s.await(ctx); err != nil {
		if errors.Is(err, errLeave) {
			return nil
		}
		return err
	}
	var spoken, said, over <-chan struct{}
	var late <-chan time.Time
	if s.Input != nil {
		spoken, said = s.send(ctx)
		over = s.Input.Ended()
	}
	for {
		select {
		case <-spoken:
			if s.Source == FromTerminal {
				return nil // leaving delivers what was said
			}
			spoken = nil
		case <-said:
			if err := s.reachAll(ctx); err != nil {
				return err
			}
			if err := s.finishFiles(ctx); err != nil {
				return err
			}
			if !s.Brief {
				s.linger(ctx)
			}
			return s.verdict()
		case <-over:
			over, late = nil, time.After(s.Timeout)
		case <-late:
			pending := s.unmet()
			pending.Peers = append(s.receipts.pending(s.Members), pending.Peers...)
			return pending
		case err := <-s.broken:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// finishFiles returns when nothing is being sent or fetched any more.
func (s *session) finishFiles(ctx context.Context) error {
	if s.Files == nil {
		return nil
	}
	select {
	case <-s.Files.Idle():
		return nil
	case err := <-s.broken:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// reachAll returns when those were met who are said to be here.
func (s *session) reachAll(ctx context.Context) error {
	select {
	case <-s.settled:
		return nil
	case err := <-s.broken:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// verdict returns how a chat ended that has said everything.
func (s *session) verdict() error {
	if err := s.receipts.verdict(); err != nil {
		return err
	}
	if pending := s.unmet(); len(pending.Peers)+len(pending.Missing) > 0 {
		return pending
	}
	return nil
}

// linger returns when the room has been quiet for a moment.
func (s *session) linger(ctx context.Context) {
	limit := time.NewTimer(lingerLimit)
	defer limit.Stop()
	for {
		s.mu.Lock()
		wait := lull - time.Since(s.heard)
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
// pipe that nobody reads or the node hangs; with latecomers Timeout, for no
// receipt speaks for them. It returns an error if they did not confirm, or if
// the history file lacks something.
func (s *session) hangUp(ctx context.Context, late []mesh.Peer) error {
	s.mu.Lock()
	s.leaving = true
	s.mu.Unlock()

	limit := leaveLimit
	if len(late) > 0 {
		limit = max(limit, s.Timeout)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	closed := make(chan error, 1)
	go func() {
		if s.Files != nil {
			s.Files.Close()
		}
		if s.Verify != nil {
			s.Verify.Close()
		}
		// Whether everybody took our goodbye is nothing to tell anybody, unless
		// that is how we know that they have what was said.
		left := s.Node.Leave(ctx)
		err := s.Node.Close()
		<-s.ended
		if len(late) > 0 && errors.Is(left, context.DeadlineExceeded) {
			err = &PendingError{Peers: late}
		}
		closed <- err
	}()
	select {
	case err := <-closed:
		return err
	case <-time.After(limit + closeLimit):
		return nil
	}
}

// latecomers returns who is here and was not when the last words were said.
func (s *session) latecomers() []mesh.Peer {
	return slices.DeleteFunc(s.Node.Members(), func(p mesh.Peer) bool {
		return s.receipts.spokeFor(p.Member) || s.Members.book.Blocked(p.ID)
	})
}

// asked shows that somebody wants to compare words.
func (s *session) asked(p mesh.Peer, words []string) {
	how := "lanyap trust " + p.ID.String()
	if s.Source == FromTerminal {
		how = slash(p.ID)
	}
	s.show(Asked{Peer: p, Words: words, How: how})
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
