package meshtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// Page is a browser tab that shows the page of a node. It is a [mesh.Network]: the
// node that joins with it is a member in a browser, which nobody can dial or
// discover, and which dials nobody but the node that served it. To others it
// offers links through members.
type Page struct {
	host *Host
	from netip.AddrPort

	// Guarded by host.lan.mu.
	bare   bool
	node   *transport
	onHide func()
}

var _ mesh.Network = (*Page)(nil)

// Page returns a tab on the host that shows the page of the node at that address,
// which is for the Peers of its mesh.Config. Each is for one node.
func (h *Host) Page(from netip.AddrPort) *Page { return &Page{host: h, from: from} }

// HideAddrs has the browser tell no address of its own, as one does that has no
// default route: two such pages cannot link to each other.
func (p *Page) HideAddrs() {
	p.host.lan.mu.Lock()
	defer p.host.lan.mu.Unlock()
	p.bare = true
}

// unloading is how long a page has for its last words.
const unloading = time.Millisecond

// Unload closes the tab: its node says goodbye where it can at once, and its links
// end. The node has to be closed all the same.
func (p *Page) Unload() {
	lan := p.host.lan
	lan.mu.Lock()
	node, f := p.node, p.onHide
	lan.mu.Unlock()
	if f != nil {
		f()
		time.Sleep(unloading)
	}
	if node != nil {
		_ = node.Close()
		lan.mu.Lock()
		defer lan.mu.Unlock()
		for k := range lan.links {
			k.closeLocked(node)
		}
	}
}

// Listen implements [mesh.Network].
func (p *Page) Listen(cfg peer.Config) (mesh.Transport, error) {
	t, err := p.host.open(cfg, p)
	if err != nil {
		return nil, err
	}
	p.host.lan.mu.Lock()
	defer p.host.lan.mu.Unlock()
	p.node = t
	return &tab{t}, nil
}

// Discover implements [mesh.Network]: a browser discovers nobody.
func (p *Page) Discover(discovery.Config) (mesh.Discovery, error) {
	return &nobody{done: make(chan struct{})}, nil
}

// nobody is a Discovery that finds none.
type nobody struct{ done chan struct{} }

func (*nobody) Announce(context.Context, discovery.Service) error { return nil }

func (d *nobody) Browse(ctx context.Context) iter.Seq2[discovery.Instance, error] {
	return func(func(discovery.Instance, error) bool) {
		select {
		case <-d.done:
		case <-ctx.Done():
		}
	}
}

// Close is called once.
func (d *nobody) Close() error {
	close(d.done)
	return nil
}

// tab is the transport of a page: it has no streams beside links.
type tab struct{ t *transport }

func (p *tab) Self() peer.Hello                               { return p.t.Self() }
func (p *tab) Addrs() []netip.AddrPort                        { return nil }
func (p *tab) Close() error                                   { return p.t.Close() }
func (p *tab) Accept(ctx context.Context) (*peer.Conn, error) { return p.t.Accept(ctx) }

// OnHide implements what package mesh asks of the transport of a page.
func (p *tab) OnHide(f func()) {
	p.t.host.lan.mu.Lock()
	defer p.t.host.lan.mu.Unlock()
	p.t.page.onHide = f
}

// Dial implements [mesh.Transport].
func (p *tab) Dial(ctx context.Context, to peer.Target) (*peer.Conn, error) {
	if !slices.Contains(to.Addrs, p.t.page.from) {
		return nil, fmt.Errorf("meshtest: dial %v: a page dials the node that served it: %w", to.Addrs, peer.ErrRefused)
	}
	to.Addrs = []netip.AddrPort{p.t.page.from}
	return p.t.Dial(ctx, to)
}

// errGlare cancels an offer because the other side's goes first.
var errGlare = errors.New("meshtest: the other side's offer goes first")

// offer is one that members carry. It is guarded by lan.mu.
type offer struct {
	from     *transport
	to       peer.Instance
	answerer *transport // nil: nobody has answered
	missed   bool       // its author is not where the answerer looks for it
	cancel   context.CancelCauseFunc
}

// DialCarried implements what package mesh asks of the transport of a page.
func (p *tab) DialCarried(ctx context.Context, to peer.Instance, carry func(context.Context, string) (peer.Carried, error)) (*peer.Conn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	o := &offer{from: p.t, to: to, cancel: cancel}
	name, err := p.t.offer(o)
	if err != nil {
		return nil, err
	}
	defer p.t.withdraw(name)
	var answer peer.Carried
	if err = pause(ctx, gathering); err == nil {
		answer, err = carry(ctx, name)
	}
	var conn *peer.Conn
	if err == nil {
		conn, err = p.t.meet(ctx, o, answer)
	}
	if errors.Is(context.Cause(ctx), errGlare) {
		err = peer.ErrLinked
	}
	if err != nil {
		return nil, fmt.Errorf("meshtest: offer to %v: %w", to, err)
	}
	return conn, nil
}

