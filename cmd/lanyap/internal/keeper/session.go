package keeper

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
)

const (
	linesASecond = 50
	linesAtOnce  = 200

	// maxOpen is how many offers of a page are open at once, and how many that it has
	// accepted.
	maxOpen = 16

	// maxTexts is how many texts wait for a page that has no stream, and maxTextBytes how
	// long their lines may be together: each of the longest fits, as people write them.
	maxTexts     = 16
	maxTextBytes = 2 << 20

	// tick is how often it is looked how far transfers are.
	tick = 200 * time.Millisecond
)

// session is what a keeper does for one page.
type session struct {
	k       *Keeper
	page    mesh.Member
	dir     string
	sharer  *share.Sharer
	limiter *rate.Limiter // of lines
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	wake    chan struct{} // one token: run has something to look at
	ended   chan struct{} // closed when nothing is left of it

	mu    sync.Mutex // guards what follows; taken before the keeper's
	box   *outbox    // of the page's stream; nil: it has none
	since time.Time  // when it had one
	over  bool       // it ends, whoever comes
	out   map[string]*outgoing
	in    map[string]*incoming
	texts []textLine // not told yet

	textBytes int // of their lines
}

// newSession begins to act for a page.
func newSession(k *Keeper, page mesh.Member) (*session, error) {
	dir, err := k.newDirLocked()
	if err != nil {
		return nil, fmt.Errorf("%s cannot keep files: %w", k.Node.Self().Name, reason(err))
	}
	sharer, err := share.Open(k.Node, share.Config{StateDir: filepath.Join(dir, "state"), Receive: true, For: page, Logger: k.Logger})
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	s := &session{
		k: k, page: page, dir: dir, sharer: sharer,
		limiter: rate.NewLimiter(linesASecond, linesAtOnce),
		wake:    make(chan struct{}, 1),
		ended:   make(chan struct{}),
		since:   time.Now(),
		out:     make(map[string]*outgoing),
		in:      make(map[string]*incoming),
	}
	s.ctx, s.cancel = context.WithCancel(k.ctx)
	return s, nil
}

// run lives as long as the session.
func (s *session) run() {
	s.wg.Go(s.takeOffers)
	s.watch()
	s.cancel()
	_ = s.sharer.Close() // what has not arrived was told
	s.wg.Wait()
	if err := os.RemoveAll(s.dir); err != nil {
		s.k.log.Warn("files of a page are left", "dir", s.dir, "err", err)
	}
	s.k.forget(s)
	close(s.ended)
}

// watch returns when the page is gone for good, and nobody fetches what it took.
func (s *session) watch() {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	for {
		left, over := s.patience()
		if over {
			return
		}
		timer.Reset(left)
		select {
		case <-timer.C:
		case <-s.wake:
		case <-s.ctx.Done():
			s.mu.Lock()
			s.over = true
			s.mu.Unlock()
			return
		}
	}
}

// patience returns how much longer the page may be without a stream. When that is
// over, so is all that it does not need to be here for; and the session, when nobody
// fetches any more what it took.
func (s *session) patience() (left time.Duration, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.box != nil {
		return grace, false
	}
	if left = grace - time.Since(s.since); left > 0 {
		return left, false
	}
	for _, o := range s.out {
		o.cancel(errPageGone)
	}
	reading := false
	for _, in := range s.in {
		if in.readers > 0 {
			reading = true
			continue
		}
		in.dropLocked()
	}
	s.over = !reading
	return grace, s.over
}

var errPageGone = fmt.Errorf("the page is gone: %w", share.ErrCanceled)

// rouse has watch look again.
func (s *session) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// serve serves a stream of the page to its end. It reports false if the session has
// ended, and a new one has to be begun.
func (s *session) serve(conn net.Conn) bool {
	box := newOutbox(conn)
	if !s.attach(box) {
		return false
	}
	writing := make(chan struct{})
	go func() {
		defer close(writing)
		box.run()
	}()
	s.read(conn)
	box.end()
	<-writing
	_ = conn.Close()
	s.detach(box)
	return true
}

// attach tells a stream from now on what happens, and first what is so now. It takes
// the place of the one before, of which the page knows that it is broken.
func (s *session) attach(box *outbox) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	if s.box != nil {
		_ = s.box.conn.Close()
	}
	s.box = box
	s.tellLocked(readyLine{"ready"})
	for _, text := range s.texts {
		s.tellLocked(text)
	}
	s.texts, s.textBytes = nil, 0
	for _, o := range s.out {
		o.tellAgainLocked()
	}
	for _, in := range s.in {
		in.tellAgainLocked()
	}
	box.bound()
	s.rouse()
	return true
}

func (s *session) detach(box *outbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.box == box {
		s.box, s.since = nil, time.Now()
		s.rouse()
	}
}

// tellLocked tells the page something, if it is there.
func (s *session) tellLocked(line any) {
	if s.box != nil {
		s.box.tell(line)
	}
}

func (s *session) tell(line any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tellLocked(line)
}

// tellProgressLocked tells how far something is, unless the page has enough to read.
func (s *session) tellProgressLocked(line progressLine) {
	if s.box != nil && !s.box.busy() {
		s.box.tell(line)
	}
}

// read does what the page says, until the stream ends.
func (s *session) read(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if s.limiter.Wait(s.ctx) != nil {
			return
		}
		s.do(lines.Bytes())
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		s.tell(endLine{Is: "mistake", Why: fmt.Sprintf("a line has more than %d bytes", maxLine)})
	}
}

// do does what a line says.
func (s *session) do(line []byte) {
	var o order
	err := json.Unmarshal(line, &o)
	switch {
	case errors.Is(err, errManyFiles):
		err = errManyFiles
	case err != nil:
		err = errors.New("this is no line of the protocol")
	default:
		err = s.obey(o)
	}
	if err != nil {
		s.tell(endLine{Is: "mistake", ID: o.ID, Why: err.Error()})
	}
}

// obey carries out an order. An error is a mistake of the page; what fails in the
// course of it is told of otherwise.
func (s *session) obey(o order) error {
	switch o.Do {
	case "offer":
		return s.offer(o)
	case "withdraw":
		return s.withdraw(o.ID)
	case "accept":
		return s.accept(o.ID)
	case "decline":
		return s.decline(o.ID)
	case "cancel":
		if s.withdraw(o.ID) == nil {
			return nil
		}
		return s.cancelIncoming(o.ID)
	case "forget":
		return s.forgetIncoming(o.ID)
	}
	return nil // from a page that knows more
}

// errNoOffer is that something is about an offer that there is not.
var errNoOffer = errors.New("there is no such offer, or no longer")
