package share

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/peer"
)

// source is a stream from which a download fetches.
type source struct {
	d      *download
	sess   *session
	origin bool // it is of who offered the content
	ended  chan struct{}

	// Guarded by d.mu.
	asked *bits.Set // what it was asked for and has not given; nil before the manifest is known
	has   *bits.Set // of a mate: what it says it has; nil of who offers it
	list  *list     // of hashes that a mate is asked for
}

func (src *source) holder() peer.Instance { return src.sess.who.Instance }

// fetch serves a stream to its end.
func (d *download) fetch(sess *session, origin bool) error {
	src := d.attach(sess, origin)
	for {
		kind, n, err := sess.next()
		if err == nil {
			err = src.frame(kind, n)
		}
		if err != nil {
			return d.detach(src, err)
		}
	}
}

// attach takes a stream in. One to the same member makes way for it: whoever has
// opened this one knows that the other is broken.
func (d *download) attach(sess *session, origin bool) *source {
	src := &source{d: d, sess: sess, origin: origin, ended: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	if old := d.sources[src.holder()]; old != nil {
		d.leaveLocked(old)
		old.sess.fail(errReplaced)
	}
	if d.shut || d.over && origin {
		sess.part(proto.Finished)
		return src
	}
	d.sources[src.holder()] = src
	d.retry = retry{}
	switch {
	case d.plan != nil:
		d.joinLocked(src)
		d.pumpLocked()
		if !d.over {
			d.t.phase(Moving)
		}
	case d.m == nil && d.describer == nil && origin:
		d.describer, d.parts = src, nil
		sess.send(func(b []byte) []byte { return proto.Empty(b, proto.Describe) })
	}
	if origin {
		d.t.update(func(p *Progress) { p.Peer = sess.who })
	}
	return src
}

var errReplaced = errors.New("share: another stream to the same member took its place")

// joinLocked lets a source be asked for pieces.
func (d *download) joinLocked(src *source) {
	src.asked = bits.New(d.m.Pieces())
	if !src.origin {
		d.greetLocked(src)
		return
	}
	d.plan.Joined(time.Now(), src.holder(), nil, true)
	d.askAgainLocked()
	for e, stage := range d.stage {
		if stage == fileRootAsked {
			d.stage[e] = fileOpen // by a stream that is gone
		}
		if d.stage[e] == fileOpen && d.left[e] == 0 {
			d.askRootLocked(e)
		}
	}
	d.doubtAgainLocked()
	d.askDoubtsLocked()
}

// leaveLocked has nothing more asked of a source.
func (d *download) leaveLocked(src *source) {
	delete(d.sources, src.holder())
	if d.plan != nil {
		d.plan.Left(time.Now(), src.holder())
	}
	if d.describer == src {
		d.describer = nil
	}
	close(src.ended)
}

// detach takes in that a stream is at its end, and returns why.
func (d *download) detach(src *source, err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sources[src.holder()] != src {
		return err
	}
	d.leaveLocked(src)
	if src.origin {
		d.askListsLocked()
	} else {
		d.mateLeftLocked(src, err)
	}
	d.pumpLocked()
	if d.over {
		return err
	}
	var bye byeError
	switch {
	case !src.origin:
	case errors.As(err, &bye) && bye.code != proto.Closing:
		d.fatalLocked(errorOf(bye.code))
	case !lost(err) && bye.code == 0:
		d.fatalLocked(fmt.Errorf("%w (%w)", errorOf(codeOf(err)), err))
	}
	if len(d.sources) == 0 {
		d.t.phase(Waiting)
	}
	return err
}

// frame takes in what a source sent.
func (src *source) frame(kind proto.Kind, n int) error {
	if kind == proto.Piece {
		return src.piece()
	}
	payload, err := src.sess.in.Payload()
	if err != nil {
		return err
	}
	switch kind {
	case proto.Manifest:
		return src.described(payload)
	case proto.Roots:
		return src.roots(payload)
	case proto.Failed:
		return src.failed(payload)
	case proto.Hashes:
		return src.sums(payload)
	case proto.Peers:
		return src.peers(payload)
	case proto.Have:
		return src.have(payload)
	case proto.Got:
		return src.got(payload)
	case proto.Fetching:
		return src.fetching(payload)
	case proto.Get, proto.Cancel, proto.AskHashes, proto.AskRoots:
		return src.sess.asked(kind, payload)
	}
	return errUnexpected
}

// described takes in a part of the manifest.
func (src *source) described(payload []byte) error {
	part, last, err := proto.ParseManifest(payload)
	if err != nil {
		return err
	}
	d := src.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.describer != src || d.m != nil {
		return errUnexpected
	}
	if len(d.parts)+len(part) > manifest.MaxSize {
		return ErrLimit
	}
	d.parts = append(d.parts, part...)
	if !last {
		return nil
	}
	m, err := manifest.Decode(bytes.NewReader(d.parts))
	d.parts, d.describer = nil, nil
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	case m.Key() != manifest.Key(d.key), !d.offeredAs(m):
		return ErrMismatch
	}
	d.m = m
	d.t.m.Store(m)
	close(d.known)
	d.rouse()
	return nil
}

