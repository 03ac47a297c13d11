package peer

import (
	"cmp"
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

	// checkTimeout is how long the data channel may take once the answer is
	// here; after that UDP does not get through.
	checkTimeout = 5 * time.Second
)

// Target is whom to dial and where.
type Target struct {
	Instance Instance         // zero: whoever answers
	Addrs    []netip.AddrPort // tried in order, another each 20 ms, and all again each 250 ms, until one answers
	ByHand   bool             // a person named Addrs: who is there may call us as well, wherever that is

	// Once keeps from trying all again: TCP alone repeats what is not answered,
	// after a second. It spares whoever lives there, if that is no node.
	Once bool

	// Progress, unless nil, is told how far the dial is, and from StepOffer on
	// with whom. At StepConnect it is told each of Addrs as it is tried for the
	// first time; those after the one that answers are not. It must not block.
	Progress func(Step, netip.AddrPort)

	// Instead, unless nil, is told which other instance says that it answers at
	// an address where this one was meant. It must not block.
	Instead func(Instance, netip.AddrPort)
}

func (to Target) progress(s Step, at netip.AddrPort) {
	if to.Progress != nil {
		to.Progress(s, at)
	}
}

func (to Target) instead(in Instance, at netip.AddrPort) {
	if to.Instead != nil && !in.IsZero() && in != to.Instance {
		to.Instead(in, at)
	}
}

// Dial links to the target. Of two nodes that dial each other at once one dial
// goes on and the other returns [ErrLinked]; the link comes out of one side's
// Dial and the other's Accept.
//
// Dialing an instance that is linked over another pair of addresses replaces
// that link, which ends with [ErrReplaced]; so does dialing one whose other
// side still believes in an earlier link of ours. Nobody else can: it takes a
// secret that the link carried.
//
// Dial returns within 10 s, with one of this package's errors where it knows
// what is wrong.
func (t *Transport) Dial(ctx context.Context, to Target) (*Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, dialTimeout, ErrTimeout)
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	defer context.AfterFunc(t.ctx, func() { abort(ErrClosed) })()
	count := t.dials.Add(1)
	addrs := slices.Clone(to.Addrs)
	if to.ByHand {
		t.callers.invite(addrs)
	}
	var hungUp error // by who answered, which says more than who does not
	for {
		to.progress(StepConnect, netip.AddrPort{})
		s, err := connect(ctx, t.withoutSelf(addrs), to.Once, func(a netip.AddrPort) { to.progress(StepConnect, a) })
		if err != nil {
			return nil, t.dialError(to, cmp.Or(hungUp, err))
		}
		to.progress(StepOffer, s.remote)
		conn, err := t.dialOver(ctx, s, to, count)
		if err == nil {
			return conn, nil
		}
		_ = s.Close()
		// An address that others have as well (a container bridge's) answers
		// for somebody else; the next may be the one.
		addrs = slices.DeleteFunc(addrs, func(a netip.AddrPort) bool { return a == s.remote })
		// Or it does not take calls from here, where another would.
		if hangsUp(err) {
			hungUp = err
		}
		wrong := errors.Is(err, ErrInstance) || errors.Is(err, ErrSelf) || errors.Is(err, ErrRoom) || errors.Is(err, errNoNode)
		if !wrong && !hangsUp(err) || len(addrs) == 0 || ctx.Err() != nil {
			return nil, t.dialError(to, err)
		}
	}
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

// dialOver makes a link to whoever answers on s, if it is the instance meant. It
// takes s over when it succeeds.
func (t *Transport) dialOver(ctx context.Context, s *client, to Target, count uint64) (*Conn, error) {
	in := to.Instance
	if in.IsZero() {
		var err error
		if in, err = t.ask(ctx, s); err != nil {
			return nil, err
		}
	}
	if old := t.claims.linked(in); old != nil && old.conn.LocalAddr() == s.local && old.conn.remoteAddr == s.remote {
		return nil, ErrLinked
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &attempt{instance: in, addr: s.remote.Addr(), from: t.callers.source(s.remote.Addr()), count: count, cancel: cancel}
	if err := t.claims.dial(a); err != nil {
		return nil, err
	}
	ss, err := t.newSession(s.local, s.remote, true)
	if err != nil {
		t.claims.end(a)
		return nil, err
	}
	conn, err := t.offer(ctx, s, ss, a, to)
	if err != nil {
		ss.release()
		t.claims.end(a)
		if errors.Is(err, errGlare) {
			err = ErrLinked
		}
		return nil, err
	}
	return conn, nil
}

// offer sends the offer and sees the answer through to a link.
func (t *Transport) offer(ctx context.Context, s *client, ss *session, a *attempt, to Target) (*Conn, error) {
	sdp, err := ss.offer(ctx)
	if err != nil {
		return nil, err
	}
	header := t.header()
	header.Set("Content-Type", sdpType)
	header.Set(headerFor, a.instance.String())
	if proof := t.tokens.prove(a.instance, purposeOffer, sdp); proof != "" {
		header.Set(headerProof, proof)
	}
	r, err := s.do(ctx, http.MethodPost, offerPath, header, sdp)
	if err != nil {
		return nil, err
	}
	switch {
	case r.status != http.StatusCreated || r.version != protocolVersion:
		err := t.refusal(r)
		if errors.Is(err, ErrInstance) {
			to.instead(r.instance, s.remote)
		}
		return nil, err
	case r.instance != a.instance:
		to.instead(r.instance, s.remote)
		return nil, ErrInstance
	case r.media != sdpType:
		return nil, fmt.Errorf("answered with %q, want %s", r.media, sdpType)
	}
	if err := t.claims.is(a, r.observer); err != nil {
		return nil, err
	}
	// Who answers there now is a.instance, so any other that was linked over
	// the same two addresses is gone, and must not keep its place in the mux.
	t.evict(ctx, ss.socket.addr(), ss.remote, a.instance, ErrGone)
	d, err := parseDescription(r.body)
	if err != nil {
		return nil, err
	}
	to.progress(StepCheck, s.remote)
	ss.expect()
	if err := ss.accept(webrtc.SDPTypeAnswer, d); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, checkTimeout, ErrUDP)
	defer cancel()
	return t.establish(ctx, ss, a, newWatch(s.Conn), d, true)
}

// evict ends a link between two addresses that one with in will have, and
// waits until it is out of the way.
func (t *Transport) evict(ctx context.Context, local netip.Addr, remote netip.AddrPort, in Instance, cause error) {
	old := t.claims.at(local, remote)
	if old == nil {
		return
	}
	if old.conn.remote.Instance == in {
		cause = ErrReplaced
	}
	old.conn.end(cause, "")
	select {
	case <-old.over:
	case <-ctx.Done():
	}
}
