package share

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	files "github.com/lanyap/lanyap/mesh/share/internal/source"
	"github.com/lanyap/lanyap/peer"
)

const (
	maxEntries    = 10_000 // that a path stands for
	maxRequests   = 64     // served at once
	maxRequestsOf = 8      // of one ID
)

// Shelf is a directory that others may browse and fetch from, while it is open.
type Shelf struct {
	s       *Sharer
	on      *files.Shelf
	readers []peer.ID // none: everybody
	ctx     context.Context
	cancel  context.CancelFunc
}

// Share puts a directory on a shelf, under its base name: read-only, all that is
// in it, as it is when somebody looks. With readers it is there for those IDs
// alone; others do not see that it exists. A symbolic link that leads out of it is
// not there. Two of one name are an error.
func (s *Sharer) Share(dir string, readers ...peer.ID) (*Shelf, error) {
	state, err := s.state.path()
	if err != nil {
		return nil, err
	}
	on, err := files.OpenShelf(dir, files.NewCache(filepath.Join(state, "hashes")))
	if err != nil {
		return nil, fmt.Errorf("share: %w", err)
	}
	sh := &Shelf{s: s, on: on, readers: readers}
	sh.ctx, sh.cancel = context.WithCancel(s.ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		err = ErrClosed
	case s.shelves[on.Name()] != nil:
		err = fmt.Errorf("share: there is a shelf %q already", on.Name())
	default:
		s.shelves[on.Name()] = sh
		return sh, nil
	}
	sh.cancel()
	on.Close()
	return nil, err
}

// Name is what others see, the first component of the paths on it.
func (sh *Shelf) Name() string { return sh.on.Name() }

// Close takes it down; what is being fetched from it ends.
func (sh *Shelf) Close() error {
	sh.s.mu.Lock()
	if sh.s.shelves[sh.Name()] == sh {
		delete(sh.s.shelves, sh.Name())
	}
	sh.s.mu.Unlock()
	sh.cancel()
	return sh.on.Close()
}

// gone is what who reads it is told once it is taken down: it may be there again soon
// if that is because the Sharer closes.
func (sh *Shelf) gone() error {
	if sh.s.ctx.Err() != nil {
		return ErrClosed
	}
	return ErrNotFound
}

// admits reports whether an ID may read it.
func (sh *Shelf) admits(id peer.ID) bool {
	return len(sh.readers) == 0 || slices.Contains(sh.readers, id)
}

// Entry is a file or directory on a shelf, or a shelf. What it is called is text
// from a stranger.
type Entry struct {
	Path string // from the shelf's name on, slashes
	Dir  bool
	Size int64 // of a file
	Time time.Time
}

// Shelves returns what a member's shelves are that we may read, by name.
// ErrNobody: it is not here. ErrNotReceiving: it runs no Sharer.
func (s *Sharer) Shelves(ctx context.Context, m mesh.Member) ([]Entry, error) {
	return s.list(ctx, m, "")
}

// List returns what a path on a member's shelf names: of a directory its entries,
// of a file itself. Each component but the first may be a pattern as in
// [path.Match]; of those the matches are returned, not what is in them. Sorted by
// path, at most 10,000. ErrNotFound: there is nothing, or nothing that we may read.
func (s *Sharer) List(ctx context.Context, m mesh.Member, path string) ([]Entry, error) {
	if path = strings.Trim(path, "/"); path == "" {
		return nil, ErrNotFound
	}
	return s.list(ctx, m, path)
}

func (s *Sharer) list(ctx context.Context, m mesh.Member, path string) ([]Entry, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.wg.Done()
	sess, err := s.request(ctx, m, proto.List, path)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { sess.fail(ctx.Err()) })
	entries, err := sess.entries()
	if !stop() {
		err = ctx.Err()
	}
	cause := err
	s.wg.Go(func() { sess.end(cause) })
	return entries, told(err)
}

// told is what an error says, if it is the other side's.
func told(err error) error {
	var bye byeError
	if errors.As(err, &bye) {
		return errorOf(bye.code)
	}
	return err
}

