package share

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
	"github.com/lanyap/lanyap/peer"
)

// Send offers a content to all programs of an ID that are here. The first to
// accept takes it; the others see the offer withdrawn, as taken. It returns at
// once: what comes of it is the transfer's to tell.
//
//   - Nobody of that ID here: [ErrNobody]; nobody who takes offers:
//     [ErrNotReceiving]; all declined: [ErrDeclined]. Each as soon as it is known.
//   - Who has accepted and vanishes is waited for until ctx ends, also when it is
//     started anew; the transfer ends with an [IncompleteError] then.
//   - A text is done when a program of that ID has shown it.
//
// ctx is for the whole of the transfer: when it ends, that ends as by
// [Transfer.Cancel].
func (s *Sharer) Send(ctx context.Context, c *Content, to peer.ID) (*Transfer, error) {
	from, err := s.originOf(c)
	if err != nil {
		return nil, err
	}
	u := &sending{s: s, c: c, from: from, to: to, joined: make(chan *session, 1)}
	u.t, u.ctx = s.newTransfer(ctx, false, from.key)
	u.t.update(func(p *Progress) { *p = Progress{Phase: Connecting, Files: c.Files, Bytes: c.Size} })
	u.t.m.Store(from.m)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	s.sendings[u] = true
	s.wg.Go(u.run)
	return u.t, nil
}

// sending is one content on its way to one ID.
type sending struct {
	s      *Sharer
	t      *Transfer
	ctx    context.Context
	c      *Content
	from   *origin
	to     peer.ID
	joined chan *session // streams that the receiver opened to go on

	mu       sync.Mutex // guards what follows
	sess     *session   // the receiver's, from when it has accepted
	accepted bool
	failures IncompleteError
	reported map[int]bool
}

func (u *sending) run() {
	err := u.main()
	u.s.mu.Lock()
	delete(u.s.sendings, u)
	u.s.mu.Unlock()
	select {
	case sess := <-u.joined:
		sess.part(proto.Canceled)
		u.s.wg.Go(func() { sess.end(nil) })
	default:
	}
	if err == nil {
		u.landed()
	}
	u.t.end(err)
	u.s.leaveOrigin(u.c)
}

// landed tells of all items that they have arrived.
func (u *sending) landed() {
	for i, it := range u.c.Items {
		l := Landed{Item: it}
		if first := u.from.m.Item(i).Entry.First; !it.Dir {
			l.Root, _, _ = u.from.root(u.ctx, first, false) // zero if it was not read: all of it was there
		}
		u.t.land(l)
	}
}

func (u *sending) main() error {
	sess, err := u.offer(u.ctx)
	if err != nil {
		return err
	}
	for {
		err, over := u.serve(sess)
		if over {
			return u.incomplete(err)
		}
		u.t.phase(Waiting)
		if sess, err = u.await(); err != nil {
			return u.incomplete(err)
		}
	}
}

// incomplete is how it ends once it was accepted.
func (u *sending) incomplete(cause error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if cause == nil && u.failures.Failed == 0 {
		return nil
	}
	whole := u.failures
	whole.Cause = cause
	return &whole
}

// offered is what came of offering it to one program.
type offered struct {
	sess *session
	err  error
}

// offer offers it to all programs of the ID, and returns the stream to the first
// that accepts.
func (u *sending) offer(parent context.Context) (*session, error) {
	all := u.s.instances(u.to)
	if len(all) == 0 {
		return nil, ErrNobody
	}
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(ErrTaken)
	u.t.update(func(p *Progress) { p.Peer = all[0] })
	answers := make(chan offered, len(all))
	for _, who := range all {
		u.s.wg.Go(func() {
			sess, err := u.offerTo(ctx, who)
			if err == nil && ctx.Err() != nil {
				sess.part(proto.Taken) // it accepted as well, a moment later
				sess.end(nil)
				err = ErrTaken
			}
			answers <- offered{sess, err}
		})
	}
	worst := ErrNobody
	for range all {
		a := <-answers
		if a.err == nil {
			cancel(ErrTaken)
			return a.sess, nil
		}
		if rank(a.err) > rank(worst) {
			worst = a.err
		}
	}
	if parent.Err() != nil {
		return nil, context.Cause(parent)
	}
	return nil, worst
}

