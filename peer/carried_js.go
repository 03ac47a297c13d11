package peer

import (
	"context"
	"fmt"
	"net/netip"
)

// DialCarried links to an instance by an offer of ours, which carry takes to it
// through other members, and returns what it answers. It returns within 10 s, and
// with [ErrNoWay] as soon as both are pages of which neither can say where it is:
// then others have to relay.
//
// Of two pages that offer to each other at once one offer goes on and the other
// returns [ErrLinked], as do offers to who is linked.
func (t *Transport) DialCarried(ctx context.Context, in Instance, carry func(ctx context.Context, offer string) (Carried, error)) (*Conn, error) {
	ctx, expire := context.WithTimeoutCause(ctx, dialTimeout, ErrTimeout)
	defer expire()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.ctx, func() { cancel(ErrClosed) })()
	conn, err := t.dialCarried(ctx, in, carry)
	if err != nil {
		return nil, fmt.Errorf("peer: offer to %s: %w", in, err)
	}
	return conn, nil
}

func (t *Transport) dialCarried(ctx context.Context, in Instance, carry func(context.Context, string) (Carried, error)) (*Conn, error) {
	if in == t.self.Instance {
		return nil, ErrSelf
	}
	if l := t.claims.linked(in); l != nil && l.conn.Err() == nil {
		return nil, ErrLinked
	}
	o := newOffer(ctx, true)
	return t.dialWith(ctx, in, netip.Addr{}, o, func(a *attempt, sdp string) (description, []netip.AddrPort, error) {
		answer, err := carry(a.ctx, sdp)
		if err != nil {
			return description{}, nil, cmpErr(a.ctx, err)
		}
		if answer.From.IsValid() {
			a.author = t.source(answer.From)
		}
		d, err := parseDescription([]byte(answer.SDP))
		at := answer.targets(t.address())
		if err == nil && len(at) == 0 && len(parseCandidates(sdp)) == 0 {
			err = ErrNoWay
		}
		return d, at, err
	}, Target{})
}

// AnswerCarried answers an offer of another page that other members carried. The
// link comes out of Accept. See DialCarried for what it returns if there is none.
func (t *Transport) AnswerCarried(ctx context.Context, in Instance, offer Carried) (answer string, err error) {
	if answer, err = t.answerCarried(ctx, in, offer); err != nil {
		return "", fmt.Errorf("peer: offer of %s: %w", in, err)
	}
	return answer, nil
}

func (t *Transport) answerCarried(ctx context.Context, in Instance, offer Carried) (answer string, err error) {
	d, err := parseDescription([]byte(offer.SDP))
	if err != nil {
		return "", err
	}
	if in == t.self.Instance {
		return "", ErrSelf
	}
	if l := t.claims.linked(in); l != nil && l.conn.Err() == nil {
		l.doubt() // if it is dead, the next offer gets through
		return "", ErrLinked
	}
	from := t.source(offer.From)
	slot, err := t.halfOpen.enter(t.ctx, from, offer.From.IsValid() && offer.From == t.address())
	if err != nil {
		return "", err
	}
	a := &attempt{
		t: t, instance: in, pair: pairOf(netip.Addr{}, netip.AddrPort{}, in), from: from, web: true,
		ctx: slot.ctx, cancel: slot.cancel, slot: slot, over: make(chan struct{}),
	}
	wanted := context.AfterFunc(ctx, func() { a.cancel(context.Cause(ctx)) })
	answer, err = a.answer(d, offer.targets(t.address()))
	if !wanted() && err == nil {
		err = context.Cause(ctx) // the attempt may not have heard of it yet
	}
	if err == nil && !t.spawn(func() { a.finish(d) }) {
		err = ErrClosed
	}
	if err != nil {
		a.abort()
		return "", err
	}
	return answer, nil
}

func (a *attempt) answer(d description, at []netip.AddrPort) (string, error) {
	if err := a.claim(); err != nil {
		return "", err
	}
	a.session = newSession()
	if err := a.session.accept(a.ctx, "offer", d, hostCandidates(at)); err != nil {
		return "", err
	}
	sdp, err := a.session.describe(a.ctx, "createAnswer", true)
	if err == nil && len(at) == 0 && len(parseCandidates(sdp)) == 0 {
		err = ErrNoWay
	}
	return sdp, err
}

// finish sees an answered offer through to a link, or gives it up.
func (a *attempt) finish(d description) {
	conn, err := a.establish(d)
	if err != nil {
		a.t.log.Info("offer came to nothing", "instance", a.instance, "reason", err)
		a.abort()
		return
	}
	a.leave()
	a.t.deliver(conn)
}
