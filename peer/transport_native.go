//go:build !js

package peer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer/logger"
)

// Transport keeps this node's sockets and makes links over them. It is safe
// for concurrent use.
type Transport struct {
	identity    *Identity
	self        Hello // without Addrs
	room, tag   string
	secret      Secret
	refused     func(Instance, netip.AddrPort, bool) // see Config.Refused
	addrsOnly   bool
	cert        webrtc.Certificate
	tlsCert     tls.Certificate // the same
	fingerprint [sha256.Size]byte
	log         *logger.Logger

	listener net.Listener
	front    *front
	server   *http.Server
	handler  atomic.Pointer[http.Handler] // of what is not about links
	sockets  *sockets
	callers  callers
	claims   claims
	tokens   tokens
	halfOpen halfOpen

	// Whoever calls and whoever is called have guesses at the secret of their own.
	answering, offering doorkeeper

	carried  halfOpen // of offers that members carried, which keep out none that is posted
	requests requests
	limits   limits
	incoming chan *Conn
	streams  streams
	made     atomic.Int64 // PeerConnections, ever

	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
	mu     sync.Mutex // guards closed
	closed bool
}

// Listen opens the sockets; the node answers when it returns. It fails if
// an explicit port is taken, if none of the addresses can be bound, or if the
// name or topics exceed what a Hello may hold.
func Listen(cfg Config) (*Transport, error) {
	t, err := open(cfg)
	if err != nil {
		return nil, err
	}
	t.serve()
	return t, nil
}

// open makes a transport that does not answer yet.
func open(cfg Config) (*Transport, error) {
	t := &Transport{
		identity: cfg.Identity,
		room:     cmp.Or(cfg.Room, DefaultRoom),
		secret:   cfg.Secret,
		refused:  cfg.Refused,
		log:      cfg.Logger,

		limits:    newLimits(),
		callers:   callers{remote: cfg.AllowRemote, onLink: cfg.OnLink},
		addrsOnly: cfg.AddrsOnly,
	}
	if t.identity == nil {
		t.identity = NewIdentity()
	}
	if t.log == nil {
		t.log = logger.Discard()
	}
	if cfg.Salt.IsZero() {
		cfg.Salt = NewSalt()
	}
	if cfg.MaxLinks == 0 {
		cfg.MaxLinks = defaultMax
	}
	if len(cfg.Addrs) == 0 {
		cfg.Addrs = []netip.Addr{loopback}
	}
	t.tag = RoomTag(t.room)
	id := t.identity.ID()
	t.self = Hello{ID: id, Salt: cfg.Salt, Instance: id.Instance(cfg.Salt), Name: cfg.Name, Topics: cfg.Topics, Observer: cfg.Observer}
	if err := t.self.check(); err != nil {
		return nil, err
	}
	cert, err := newCertificate()
	if err != nil {
		return nil, err
	}
	t.cert, t.fingerprint = forDTLS(cert)
	t.tlsCert = cert
	if t.listener, t.sockets, err = listen(cfg.Port, cfg.Addrs); err != nil {
		return nil, err
	}
	t.claims = newClaims(t.self.Instance, cfg.MaxLinks)
	t.tokens.self = t.self.Instance
	t.incoming = make(chan *Conn, t.claims.limit(false)+t.claims.limit(true))
	t.ctx, t.cancel = context.WithCancelCause(context.Background())
	t.front = newFront(t)
	t.streams = newStreams()
	t.server = newServer(t)
	t.server.ConnState = t.countRequests
	t.server.BaseContext = func(net.Listener) context.Context { return t.ctx }
	return t, nil
}

// serve begins to answer.
func (t *Transport) serve() {
	t.wg.Go(func() { _ = t.server.Serve(t.front) })
	t.wg.Go(t.takeCalls)
	t.wg.Go(t.sweep)
}

// Self is what this node says of itself.
func (t *Transport) Self() Hello {
	h := t.self
	for _, a := range t.Addrs() {
		if !a.Addr().IsLinkLocalUnicast() && len(h.Addrs) < MaxAddrs {
			h.Addrs = append(h.Addrs, a)
		}
	}
	return h
}

// Addrs returns where this node tells others that it answers, sorted.
func (t *Transport) Addrs() []netip.AddrPort {
	list := t.sockets.addrs()
	slices.SortFunc(list, netip.AddrPort.Compare)
	return list
}

// SetAddrs says that Config.Addrs are now these. Links over a lost address are
// kept until they fail or are replaced. An address that cannot be bound is
// reported and left for the next call; the others are served.
func (t *Transport) SetAddrs(addrs []netip.Addr) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return ErrClosed
	}
	return t.sockets.set(addrs)
}

// Accept returns the next link that another node made to us.
func (t *Transport) Accept(ctx context.Context) (*Conn, error) {
	select {
	case c := <-t.incoming:
		return c, nil
	case <-t.ctx.Done():
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// spawn starts f, which Close waits for, unless the transport is closed.
func (t *Transport) spawn(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.wg.Go(f)
	return true
}

// Close ends all links, tells the other sides so as [Conn.Close] does, breaks all
// streams, closes the sockets and waits until nothing of the transport runs any more.
func (t *Transport) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		t.wg.Wait()
		return nil
	}
	t.closed = true
	t.mu.Unlock()
	t.cancel(ErrClosed)
	err := t.server.Close()
	t.requests.close()
	for _, l := range t.claims.all() {
		_ = l.conn.Close(nil)
	}
	t.streams.close()
	t.wg.Wait()
	t.sockets.close()
	return err
}