// request opens a stream that asks about a shelf.
func (s *Sharer) request(ctx context.Context, m mesh.Member, kind proto.Kind, path string) (*session, error) {
	if len(path) > proto.MaxPath {
		return nil, ErrNotFound
	}
	who, here := s.find(m)
	if !here {
		return nil, ErrNobody
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(ErrClosed) })()
	sess, err := s.dial(ctx, who)
	if err != nil {
		return nil, err
	}
	sess.send(func(b []byte) []byte { return proto.AppendPath(b, kind, path) })
	return sess, nil
}

// entries reads the answer to a list.
func (p *session) entries() ([]Entry, error) {
	if err := p.greet(); err != nil {
		return nil, err
	}
	var all []Entry
	for {
		kind, _, err := p.next()
		if err != nil {
			return nil, err
		}
		if kind != proto.Entries {
			return nil, errUnexpected
		}
		payload, err := p.in.Payload()
		if err != nil {
			return nil, err
		}
		part, last, err := proto.ParseEntries(payload)
		if err != nil {
			return nil, err
		}
		for _, e := range part {
			all = append(all, Entry(e))
		}
		if len(all) > maxEntries {
			return nil, ErrLimit
		}
		if last {
			return all, nil
		}
	}
}

// Get fetches what a path names, as [Offer.Accept] does: files, or directories
// with all that is in them. It returns as soon as the member has said what that
// is. If it is something else when the stream breaks and is opened again, the
// transfer ends with ErrChanged.
func (s *Sharer) Get(ctx context.Context, m mesh.Member, path string, dest Destination) (*Transfer, error) {
	path = strings.Trim(path, "/")
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.wg.Done()
	sess, err := s.request(ctx, m, proto.Open, path)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { sess.fail(ctx.Err()) })
	offered, err := sess.opened()
	if !stop() {
		err = ctx.Err()
	}
	var d *download
	if err == nil {
		o := &Offer{From: sess.who, key: offered.Key, Count: offered.Count, Files: offered.Files, Size: offered.Size}
		for _, it := range offered.Items {
			o.Items = append(o.Items, Item(it))
		}
		d, err = s.newDownload(ctx, o, dest, path)
	}
	if err != nil {
		s.wg.Go(func() { sess.end(err) })
		return nil, told(err)
	}
	s.wg.Go(func() { sess.end(d.fetch(sess, true)) })
	return d.t, nil
}

// opened reads the answer to an open.
func (p *session) opened() (proto.Offered, error) {
	p.readWithin(0) // a large directory takes its time
	if err := p.greet(); err != nil {
		return proto.Offered{}, err
	}
	kind, _, err := p.next()
	if err != nil {
		return proto.Offered{}, err
	}
	payload, err := p.in.Payload()
	if err != nil {
		return proto.Offered{}, err
	}
	if kind != proto.Offer {
		return proto.Offered{}, errUnexpected
	}
	return proto.ParseOffer(payload)
}

// takeRequest serves a stream that asks about a shelf.
func (s *Sharer) takeRequest(sess *session, kind proto.Kind, path string) error {
	if !s.requesting(sess.who.ID, 1) {
		return ErrBusy
	}
	defer s.requesting(sess.who.ID, -1)
	if kind == proto.List && path == "" {
		sess.sendEntries(s.names(sess.who.ID))
		return sess.written()
	}
	name, rest, _ := strings.Cut(path, "/")
	s.mu.Lock()
	sh := s.shelves[name]
	s.mu.Unlock()
	if sh == nil || !sh.admits(sess.who.ID) {
		return ErrNotFound
	}
	stop := context.AfterFunc(sh.ctx, func() { sess.part(codeOf(sh.gone())) })
	defer stop()
	if kind == proto.List {
		if err := sh.list(sess, rest); err != nil {
			return err
		}
		return sess.written()
	}
	return sh.serve(sess, rest)
}