// rank is how much an answer says of an ID of which several programs answer.
func rank(err error) int {
	for i, e := range []error{ErrDeclined, ErrBusy, ErrNotReceiving} {
		if errors.Is(err, e) {
			return 10 - i
		}
	}
	if errors.Is(err, ErrNobody) {
		return 0
	}
	return 1
}

// offerTo offers it to one program, and waits for its decision. A stream that
// breaks is tried again as long as the program is here.
func (u *sending) offerTo(ctx context.Context, who mesh.Peer) (*session, error) {
	for delay := firstRetry; ; delay = min(2*delay, lastRetry) {
		sess, err := u.propose(ctx, who)
		if err == nil || !lost(err) || errors.Is(err, ErrNotReceiving) || errors.Is(err, ErrNobody) {
			return sess, err
		}
		timer := time.NewTimer(delay)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		}
		var here bool
		if who, here = u.s.find(who.Member); !here {
			return nil, ErrNobody
		}
	}
}

func (u *sending) propose(ctx context.Context, who mesh.Peer) (*session, error) {
	sess, err := u.s.dial(ctx, who)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	sess.send(func(b []byte) []byte { return proto.AppendOffer(b, u.from.offer) })
	stop := context.AfterFunc(ctx, func() {
		code := proto.Withdrawn
		if errors.Is(context.Cause(ctx), ErrTaken) {
			code = proto.Taken
		}
		sess.part(code)
	})
	err = u.decision(sess)
	if !stop() {
		u.s.wg.Go(func() { sess.end(nil) })
		return nil, context.Cause(ctx)
	}
	if err != nil {
		sess.end(err)
		return nil, err
	}
	return sess, nil
}

// decision waits for the answer to an offer.
func (u *sending) decision(sess *session) error {
	sess.readWithin(openingTime)
	if err := sess.greet(); err != nil {
		return err
	}
	for {
		kind, _, err := sess.next()
		if err != nil {
			return err
		}
		sess.readWithin(0) // people take their time
		payload, err := sess.in.Payload()
		if err != nil {
			return err
		}
		switch kind {
		case proto.Shown:
			return nil
		case proto.Answer:
		default:
			return errUnexpected
		}
		code, err := proto.ParseCode(payload)
		switch {
		case err != nil:
			return err
		case code == proto.Accepted:
			return nil
		case code != proto.Asking:
			return errUnexpected
		}
		u.t.update(func(p *Progress) {
			if p.Phase == Connecting {
				p.Phase, p.Peer = Asking, sess.who
			}
		})
	}
}

// serve gives the receiver what it asks for, until it has all, or the stream ends.
// Unless it is over the receiver may come back.
func (u *sending) serve(sess *session) (err error, over bool) {
	u.mu.Lock()
	u.sess, u.accepted = sess, true
	u.mu.Unlock()
	u.t.update(func(p *Progress) { p.Phase, p.Peer = Moving, sess.who })
	if u.c.Text != "" {
		sess.end(nil)
		return nil, true
	}
	sess.serveFrom(u.from, u.sent, u.broken)
	u.s.introduce(u.from)
	defer u.s.introduce(u.from)
	defer u.leave(sess)
	stop := context.AfterFunc(u.ctx, func() { sess.part(codeOf(context.Cause(u.ctx))) })
	defer stop()
	for err == nil {
		err = u.frame(sess)
	}
	if errors.Is(err, errArrived) {
		sess.end(nil)
		return nil, true
	}
	sess.end(err)
	var bye byeError
	switch {
	case u.ctx.Err() != nil:
		return context.Cause(u.ctx), true
	case errors.As(err, &bye) && bye.code != proto.Closing:
		return errorOf(bye.code), true
	case !lost(err) && bye.code == 0:
		return fmt.Errorf("%w (%w)", errorOf(codeOf(err)), err), true
	}
	return err, false
}

// sent notes that a piece goes out.
func (u *sending) sent(piece, bytes int) {
	u.t.sent.Add(int64(bytes))
	u.t.current.Store(int64(piece) + 1)
}

// errArrived is that the receiver has all it will get.
var errArrived = errors.New("share: arrived")

