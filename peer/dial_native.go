//go:build !js

package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer/errno"
)

const (
	// dialTimeout bounds a dial from its first SYN to hello. A machine whose
	// every core is busy with 60 others' links needs some seconds.
	dialTimeout = 10 * time.Second

	// checkTimeout is how long the data channel may take to open once the answer
	// is here; after that UDP does not get through.
	checkTimeout = 5 * time.Second
)

// Dial links to the target. Of two nodes that dial each other at once one dial
// goes on and the other returns [ErrLinked]; the link comes out of one side's
// Dial and the other's Accept.
//
// Dialing an instance that is linked over another pair of addresses replaces
// that link, which ends with [ErrReplaced]; so does dialing one whose other
// side still believes in an earlier link of ours, which takes a secret that the
// link carried. Nobody else can: hello proves the instance.
//
// Whoever answers at an address may be anybody. If it has not proven to be who is
// meant after 2 s, or fails to, the next address is tried, and the first one goes
// on beside. Dial returns within 10 s, with one of this package's errors where it
// knows what is wrong.
func (t *Transport) Dial(ctx context.Context, to Target) (*Conn, error) {
	ctx, expire := context.WithTimeoutCause(ctx, dialTimeout, ErrTimeout)
	defer expire()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.ctx, func() { cancel(ErrClosed) })()
	if to.ByHand {
		t.callers.invite(to.Addrs)
	}
	conn, err := newDial(t, to).run(ctx)
	if err != nil {
		return nil, t.dialError(to, err)
	}
	return conn, nil
}

// withoutSelf leaves out our own sockets.
func (t *Transport) withoutSelf(addrs []netip.AddrPort) []netip.AddrPort {
	own := t.sockets.addrs()
	return slices.DeleteFunc(slices.Clone(addrs), func(a netip.AddrPort) bool { return slices.Contains(own, a) })
}

func (t *Transport) dialError(to Target, err error) error {
	whom := "nobody"
	if len(to.Addrs) > 0 {
		whom = to.Addrs[0].String()
	}
	if hangsUp(err) {
		err = ErrHungUp
	}
	return fmt.Errorf("peer: dial %s: %w", whom, err)
}

// hangsUp reports whether err is that of a call which was taken and ended
// without an answer.
func hangsUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errno.IsReset(err)
}

// unproven is an error that says what somebody answered who has not proven to be
// anybody.
type unproven struct{ error }

func (e unproven) Unwrap() error { return e.error }

// elsewhere reports whether somebody else answers than was meant.
func elsewhere(err error) bool {
	return errors.Is(err, ErrInstance) || errors.Is(err, ErrSelf) || errors.Is(err, ErrRoom) || errors.Is(err, ErrSecret) || errors.Is(err, errNoNode)
}

// refused reports whether somebody answered that it takes no link now.
func refused(err error) bool { return errors.Is(err, ErrLinked) || errors.Is(err, ErrFull) }

// dialOver makes a link to whoever answers on s, if it is the instance meant. It
// takes s over.
func (t *Transport) dialOver(ctx context.Context, s *client, to Target, began time.Time) (*Conn, error) {
	in, err := t.whoToOffer(ctx, s, to, began)
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	a := &attempt{
		t: t, instance: in, pair: pairOf(s.local, s.remote, in), from: t.callers.source(s.remote.Addr()),
		dialing: true, ctx: ctx, cancel: cancel, line: line{s.Conn}, over: make(chan struct{}),
	}
	conn, err := a.dial(s, to)
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

// whoToOffer returns which instance a dial that has reached a port is to offer a
// link to.
func (t *Transport) whoToOffer(ctx context.Context, s *client, to Target, began time.Time) (in Instance, err error) {
	if in = to.Instance; in.IsZero() {
		if in, err = t.ask(ctx, s); err != nil {
			return in, err
		}
	}
	if to.avoids(in, s.remote) {
		return in, ErrSecret
	}
	old := t.claims.at(pairOf(s.local, s.remote, in))
	if old != nil && old.conn.remote.Instance == in || t.claims.linkedSince(in, began) != nil {
		return in, ErrLinked
	}
	return in, nil
}

// dial sends the offer and sees the answer through to a link.
func (a *attempt) dial(s *client, to Target) (*Conn, error) {
	if err := a.claim(); err != nil {
		return nil, err
	}
	var err error
	if a.session, err = a.t.newSession(a.pair.local, a.pair.remote, true); err != nil {
		return nil, err
	}
	d, err := a.offer(s, to)
	if err != nil {
		return nil, err
	}
	// Who answers there now is a.instance, so any other that was linked over
	// the same two addresses is gone, and must not keep its place in the mux.
	if old := a.t.claims.at(a.pair); old != nil {
		a.evict(old)
	}
	to.progress(StepCheck, a.pair.remote)
	a.session.expect()
	if err := a.session.accept(webrtc.SDPTypeAnswer, d); err != nil {
		return nil, err
	}
	return a.establish(d)
}

// offer sends the offer and returns the answer.
func (a *attempt) offer(s *client, to Target) (description, error) {
	t := a.t
	sdp, err := a.session.offer(a.ctx)
	if err != nil {
		return description{}, err
	}
	header := t.header()
	header.Set("Content-Type", sdpType)
	header.Set(headerFor, a.instance.String())
	if proof := t.tokens.prove(a.instance, purposeOffer, sdp); proof != "" {
		header.Set(headerProof, proof)
	}
	r, err := s.do(a.ctx, http.MethodPost, offerPath, header, sdp)
	if err != nil {
		return description{}, err
	}
	switch {
	case r.status != http.StatusCreated || r.version != protocolVersion:
		err := t.refusal(r)
		if errors.Is(err, ErrInstance) {
			to.instead(r.instance, s.remote)
		}
		return description{}, unproven{err}
	case r.instance != a.instance:
		to.instead(r.instance, s.remote)
		return description{}, ErrInstance
	case r.media != sdpType:
		return description{}, fmt.Errorf("answered with %q, want %s", r.media, sdpType)
	}
	if err := t.claims.is(a, r.observer); err != nil {
		return description{}, err
	}
	return parseDescription(r.body)
}