// requesting counts what is asked about shelves, and reports whether an ID may ask
// so much.
func (s *Sharer) requesting(id peer.ID, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := 0
	for _, of := range s.requests {
		all += of
	}
	if n > 0 && (all >= maxRequests || s.requests[id] >= maxRequestsOf) {
		return false
	}
	s.requests[id] += n
	if s.requests[id] == 0 {
		delete(s.requests, id)
	}
	return true
}

// names returns the shelves that an ID may read.
func (s *Sharer) names(id peer.ID) []proto.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []proto.Entry
	for name, sh := range s.shelves {
		if sh.admits(id) {
			all = append(all, proto.Entry{Path: name, Dir: true})
		}
	}
	slices.SortFunc(all, func(a, b proto.Entry) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// written parts, and returns when all has been written: until then the request
// counts, since its answer is kept.
func (p *session) written() error {
	p.part(proto.Finished)
	<-p.gone
	return nil
}

func (p *session) sendEntries(entries []proto.Entry) {
	p.send(func(b []byte) []byte {
		for {
			var n int
			b, n = proto.AppendEntries(b, entries)
			if entries = entries[n:]; len(entries) == 0 {
				return b
			}
		}
	})
}

func (sh *Shelf) list(sess *session, place string) error {
	found, _, err := sh.on.List(sess.ctx, place, maxEntries)
	if err != nil {
		return sh.noPlace(err)
	}
	entries := make([]proto.Entry, len(found))
	for i, e := range found {
		path := sh.Name()
		if e.Path != "" {
			path += "/" + e.Path
		}
		entries[i] = proto.Entry{Path: path, Dir: e.Kind == manifest.Folder, Size: e.Size, Time: time.Unix(0, e.Changed)}
	}
	sess.sendEntries(entries)
	return nil
}

// noPlace is what is told of a place that cannot be looked at.
func (sh *Shelf) noPlace(err error) error {
	if sh.ctx.Err() != nil {
		return sh.gone() // which is why
	}
	if errors.Is(err, manifest.ErrTooLarge) {
		return ErrLimit
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, manifest.ErrEmpty) {
		return ErrNotFound
	}
	return fmt.Errorf("%w (%w)", ErrUnreadable, err)
}

// idleTime is how long whoever fetches from a shelf may ask for nothing: a content
// is kept for it meanwhile. Who had reason to can come back.
const idleTime = 5 * time.Minute

// serve gives what is at a place to whoever asked for it.
func (sh *Shelf) serve(sess *session, place string) error {
	src, err := sh.on.Walk(sess.ctx, place)
	if err != nil {
		return sh.noPlace(err)
	}
	defer src.Close()
	o := newOrigin(contentOf(src))
	sess.send(func(b []byte) []byte { return proto.AppendOffer(b, o.offer) })
	sess.serveFrom(o, nil, func(int, error) {
		if sh.ctx.Err() != nil { // so nothing can be read, and nobody is told of one file
			sess.part(codeOf(sh.gone()))
		}
	})
	for {
		sess.readWithin(idleTime)
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
			err = sess.asked(kind, payload)
		case proto.Progress, proto.Failed: // is the other side's affair
		case proto.Done:
			return nil
		default:
			err = errUnexpected
		}
		if err != nil {
			return err
		}
	}
}

// reopen asks again for what is fetched from a shelf, on a stream of its own, and
// goes on if it is still the same.
func (d *download) reopen(who mesh.Peer) {
	ctx, cancel := context.WithTimeout(d.ctx, openingTime)
	defer cancel()
	sess, err := d.s.request(ctx, who.Member, proto.Open, d.path)
	if err != nil {
		return
	}
	stop := context.AfterFunc(d.ctx, func() { sess.fail(net.ErrClosed) })
	offered, err := sess.opened()
	stop()
	switch {
	case err != nil:
	case offered.Key != d.key:
		err = ErrChanged
		d.fatal(ErrChanged)
	default:
		err = d.fetch(sess, true)
	}
	var bye byeError
	if errors.As(err, &bye) && bye.code == proto.Unknown {
		d.fatal(ErrNotFound)
	}
	sess.end(err)
}

func (d *download) fatal(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fatalLocked(err)
}
