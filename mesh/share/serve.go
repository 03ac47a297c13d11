package share

import (
	"context"
	"errors"
	"slices"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// seed is what pieces are served from: what we offer, or what we have got of what
// another offered.
//
// content and described are called with a session's lock held, so they take none
// under which frames are sent.
type seed interface {
	content() *manifest.Manifest
	described() []byte // the manifest as it is sent

	// read fills buf, which is as long as the piece, and returns its hash.
	read(ctx context.Context, i int, buf []byte) (tree.Hash, error)
	// pieceHashes returns those of the first pieces of a run, at most n, as far as they
	// can be known.
	pieceHashes(ctx context.Context, r bits.Run, n int) ([]tree.Hash, error)
	// root returns that of an entry's file, once it is known; if wait is set, when
	// it is.
	root(ctx context.Context, entry int, wait bool) (tree.Hash, bool, error)

	coming() coming // nil: all of it is there
}

// coming is a seed whose bytes come while it is served. Whoever asked for what has
// not come does not hold up what has.
type coming interface {
	Ready(r bits.Run) int            // how many of the first pieces of a run can be read
	Next(of *bits.Set) int           // the first piece that can
	Settled(entry int) bool          // whether all of a file can
	Want()                           // somebody asks for it
	Watch(more func()) (stop func()) // more is called when more can be read
}

// serveFrom lets the other side take what seed has. sent hears of each piece, and
// broken of each file that cannot be read.
func (p *session) serveFrom(from seed, sent func(piece, bytes int), broken func(entry int, err error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seed, p.sent, p.broken = from, sent, broken
	if p.later = from.coming(); p.later != nil {
		p.due = bits.New(from.content().Pieces())
		context.AfterFunc(p.ctx, p.later.Watch(p.rouse))
	}
}

// asked takes in a frame that asks for something.
func (p *session) asked(k proto.Kind, payload []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seed == nil {
		return errUnexpected
	}
	defer p.rouse()
	if k == proto.Describe {
		if p.described {
			return errUnexpected
		}
		p.described, p.manifest = true, p.seed.described()
		return nil
	}
	if p.later != nil {
		p.later.Want()
	}
	if k == proto.AskRoots {
		entries, err := proto.ParseAskRoots(payload, p.seed.content().Len())
		p.roots = append(p.roots, entries...)
		if len(p.roots) > proto.MaxGets {
			return ErrLimit
		}
		return err
	}
	runs, err := proto.ParseRuns(payload, nil, p.seed.content().Pieces())
	if err != nil {
		return err
	}
	switch k {
	case proto.Get:
		p.wantLocked(runs)
	case proto.AskHashes:
		p.asks = append(p.asks, runs...)
	case proto.Cancel:
		p.cancelLocked(runs)
	}
	if len(p.gets)+len(p.asks) > proto.MaxGets {
		return ErrLimit
	}
	return nil
}

// wantLocked notes what the other side waits for: in its order, or, of what has yet
// to come, in any.
func (p *session) wantLocked(runs []bits.Run) {
	if p.later == nil {
		p.gets = append(p.gets, runs...)
		return
	}
	for _, r := range runs {
		p.due.AddRun(r)
	}
}

// cancelLocked forgets what is no longer waited for.
func (p *session) cancelLocked(runs []bits.Run) {
	for _, c := range runs {
		if p.due != nil {
			p.due.RemoveRun(c)
		}
		var left []bits.Run
		for _, g := range p.gets {
			if before := (bits.Run{First: g.First, Count: min(c.First, g.End()) - g.First}); before.Count > 0 {
				left = append(left, before)
			}
			if from := max(c.End(), g.First); from < g.End() {
				left = append(left, bits.Run{First: from, Count: g.End() - from})
			}
		}
		p.gets = left
	}
}

// fill appends to b what is to be written next, about a batch of it, and reports
// whether there may be more. Only the writer calls it.
func (p *session) fill(b []byte) (_ []byte, more bool) {
	for len(b) < batch {
		p.mu.Lock()
		i, some := p.nextLocked()
		switch {
		case p.err != nil:
			p.mu.Unlock()
			return b[:0], false
		case p.parting:
			p.mu.Unlock()
			return b, false
		case len(p.manifest) > 0:
			part := p.manifest[:min(len(p.manifest), proto.MaxManifestPart)]
			p.manifest = p.manifest[len(part):]
			b = proto.AppendManifest(extend(b, 0), part, len(p.manifest) == 0)
			p.mu.Unlock()
		case p.askLocked() >= 0:
			run := p.takeAskLocked()
			p.mu.Unlock()
			b = p.answerAsk(b, run)
		case some:
			size := p.seed.content().Piece(i).Length
			if len(b) > 0 && (p.s.limiter != nil || len(b)+size > largeBuffer-proto.HeaderLen-proto.PieceHeader) {
				p.mu.Unlock()
				return b, true
			}
			p.takeLocked(i)
			p.mu.Unlock()
			b = p.servePiece(b, i, size)
			b = p.answerRoots(b)
		case len(p.roots) > 0 && len(b) == 0:
			p.mu.Unlock()
			if b = p.answerRoots(b); len(b) == 0 {
				p.findRoots()
				return b, false
			}
		default:
			more := len(b) > 0 && len(p.roots) > 0 // which are looked for next
			p.mu.Unlock()
			return b, more
		}
	}
	return b, true
}

// nextLocked returns the next piece that the other side waits for and that can be
// read.
func (p *session) nextLocked() (piece int, some bool) {
	if p.later != nil {
		i := p.later.Next(p.due)
		return i, i < p.seed.content().Pieces()
	}
	if len(p.gets) == 0 {
		return 0, false
	}
	return p.gets[0].First, true
}

func (p *session) takeLocked(i int) {
	if p.later != nil {
		p.due.Remove(i)
		return
	}
	p.gets[0].First++
	p.gets[0].Count--
	if p.gets[0].Count == 0 {
		p.gets = p.gets[1:]
	}
}

// askLocked returns which of the runs of which the hashes are wanted is next: the
// first, unless it has not come yet. -1: none.
func (p *session) askLocked() int {
	return slices.IndexFunc(p.asks, func(r bits.Run) bool { return p.later == nil || p.later.Ready(r) > 0 })
}

// takeAskLocked takes that run, or what has come of it.
func (p *session) takeAskLocked() bits.Run {
	next := p.askLocked()
	run := p.asks[next]
	if p.later != nil {
		run.Count = p.later.Ready(run)
	}
	p.asks[next].First += run.Count
	p.asks[next].Count -= run.Count
	if p.asks[next].Count == 0 {
		p.asks = slices.Delete(p.asks, next, next+1)
	}
	return run
}

// servePiece appends a piece, or that its file cannot be read.
func (p *session) servePiece(b []byte, i, size int) []byte {
	if err := p.s.waitUpload(p.ctx, size); err != nil {
		return b
	}
	start := len(b)
	b = extend(b, proto.HeaderLen+proto.PieceHeader+size)
	hash, err := p.seed.read(p.ctx, i, b[start+proto.HeaderLen+proto.PieceHeader:])
	if err == nil {
		proto.AppendPieceHead(b[:start], i, hash, size)
		if p.sent != nil {
			p.sent(i, size)
		}
		return b
	}
	return p.breakFile(b[:start], p.seed.content().Piece(i).Entry, err)
}

// breakFile says that a file cannot be read.
func (p *session) breakFile(b []byte, entry int, err error) []byte {
	if p.ctx.Err() != nil {
		return b
	}
	p.mu.Lock()
	p.cancelLocked([]bits.Run{p.seed.content().PiecesOf(entry)})
	p.mu.Unlock()
	if p.broken != nil {
		p.broken(entry, err)
	}
	return proto.AppendFailed(extend(b, 0), entry, codeOf(err))
}

// answerAsk appends hashes: all of those asked for that can be known, and then
// none, if that was not all.
func (p *session) answerAsk(b []byte, run bits.Run) []byte {
	b = extend(b, 0)
	for run.Count > 0 {
		hashes, err := p.seed.pieceHashes(p.ctx, run, min(run.Count, proto.MaxHashes))
		if err != nil || len(hashes) == 0 {
			return proto.AppendHashes(b, run.First, nil)
		}
		b = proto.AppendHashes(b, run.First, hashes)
		run.First += len(hashes)
		run.Count -= len(hashes)
		if len(b) >= batch && run.Count > 0 {
			p.mu.Lock()
			p.asks = append([]bits.Run{run}, p.asks...)
			p.mu.Unlock()
			return b
		}
	}
	return b
}

// answerRoots appends those roots that are waited for and known. Meanwhile they count
// as waited for, and more are put behind them.
func (p *session) answerRoots(b []byte) []byte {
	p.mu.Lock()
	entries := p.roots
	p.mu.Unlock()
	if len(entries) == 0 {
		return b
	}
	var unknown []int
	for _, e := range entries {
		root, known, err := p.seed.root(p.ctx, e, false)
		switch {
		case err != nil:
			b = p.breakFile(b, e, err)
		case known:
			b = proto.AppendRoots(extend(b, 0), proto.Root{Entry: e, Root: root})
		default:
			unknown = append(unknown, e)
		}
	}
	p.mu.Lock()
	p.roots = append(unknown, p.roots[len(entries):]...)
	p.mu.Unlock()
	return b
}

// rootsAtOnce is how many roots are found before they are told.
const rootsAtOnce = 64

// findRoots has those roots found that are waited for, when nothing else is: of
// files of which all pieces were asked for they are known by then.
func (p *session) findRoots() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.finding {
		return
	}
	wanted := slices.DeleteFunc(slices.Clone(p.roots), func(e int) bool { return p.later != nil && !p.later.Settled(e) })
	if len(wanted) == 0 {
		return // they have not come here yet
	}
	p.finding = true
	p.s.wg.Go(func() {
		for n, e := range wanted {
			_, _, _ = p.seed.root(p.ctx, e, true) // what is wrong is told when it is asked for
			if n%rootsAtOnce == rootsAtOnce-1 {
				p.rouse()
			}
		}
		p.mu.Lock()
		p.finding = false
		p.mu.Unlock()
		p.rouse()
	})
}

// errorsOf are the errors that codes stand for, on both sides.
var errorsOf = map[proto.Code]error{
	proto.Declined:     ErrDeclined,
	proto.NotReceiving: ErrNotReceiving,
	proto.Busy:         ErrBusy,
	proto.Taken:        ErrTaken,
	proto.Unknown:      ErrNotFound,
	proto.Withdrawn:    ErrWithdrawn,
	proto.Canceled:     ErrCanceled,
	proto.Closing:      ErrClosed,
	proto.Changed:      ErrChanged,
	proto.Unreadable:   ErrUnreadable,
	proto.Mismatch:     ErrMismatch,
	proto.NoSpace:      ErrNoSpace,
	proto.ReadOnly:     ErrReadOnly,
	proto.InUse:        ErrInUse,
	proto.Limit:        ErrLimit,
	proto.Protocol:     ErrProtocol,
}

// errorOf is what the other side says with a code.
func errorOf(c proto.Code) error {
	if err := errorsOf[c]; err != nil {
		return err
	}
	return errOther
}

var errOther = errors.New("share: ended by the other side")

// codeOf is how an error is told to the other side.
func codeOf(err error) proto.Code {
	for c, known := range errorsOf {
		if errors.Is(err, known) {
			return c
		}
	}
	if errors.Is(err, proto.ErrMalformed) || errors.Is(err, errUnexpected) {
		return proto.Protocol
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return proto.Canceled
	}
	return proto.Other
}
