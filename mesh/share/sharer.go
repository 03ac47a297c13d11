package share

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
	"github.com/lanyap/lanyap/peer"
)

// Config is what [Open] needs. The zero value works.
type Config struct {
	// StateDir is where it is kept what has arrived of unfinished transfers, and
	// the hashes of files. Several processes may share one. Nothing is written
	// before the first transfer. Empty: a temporary directory, gone with Close.
	StateDir string

	// UploadLimit is how many bytes a second go out at most, to all together and
	// fairly shared among them. 0: no limit.
	UploadLimit int64

	// Receive takes offers, which [Sharer.Offers] then yields. Otherwise whoever
	// offers something is told at once that this program does not receive.
	Receive bool

	// For has it act for another member, a page in a browser say, that says so by
	// taking part in [KeeperTopic]: see Pages in the package comment. What it sends
	// is from that member, and what is sent to that member comes to it. Such Sharers
	// are open beside the node's own, and want a StateDir of their own. Zero: it is
	// the node's own.
	For mesh.Member

	Logger *slog.Logger // nil: discard
}

// network is what a Sharer needs of its node.
type network interface {
	Dial(ctx context.Context, m mesh.Member, service string) (net.Conn, error)
	Listen(service string) (net.Listener, error)
	Present() []mesh.Peer
	Self() mesh.Peer
}

// Sharer sends, receives and keeps shelves on one node. Its methods may be used
// by several goroutines at once. While it has nothing to do it is a listener and
// no more.
type Sharer struct {
	node     network
	cfg      Config
	log      *slog.Logger
	listener net.Listener
	limiter  *rate.Limiter // nil: no limit
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup
	state    stateDir

	// introducing is held while receivers are told who the others are: what each is told
	// last is what is so.
	introducing sync.Mutex

	mu        sync.Mutex // guards what follows
	closed    bool
	streams   map[peer.ID]int // that others have opened, and are not decided about
	sendings  map[*sending]bool
	origins   map[*Content]*origin
	downloads map[tree.Hash]*download
	lingering map[tree.Hash]*download // which have all, and serve others
	offers    []*Offer                // open ones
	unread    []*Offer
	arrived   chan struct{} // closed and replaced when unread grows
	shelves   map[string]*Shelf
	requests  map[peer.ID]int // about shelves, that are being served
}

const (
	maxOpening  = 32 // streams of one ID that have not said what they are about
	maxOffers   = 64 // open ones
	maxOffersOf = 8  // of one ID
)

// Open starts to share on a node. One Sharer of its own is open on a node at a time,
// and one for each member that it acts for.
func Open(node *mesh.Node, cfg Config) (*Sharer, error) {
	if cfg.For == (mesh.Member{}) {
		return open(node, cfg)
	}
	return open(keeper{node, cfg.For}, cfg)
}

func open(node network, cfg Config) (*Sharer, error) {
	listener, err := node.Listen(proto.Service)
	if err != nil {
		return nil, fmt.Errorf("share: %w", err)
	}
	s := &Sharer{
		node:      node,
		cfg:       cfg,
		log:       cfg.Logger,
		listener:  listener,
		limiter:   newLimiter(cfg.UploadLimit),
		state:     stateDir{given: cfg.StateDir},
		streams:   make(map[peer.ID]int),
		sendings:  make(map[*sending]bool),
		origins:   make(map[*Content]*origin),
		downloads: make(map[tree.Hash]*download),
		lingering: make(map[tree.Hash]*download),
		arrived:   make(chan struct{}),
		shelves:   make(map[string]*Shelf),
		requests:  make(map[peer.ID]int),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.wg.Go(s.accept)
	return s, nil
}

// Close ends all transfers, as [Transfer.Cancel] does, and takes the shelves
// down. What has arrived is kept in StateDir, and goes on when it is offered
// again. It waits for everything it started, a few seconds at most.
func (s *Sharer) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.arrived)
	shelves := slices.Collect(maps.Values(s.shelves))
	s.mu.Unlock()
	s.cancel()
	for _, sh := range shelves {
		sh.Close()
	}
	err := s.listener.Close()
	s.wg.Wait()
	return errors.Join(err, s.state.close())
}

// enter has Close wait for what the program does here until s.wg.Done. ErrClosed: it
// is too late, nobody would wait for it.
func (s *Sharer) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.wg.Add(1)
	return nil
}

// accept takes in the streams that others open.
func (s *Sharer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if s.ctx.Err() == nil {
				s.log.Error("no more streams can be accepted", "err", err)
			}
			return
		}
		s.wg.Go(func() { s.take(conn) })
	}
}

