package peer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
)

// Transport makes the links of a page. It is safe for concurrent use.
type Transport struct {
	identity *Identity
	self     Hello
	room     string
	log      *slog.Logger

	incoming chan *Conn

	ctx    context.Context
	cancel context.CancelCauseFunc
	once   sync.Once
	wg     sync.WaitGroup
}

// Listen makes the transport of a page. Of the Config it takes Identity, Salt,
// Room, Name, Topics, Observer, MaxLinks and Logger. It fails if the name or topics
// exceed what a Hello may hold.
func Listen(cfg Config) (*Transport, error) {
	t := &Transport{identity: cfg.Identity, room: cmp.Or(cfg.Room, DefaultRoom), log: cfg.Logger}
	if t.identity == nil {
		t.identity = NewIdentity()
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if cfg.Salt.IsZero() {
		cfg.Salt = NewSalt()
	}
	id := t.identity.ID()
	t.self = Hello{
		ID: id, Salt: cfg.Salt, Instance: id.Instance(cfg.Salt),
		Name: cfg.Name, Topics: cfg.Topics, Observer: cfg.Observer, Web: true,
	}
	if err := t.self.check(); err != nil {
		return nil, err
	}
	t.incoming = make(chan *Conn, cmp.Or(cfg.MaxLinks, defaultMax))
	t.ctx, t.cancel = context.WithCancelCause(context.Background())
	return t, nil
}

// Self is what this page says of itself.
func (t *Transport) Self() Hello { return t.self }

// Addrs returns none: a page has no port.
func (t *Transport) Addrs() []netip.AddrPort { return nil }

// Dial links to the node that served the page, which has to be at one of the
// addresses.
func (t *Transport) Dial(ctx context.Context, to Target) (*Conn, error) {
	return nil, fmt.Errorf("peer: dial: %w", errors.ErrUnsupported)
}

// DialCarried links to an instance by an offer of ours, which carry takes to it
// through other members, and returns what it answers.
func (t *Transport) DialCarried(ctx context.Context, in Instance, carry func(ctx context.Context, offer string) (Carried, error)) (*Conn, error) {
	return nil, fmt.Errorf("peer: offer to %s: %w", in, errors.ErrUnsupported)
}

// AnswerCarried answers an offer of an instance that other members carried. The
// link comes out of Accept.
func (t *Transport) AnswerCarried(ctx context.Context, in Instance, offer Carried) (answer string, err error) {
	return "", fmt.Errorf("peer: offer of %s: %w", in, errors.ErrUnsupported)
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

// Close ends all links, and waits until nothing of the transport runs any more.
func (t *Transport) Close() error {
	t.once.Do(func() { t.cancel(ErrClosed) })
	t.wg.Wait()
	return nil
}
