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
}

// serveFrom lets the other side take what seed has. sent hears of each piece, and
// broken of each file that cannot be read.
func (p *session) serveFrom(from seed, sent func(piece, bytes int), broken func(entry int, err error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seed, p.sent, p.broken = from, sent, broken
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
		p.gets = append(p.gets, runs...)
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

// cancelLocked forgets what is no longer waited for.
func (p *session) cancelLocked(runs []bits.Run) {
	for _, c := range runs {
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
		case len(p.asks) > 0:
			run := p.asks[0]
			p.asks = p.asks[1:]
			p.mu.Unlock()
			b = p.answerAsk(b, run)
		case len(p.gets) > 0:
			i := p.gets[0].First
			size := p.seed.content().Piece(i).Length
			if len(b) > 0 && (p.s.limiter != nil || len(b)+size > largeBuffer-proto.HeaderLen-proto.PieceHeader) {
				p.mu.Unlock()
				return b, true
			}
			p.takeGetLocked()
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

func (p *session) takeGetLocked() {
	p.gets[0].First++
	p.gets[0].Count--
	if p.gets[0].Count == 0 {
		p.gets = p.gets[1:]
	}
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

// answerRoots appends those roots that are waited for and known.
func (p *session) answerRoots(b []byte) []byte {
	p.mu.Lock()
	entries := p.roots
	p.roots = nil
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
	p.roots = append(unknown, p.roots...)
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
	p.finding = true
	wanted := slices.Clone(p.roots)
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
