package peer

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/netip"
	"time"
)

// attempt is a link in the making, and the owner of whatever it has so far. It
// ends as a link, which has all of that then, or with abort, which gives it back.
type attempt struct {
	t        *Transport
	instance Instance // who is there, or says so; hello proves it
	pair     pair
	from     netip.Prefix // the source that its remote address is of, see callers
	author   netip.Prefix // of the answer to an offer of ours that members carried: its source, as they say
	dialing  bool         // ours; else an offer of theirs
	web      bool         // it is a page, of which neither a port nor a connection is known
	carried  bool         // members carry the offer: of one of ours the other side may be a page or a node
	observer bool         // it only looks, as it says; of a dial of ours, once it answered
	known    bool         // it was linked before, as far as it can be told
	count    uint64       // of the offer; of one of theirs, from hello on
	heard    uint64       // of a dial of ours, from hello on: the highest count that the other side knows

	ctx     context.Context
	cancel  context.CancelCauseFunc
	slot    *slot // of an offer of theirs
	session *session
	line    line          // over which it is offered
	over    chan struct{} // closed when its PeerConnection, if any, is closed or has become a link
}

// abort gives back what an attempt has that came to nothing.
func (a *attempt) abort() {
	a.cancel(nil)
	if a.session != nil {
		a.session.release()
	}
	a.line.hangUp()
	a.leave()
	a.t.claims.drop(a)
}

// leave gives back what an attempt has that is over, one way or the other.
func (a *attempt) leave() {
	a.cancel(nil)
	if a.slot != nil {
		a.slot.leave()
	}
}

// claim takes the attempt's pair of addresses, when what it has to wait for is out
// of the way.
func (a *attempt) claim() error {
	for {
		before, err := a.t.claims.claim(a)
		if before == nil {
			return err
		}
		select {
		case <-before.over:
		case <-a.ctx.Done():
			return context.Cause(a.ctx)
		}
	}
}

// establish waits for the data channel, does hello over it and makes the link.
// It ends when the connection of the offer does.
func (a *attempt) establish(d description) (*Conn, error) {
	began := time.Now()
	w := a.line.watch()
	defer context.AfterFunc(w.ended, func() { a.cancel(ErrGone) })()
	ch, err := a.open(d)
	if err != nil {
		return nil, err
	}
	said, err := a.greet(ch, d)
	if err != nil {
		a.turnedAway(ch, err)
		return nil, err
	}
	if said.hello.Instance != a.instance {
		return nil, ErrInstance // it is not who it said it was
	}
	if !a.fits(said.hello) {
		return nil, errHello
	}
	if a.dialing {
		a.heard = said.count
	} else {
		a.count = said.count
	}
	l := a.newLink(ch, said, w)
	l.took = time.Since(began)
	if err := a.join(l, said.token, d.fingerprint); err != nil {
		return nil, err
	}
	return l.conn, nil
}

// open waits for the data channel.
func (a *attempt) open(d description) (*rtcChannel, error) {
	ctx := a.ctx
	if a.dialing {
		var expire context.CancelFunc
		ctx, expire = context.WithTimeoutCause(ctx, checkTimeout, ErrUDP)
		defer expire()
	}
	return a.session.channel(ctx, d.fingerprint)
}

// fits reports whether the other side says of itself in hello what was said before.
func (a *attempt) fits(h Hello) bool {
	return h.Observer == a.observer && (h.Web == a.web || a.dialing && a.carried)
}

// newLink makes a link of the attempt that nobody sees yet.
func (a *attempt) newLink(ch *rtcChannel, said greeting, w *watch) *link {
	conn := newConn(ch, said.hello)
	conn.binding = said.binding
	conn.local, conn.remoteAddr = a.session.ends(said.hello)
	conn.inPage = a.t.self.Web
	conn.dialed, conn.takesChannels, conn.spawn = a.dialing, said.channels, a.t.spawn
	l := &link{
		t: a.t, conn: conn, channel: ch, offer: a.count,
		over: make(chan struct{}), renewed: make(chan *watch, 1), renewals: newRenewals(),
	}
	l.doubted.Interval = doubtEvery
	l.watch.Store(w)
	return l
}

// join makes the link one of the transport's, unless one that counts more is
// there or there is no place. The other side may be done with hello and believe
// in it: it is told.
func (a *attempt) join(l *link, shared token, fingerprint [sha256.Size]byte) error {
	t := a.t
	old, loser, err := t.claims.link(a, l, func(linked func(Instance) bool) {
		t.tokens.set(a.instance, shared, linked)
		t.tokens.certify(a.instance, certified{l.conn.remote.ID, fingerprint})
	})
	switch {
	case errors.Is(err, ErrLinked):
		l.channel.hangUp(closingReplaced)
		return err
	case err != nil:
		l.channel.hangUp("close " + err.Error())
		return err
	}
	a.session.joined(l)
	if loser != nil {
		_ = loser.conn.Close(ErrFull)
	}
	if old != nil {
		old.conn.end(ErrReplaced, closingReplaced)
	}
	context.AfterFunc(a.session.ended, func() {
		// The end of the stream is for the reader to find, behind what else is in it.
		if cause := context.Cause(a.session.ended); !errors.Is(cause, io.EOF) {
			l.conn.end(cause, "")
		}
	})
	l.channel.takeBeside(l.conn.takeBeside)
	if !t.spawn(l.run) {
		_ = l.conn.Close(nil) // Close has ended those links that it saw
		l.run()
	}
	remote := l.conn.remote
	t.log.Info("linked", "id", remote.ID, "instance", remote.Instance, "addr", a.pair.remote, "dialed", a.dialing)
	return nil
}

// greet does hello, for as long as the attempt and its session last.
func (a *attempt) greet(ch *rtcChannel, d description) (greeting, error) {
	late := context.AfterFunc(a.ctx, ch.interrupt)
	defer late()
	broken := context.AfterFunc(a.session.ended, ch.interrupt)
	defer broken()
	t := a.t
	script := transcript{room: t.room, offerer: a.session.fingerprint, answerer: d.fingerprint}
	if !a.dialing {
		script.offerer, script.answerer = d.fingerprint, a.session.fingerprint
	}
	count := a.count
	if !a.dialing {
		count = t.claims.highest(a.instance)
	}
	said, err := greet(ch, greeting{hello: t.Self(), count: count, channels: true}, t.identity, script, a.dialing, a.door())
	switch {
	case closingOf(err) != "":
		return greeting{}, err // whoever says that hangs up at once, which says less
	case !late():
		return greeting{}, context.Cause(a.ctx)
	case !broken():
		return greeting{}, context.Cause(a.session.ended)
	}
	return said, err
}

// door is that of the room, for this link; none if the room is open.
func (a *attempt) door() *door {
	t := a.t
	if t.secret.IsZero() {
		return nil
	}
	d := &door{
		secret: t.secret, offerer: a.instance, answerer: t.self.Instance, token: t.tokens.of(a.instance),
		ctx: a.ctx, keeper: &t.answering, from: a.from,
	}
	if a.author.IsValid() {
		d.from = a.author
	}
	if a.dialing {
		d.offerer, d.answerer = d.answerer, d.offerer
		d.keeper = &t.offering
	}
	return d
}

// turnedAway takes in that hello ended of err, which the other side is told if it can
// make something of it.
func (a *attempt) turnedAway(ch *rtcChannel, err error) {
	if closing := closingOf(err); closing != "" {
		ch.hangUp(closing)
	}
	if errors.Is(err, ErrSecret) && a.t.refused != nil {
		a.t.refused(a.instance, a.session.at(), a.dialing)
	}
}
