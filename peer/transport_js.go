package peer

import (
	"cmp"
	"context"
	"net/netip"
	"sync"

	"github.com/lanyap/lanyap/peer/logger"
)

// Transport makes the links of a page. It is safe for concurrent use.
type Transport struct {
	identity  *Identity
	self      Hello
	room, tag string
	secret    Secret
	refused   func(Instance, netip.AddrPort, bool) // see Config.Refused
	log       *logger.Logger
	host      netip.AddrPort // of the node that served the page

	claims   claims
	tokens   tokens
	halfOpen halfOpen

	// Whoever calls and whoever is called have guesses at the secret of their own.
	answering, offering doorkeeper

	incoming chan *Conn
	events   listeners

	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
	mu     sync.Mutex // guards what follows
	closed bool
	you    netip.Addr // see seenAt
	onHide func()
}

// Listen makes the transport of a page. Of the Config it takes Identity, Salt,
// Room, Secret, Name, Topics, Observer, MaxLinks, Logger and Refused. It fails if the name or topics
// exceed what a Hello may hold.
func Listen(cfg Config) (*Transport, error) {
	t := &Transport{
		identity: cfg.Identity, room: cmp.Or(cfg.Room, DefaultRoom), secret: cfg.Secret, refused: cfg.Refused,
		log: cfg.Logger, host: host(),
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
	id := t.identity.ID()
	t.tag = RoomTag(t.room)
	t.self = Hello{
		ID: id, Salt: cfg.Salt, Instance: id.Instance(cfg.Salt),
		Name: cfg.Name, Topics: cfg.Topics, Observer: cfg.Observer, Web: true,
	}
	if err := t.self.check(); err != nil {
		return nil, err
	}
	t.claims = newClaims(t.self.Instance, cmp.Or(cfg.MaxLinks, defaultMax))
	t.tokens.self = t.self.Instance
	t.incoming = make(chan *Conn, t.claims.limit(false)+t.claims.limit(true))
	t.ctx, t.cancel = context.WithCancelCause(context.Background())
	t.wg.Go(t.sweep)
	t.watchPage()
	return t, nil
}

// Self is what this page says of itself.
func (t *Transport) Self() Hello { return t.self }

// Addrs returns none: a page has no port.
func (t *Transport) Addrs() []netip.AddrPort { return nil }

// seenAt takes in at which address a node sees this page.
func (t *Transport) seenAt(you netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.you = you
}

// address returns the address at which the node that served the page sees it, which
// browsers do not tell; invalid before it has answered.
func (t *Transport) address() netip.Addr {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.you
}

// source is what the author of an offer counts as, which others say is at that
// address; compare callers.source.
func (t *Transport) source(from netip.Addr) netip.Prefix {
	bits := from.BitLen()
	you := t.address()
	if from.Is6() && !from.IsLinkLocalUnicast() && !(you.IsValid() && around(you).Contains(from)) {
		bits = 64
	}
	p, _ := from.WithZone("").Prefix(bits)
	return p
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

// deliver hands a link to whoever accepts.
func (t *Transport) deliver(conn *Conn) {
	select {
	case t.incoming <- conn:
	default:
		_ = conn.Close(ErrFull) // nobody does
	}
}

// spawn runs f in a goroutine that Close waits for, unless that was called.
func (t *Transport) spawn(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.wg.Go(f)
	return true
}

// Close ends all links, and waits until nothing of the transport runs any more.
func (t *Transport) Close() error {
	t.mu.Lock()
	first := !t.closed
	t.closed = true
	t.mu.Unlock()
	if first {
		t.events.forget()
		t.cancel(ErrClosed)
		for _, l := range t.claims.all() {
			_ = l.conn.Close(nil)
		}
	}
	t.wg.Wait()
	return nil
}
