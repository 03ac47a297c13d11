package peer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

const (
	// dialTimeout bounds a dial from its first request to hello.
	dialTimeout = 10 * time.Second

	// checkTimeout is how long the data channel may take to open once the answer is
	// here; after that UDP does not get through.
	checkTimeout = 5 * time.Second
)

// errNotHost is why a page dials no other node: browsers keep it from talking to
// others, which do not answer foreign pages.
var errNotHost = errors.New("a page dials no node but the one that served it")

// Dial links to the node that served the page, which has to be at one of the
// addresses; otherwise no request is made. Target's ByHand and Once mean nothing
// here. For all else see DialCarried.
//
// Dialing an instance that is linked replaces that link, which ends with
// [ErrReplaced]; the secret that it carried proves us.
func (t *Transport) Dial(ctx context.Context, to Target) (*Conn, error) {
	ctx, expire := context.WithTimeoutCause(ctx, dialTimeout, ErrTimeout)
	defer expire()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.ctx, func() { cancel(ErrClosed) })()
	at := netip.AddrPort{}
	conn, err := (*Conn)(nil), errNotHost
	if i := slices.Index(to.Addrs, t.host); i >= 0 {
		at = to.Addrs[i]
		conn, err = t.dialHost(ctx, to)
	} else if len(to.Addrs) > 0 {
		at = to.Addrs[0]
	}
	if err != nil {
		return nil, fmt.Errorf("peer: dial %s: %w", at, err)
	}
	return conn, nil
}

func (t *Transport) dialHost(ctx context.Context, to Target) (*Conn, error) {
	began := time.Now()
	to.progress(StepConnect, t.host)
	o := newOffer(ctx, false) // while we ask who is there
	o.session.host = t.host
	in := to.Instance
	var err error
	if in.IsZero() {
		in, err = t.ask(ctx)
	}
	switch {
	case err != nil:
	case to.avoids(in, t.host):
		err = ErrSecret
	case t.claims.linkedSince(in, began) != nil:
		err = ErrLinked
	}
	if err != nil {
		o.session.release()
		return nil, err
	}
	return t.dialWith(ctx, in, t.host.Addr(), o, func(a *attempt, sdp string) (description, []netip.AddrPort, error) {
		d, err := a.post(sdp, to)
		return d, []netip.AddrPort{t.host}, err
	}, to)
}

// ask finds out who answers there.
func (t *Transport) ask(ctx context.Context) (Instance, error) {
	r, err := t.fetch(ctx, "GET", t.header(), "")
	switch {
	case err != nil:
		return Instance{}, err
	case r.status != statusNoContent || r.version != protocolVersion:
		return Instance{}, t.refusal(r)
	case r.instance == t.self.Instance:
		return Instance{}, ErrSelf
	case r.room != t.tag:
		return Instance{}, ErrRoom
	case r.instance.IsZero():
		return Instance{}, errors.New("answered without an instance")
	}
	return r.instance, nil
}

// post sends the offer to the node that served the page and returns the answer.
func (a *attempt) post(sdp string, to Target) (description, error) {
	t := a.t
	to.progress(StepOffer, t.host)
	header := t.header()
	header["Content-Type"] = sdpType
	header[headerFor] = a.instance.String()
	if proof := t.tokens.prove(a.instance, purposeOffer, sdp); proof != "" {
		header[headerProof] = proof
	}
	r, err := t.fetch(a.ctx, "POST", header, sdp)
	switch {
	case err != nil:
		return description{}, err
	case r.status != statusCreated || r.version != protocolVersion:
		err := t.refusal(r)
		if errors.Is(err, ErrInstance) {
			to.instead(r.instance, t.host)
		}
		return description{}, err
	case r.instance != a.instance:
		to.instead(r.instance, t.host)
		return description{}, ErrInstance
	case r.media != sdpType:
		return description{}, fmt.Errorf("answered with %q, want %s", r.media, sdpType)
	}
	if err := t.claims.is(a, r.observer); err != nil {
		return description{}, err
	}
	to.progress(StepCheck, t.host)
	return parseDescription(r.body)
}

// offer is an offer of ours in the making.
type offer struct {
	session *session
	made    chan struct{} // closed when sdp and err are there
	sdp     string
	err     error
}

// newOffer begins an offer. Who gets it owns its session. If gather is set our
// candidates are in it, as far as the browser tells any.
func newOffer(ctx context.Context, gather bool) *offer {
	o := &offer{session: newSession(), made: make(chan struct{})}
	go func() {
		defer close(o.made)
		o.sdp, o.err = o.session.describe(ctx, "createOffer", gather)
	}()
	return o
}

// dialWith makes a link by an offer of ours, for which exchange returns the answer
// and where to send.
func (t *Transport) dialWith(
	ctx context.Context, in Instance, from netip.Addr, o *offer,
	exchange func(a *attempt, sdp string) (description, []netip.AddrPort, error), to Target,
) (*Conn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	a := &attempt{
		t: t, instance: in, pair: pairOf(netip.Addr{}, netip.AddrPort{}, in), from: t.source(from), dialing: true, carried: !from.IsValid(),
		ctx: ctx, cancel: cancel, session: o.session, over: make(chan struct{}),
	}
	conn, err := a.dial(o, exchange)
	switch {
	case errors.Is(err, errGlare):
		err = ErrLinked
		fallthrough
	case err != nil:
		a.abort()
		return nil, err
	}
	a.leave()
	return conn, nil
}

// dial sees an offer through to a link.
func (a *attempt) dial(o *offer, exchange func(*attempt, string) (description, []netip.AddrPort, error)) (*Conn, error) {
	if err := a.claim(); err != nil {
		return nil, err
	}
	select {
	case <-o.made:
	case <-a.ctx.Done():
		return nil, context.Cause(a.ctx)
	}
	if o.err != nil {
		return nil, o.err
	}
	d, at, err := exchange(a, o.sdp)
	if err != nil {
		return nil, err
	}
	if err := a.session.accept(a.ctx, "answer", d, hostCandidates(at)); err != nil {
		return nil, err
	}
	return a.establish(d)
}