// frame takes in what the receiver sent.
func (u *sending) frame(sess *session) error {
	kind, _, err := sess.next()
	if err != nil {
		return err
	}
	payload, err := sess.in.Payload()
	if err != nil {
		return err
	}
	switch kind {
	case proto.Describe, proto.Get, proto.Cancel, proto.AskHashes, proto.AskRoots:
		return sess.asked(kind, payload)
	case proto.Progress:
		far, err := proto.ParseProgress(payload)
		u.far(far)
		return err
	case proto.Failed:
		entry, code, err := proto.ParseFailed(payload)
		if err == nil && entry < u.from.m.Len() {
			u.broken(entry, errorOf(code))
		}
		return err
	case proto.Done:
		return errArrived
	}
	return errUnexpected
}

// far takes in how far the receiver says it is.
func (u *sending) far(far proto.Far) {
	u.t.update(func(p *Progress) {
		p.BytesDone = max(p.BytesDone, min(far.Bytes, p.Bytes))
		p.FilesDone = max(p.FilesDone, min(far.Files, p.Files))
		p.Skipped = max(p.Skipped, min(far.Skipped, p.Bytes))
		if p.BytesDone == p.Bytes {
			p.Phase = Verifying
		}
	})
}

// broken notes a file that does not arrive.
func (u *sending) broken(entry int, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.reported[entry] {
		return
	}
	if u.reported == nil {
		u.reported = make(map[int]bool)
	}
	u.reported[entry] = true
	path := u.from.m.Path(entry)
	u.failures.add(path, err)
	u.t.warn(Failure{Path: path, Err: err})
}

// await waits until the receiver is back: it opens a stream, or is offered it again,
// since it may be another start of its program, which knows nothing of it.
func (u *sending) await() (*session, error) {
	ctx, cancel := context.WithCancelCause(u.ctx)
	defer cancel(nil)
	again := make(chan offered, 1)
	u.s.wg.Go(func() {
		sess, err := u.offerAgain(ctx)
		again <- offered{sess, err}
	})
	select {
	case sess := <-u.joined:
		cancel(ErrTaken)
		if a := <-again; a.err == nil {
			u.discard(a.sess)
		}
		return sess, nil
	case a := <-again:
		return a.sess, a.err
	}
}

// offerAgain offers it until somebody accepts or declines.
func (u *sending) offerAgain(ctx context.Context) (*session, error) {
	for delay := time.Second; ; delay = min(2*delay, lastRetry) {
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		case <-timer.C:
		}
		sess, err := u.offer(ctx)
		if err == nil || errors.Is(err, ErrDeclined) {
			return sess, err
		}
	}
}

// discard ends a stream that another one to the same receiver makes useless.
func (u *sending) discard(sess *session) {
	sess.part(proto.Closing) // which does not end the transfer
	u.s.wg.Go(func() { sess.end(nil) })
}

// back takes in a stream that the receiver opened. It takes the place of the one
// before, which is broken: the receiver knows, we may not.
func (u *sending) back(sess *session) {
	u.mu.Lock()
	defer u.mu.Unlock()
	select {
	case old := <-u.joined:
		u.discard(old)
	default:
	}
	u.joined <- sess
	if u.sess != nil {
		u.sess.fail(errReplaced)
	}
}

// errHanded is that a stream has got another owner.
var errHanded = errors.New("share: stream handed on")

// takeJoin serves a stream of a member that goes on with what it accepted, or that
// fetches what we fetch too.
func (s *Sharer) takeJoin(sess *session, key tree.Hash) error {
	if s.handOn(sess, key) {
		return errHanded
	}
	d := s.downloadOf(key)
	if d == nil {
		d = s.lingeringOf(key)
	}
	if d == nil {
		return ErrNotFound
	}
	origin := d.offeredBy(sess.who)
	if !origin && !d.admits(sess.who) {
		return ErrNotFound
	}
	sess.send(acceptance)
	return d.fetch(sess, origin)
}

// handOn hands a stream to the goroutine that sends its member what it accepted.
func (s *Sharer) handOn(sess *session, key tree.Hash) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for u := range s.sendings {
		if u.from.key == key && u.to == sess.who.ID && u.hasAccepted() {
			sess.send(acceptance)
			u.back(sess)
			return true
		}
	}
	return false
}

func acceptance(b []byte) []byte { return proto.AppendCode(b, proto.Answer, proto.Accepted) }

func (u *sending) hasAccepted() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.accepted
}