// offeredAs reports whether a manifest is what somebody has agreed to: whoever says
// yes to a picture is not to get a program.
func (d *download) offeredAs(m *manifest.Manifest) bool {
	if m.Files() != d.files || m.Size() != d.size || m.Items() != d.count || len(d.items) != min(d.count, proto.MaxItems) {
		return false
	}
	for i, it := range d.items {
		if it != itemOf(m, i) {
			return false
		}
	}
	return true
}

// piece reads a piece that was asked for, and passes it to who writes it.
func (src *source) piece() error {
	d := src.d
	i, hash, size, err := src.sess.in.PieceHead()
	if err != nil {
		return err
	}
	d.mu.Lock()
	fits := src.asked != nil && i < d.m.Pieces() && src.asked.Remove(i) && d.m.Piece(i).Length == size
	to := d.large
	if fits && d.m.PiecesOf(d.m.Piece(i).Entry).Count == 1 {
		to = d.small
	}
	useless := fits && src.has != nil && !d.vouchedLocked(src, i, size, &hash)
	d.mu.Unlock()
	if !fits {
		return errUnexpected
	}
	if useless {
		return nil // the rest of the frame is skipped
	}
	if !d.room.take(size) {
		return ErrClosed
	}
	data := buffer(size)
	if err := src.sess.in.Full(data); err != nil {
		d.room.give(size)
		release(data)
		return err
	}
	select {
	case to <- arrival{from: src, i: i, hash: hash, data: data}:
		return nil
	case <-d.quit:
		return ErrClosed
	}
}

// roots takes in what files should be, by whoever offered them.
func (src *source) roots(payload []byte) error {
	d := src.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plan == nil || !src.origin {
		return errUnexpected
	}
	roots, err := proto.ParseRoots(payload, d.m.Len())
	if err != nil {
		return err
	}
	for _, r := range roots {
		if err := d.rootLocked(r); err != nil {
			return err
		}
	}
	return nil
}

// failed takes in that a file will not come from a source.
func (src *source) failed(payload []byte) error {
	d := src.d
	d.mu.Lock()
	defer d.mu.Unlock()
	entry, code, err := proto.ParseFailed(payload)
	if err != nil {
		return err
	}
	if src.asked == nil || entry >= d.m.Len() || d.m.Kind(entry) != manifest.File {
		return errUnexpected // or it came too late, and is asked for nothing
	}
	run := d.m.PiecesOf(entry)
	for i := run.First; i < run.End(); i++ {
		src.asked.Remove(i)
	}
	d.plan.Failed(time.Now(), src.holder(), run)
	if src.origin {
		d.failLocked(entry, errorOf(code))
	}
	d.pumpLocked()
	return nil
}

// retry is when to dial again those who may have what is missing.
type retry struct {
	at      time.Time
	delay   time.Duration
	dialing bool
}

const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// redial looks for who has what is missing, when nobody is left.
func (d *download) redial() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.originLocked() != nil || d.over || d.retry.dialing || now.Before(d.retry.at) {
		return
	}
	d.retry.delay = min(max(2*d.retry.delay, firstRetry), lastRetry)
	d.retry.at = now.Add(d.retry.delay/2 + rand.N(d.retry.delay/2))
	d.retry.dialing = true
	d.s.wg.Go(func() {
		for _, who := range d.s.instances(d.offerer.ID) {
			if d.offeredBy(who) {
				d.s.wg.Go(func() { d.join(who) })
			}
		}
		d.mu.Lock()
		d.retry.dialing = false
		d.mu.Unlock()
	})
}

// join fetches from a member, if it has what we fetch.
func (d *download) join(who mesh.Peer) {
	if d.path != "" {
		d.reopen(who)
		return
	}
	ctx, cancel := context.WithTimeout(d.ctx, openingTime)
	defer cancel()
	sess, err := d.s.dial(ctx, who)
	if err != nil {
		return
	}
	sess.send(func(b []byte) []byte { return proto.AppendJoin(b, d.key) })
	sess.readWithin(openingTime)
	kind, payload, err := sess.first()
	if err == nil && kind != proto.Answer {
		err = errUnexpected
	}
	if err == nil {
		var code proto.Code
		if code, err = proto.ParseCode(payload); err == nil && code != proto.Accepted {
			err = errUnexpected
		}
	}
	if err == nil {
		err = d.fetch(sess, d.offeredBy(who))
	}
	sess.end(err)
}