// AnswerCarried answers an offer that members carried.
func (p *tab) AnswerCarried(ctx context.Context, from peer.Instance, offer peer.Carried) (string, error) {
	if err := pause(ctx, gathering); err != nil {
		return "", err
	}
	return p.t.AnswerCarried(ctx, from, offer)
}

// offer makes an offer known on the network, by a name that stands for its SDP.
func (t *transport) offer(o *offer) (name string, err error) {
	lan := t.host.lan
	lan.mu.Lock()
	defer lan.mu.Unlock()
	if t.dead {
		return "", peer.ErrClosed
	}
	for _, other := range lan.offers {
		mine := other.from == t && other.to == o.to
		theirs := other.answerer == t && other.from.hello.Instance == o.to
		if mine || theirs {
			return "", peer.ErrLinked
		}
	}
	if t.linkedToLocked(o.to) {
		return "", peer.ErrLinked
	}
	lan.offered++
	name = fmt.Sprint("offer ", lan.offered)
	lan.offers[name] = o
	return name, nil
}

func (t *transport) withdraw(name string) {
	t.host.lan.mu.Lock()
	defer t.host.lan.mu.Unlock()
	delete(t.host.lan.offers, name)
}

func (t *transport) linkedToLocked(to peer.Instance) bool {
	for k := range t.host.lan.links {
		far := k.far
		if far == t {
			far = k.near
		}
		if (k.near == t || k.far == t) && far.hello.Instance == to && !k.replaced && k.alive() {
			return true
		}
	}
	return false
}

// AnswerCarried answers an offer that members carried: the link comes out of
// Accept.
func (t *transport) AnswerCarried(_ context.Context, from peer.Instance, in peer.Carried) (string, error) {
	lan := t.host.lan
	lan.mu.Lock()
	defer lan.mu.Unlock()
	o := lan.offers[in.SDP]
	switch {
	case t.dead:
		return "", peer.ErrClosed
	case o == nil || o.from.hello.Instance != from || o.to != t.hello.Instance || o.from.room != t.room || o.answerer != nil:
		return "", errors.New("meshtest: this is no offer of it")
	case !t.OnLink(in.From):
		return "", fmt.Errorf("meshtest: offer from %v, which is not near", in.From)
	case t.linkedToLocked(from) || t.linksLocked(false) >= t.limit:
		return "", peer.ErrLinked
	case t.isBare() && o.from.isBare():
		return "", peer.ErrNoWay
	}
	for _, own := range lan.offers {
		if own.from != t || own.to != from {
			continue
		}
		if t.isLower(from) {
			return "", peer.ErrLinked
		}
		own.cancel(errGlare)
	}
	o.answerer = t
	if o.missed = in.From != o.from.host.addr; o.missed {
		lan.misled[in.From]++
	}
	return "answer to " + in.SDP, nil
}

// meet makes the link of an offer that was answered.
func (t *transport) meet(ctx context.Context, o *offer, answer peer.Carried) (*peer.Conn, error) {
	lan := t.host.lan
	lan.mu.Lock()
	far := o.answerer
	if far == nil || lan.offers[answer.SDP[min(len("answer to "), len(answer.SDP)):]] != o {
		lan.mu.Unlock()
		return nil, errors.New("meshtest: this is no answer to it")
	}
	if far.key != t.key {
		lan.mu.Unlock()
		return nil, peer.ErrSecret
	}
	known := !far.isBare() || answer.From == far.host.addr
	if o.missed || !known || !lan.openLocked(t.host, far.host) || far.dead || t.dead {
		lan.mu.Unlock()
		if err := pause(ctx, silentDial); err != nil {
			return nil, err
		}
		return nil, peer.ErrUDP
	}
	defer lan.mu.Unlock()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return lan.connectLocked(t, far), nil
}

// isBare reports whether this is a page whose browser tells no address.
func (t *transport) isBare() bool { return t.page != nil && t.page.bare }

func (t *transport) isLower(than peer.Instance) bool {
	return slices.Compare(t.hello.Instance[:], than[:]) < 0
}

// Misled returns how often an offer has made a node look for its author at that
// address, where it is not.
func (l *LAN) Misled(at netip.Addr) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.misled[at]
}