// take finds out what a stream is about, and serves it to its end.
func (s *Sharer) take(conn net.Conn) {
	who := s.peerOf(conn)
	if !s.opening(who.ID, 1) {
		conn.Close()
		return
	}
	sess := s.newSession(conn, who)
	sess.readWithin(openingTime)
	kind, payload, err := s.subject(sess)
	s.opening(who.ID, -1)
	if err == nil {
		err = s.begin(sess, kind, payload)
	}
	if !errors.Is(err, errHanded) {
		sess.end(err)
	}
}

// subject reads what a stream is about, and for whom it was opened.
func (s *Sharer) subject(sess *session) (proto.Kind, []byte, error) {
	kind, payload, err := sess.first()
	if err != nil || kind != proto.For {
		return kind, payload, err
	}
	page, err := proto.ParseFor(payload)
	if err != nil {
		return 0, nil, err
	}
	if sess.who, err = s.claimed(sess.ctx, sess.who.Member, page); err != nil {
		return 0, nil, err
	}
	sess.readWithin(openingTime)
	return sess.frame()
}

// begin goes where the first frame leads.
func (s *Sharer) begin(sess *session, kind proto.Kind, payload []byte) error {
	switch kind {
	case proto.Offer:
		offered, err := proto.ParseOffer(payload)
		if err != nil {
			return err
		}
		return s.takeOffer(sess, offered)
	case proto.Join:
		key, err := proto.ParseJoin(payload)
		if err != nil {
			return err
		}
		return s.takeJoin(sess, key)
	case proto.List, proto.Open:
		path, err := proto.ParsePath(payload)
		if err != nil {
			return err
		}
		return s.takeRequest(sess, kind, path)
	}
	return errUnexpected
}

// opening counts a stream, and reports whether its ID may have so many.
func (s *Sharer) opening(id peer.ID, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed && n > 0 || s.streams[id]+n > maxOpening {
		return false
	}
	s.streams[id] += n
	if s.streams[id] == 0 {
		delete(s.streams, id)
	}
	return true
}

// nameTime is how long it takes at most until whoever has just met us, and opens a
// stream at once, is here for us as well, and has a name.
const nameTime = time.Second

// peerOf returns who is at the other end of a stream.
func (s *Sharer) peerOf(conn net.Conn) mesh.Peer {
	m := conn.RemoteAddr().(mesh.Addr).Member
	for begun := time.Now(); ; {
		if p, ok := s.find(m); ok {
			return p
		}
		if s.ctx.Err() != nil || time.Since(begun) > nameTime {
			return mesh.Peer{Member: m, Name: m.ID.Short()}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// find returns a member that is here; we are.
func (s *Sharer) find(m mesh.Member) (mesh.Peer, bool) {
	for _, p := range append(s.node.Present(), s.node.Self()) {
		if p.Member == m {
			return p, true
		}
	}
	return mesh.Peer{}, false
}

// instances returns who of an ID is here.
func (s *Sharer) instances(id peer.ID) []mesh.Peer {
	var all []mesh.Peer
	for _, p := range s.node.Present() {
		if p.ID == id {
			all = append(all, p)
		}
	}
	return all
}

// dial opens a stream to a member, or to who keeps its files. ErrNotReceiving: no
// Sharer is there for it.
func (s *Sharer) dial(ctx context.Context, who mesh.Peer) (*session, error) {
	to, service, err := s.whereabouts(who)
	if err != nil {
		return nil, err
	}
	conn, err := s.node.Dial(ctx, to, service)
	switch {
	case errors.Is(err, mesh.ErrNoService):
		return nil, ErrNotReceiving
	case errors.Is(err, mesh.ErrNoMember):
		return nil, ErrNobody
	case err != nil:
		return nil, fmt.Errorf("share: %w", err)
	}
	sess := s.newSession(conn, who)
	if page := s.cfg.For.Instance; !page.IsZero() {
		sess.send(func(b []byte) []byte { return proto.AppendFor(b, page) })
	}
	return sess, nil
}

// newLimiter allows so many bytes a second, and a batch at once.
func newLimiter(bytes int64) *rate.Limiter {
	if bytes <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(bytes), batch)
}

// waitUpload waits until n bytes may go out. Sessions get their turns in the
// order in which they ask, a batch each, so each has a fair share.
func (s *Sharer) waitUpload(ctx context.Context, n int) error {
	if s.limiter == nil {
		return ctx.Err()
	}
	for ; n > batch; n -= batch {
		if err := s.limiter.WaitN(ctx, batch); err != nil {
			return err
		}
	}
	return s.limiter.WaitN(ctx, n)
}
