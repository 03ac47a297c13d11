//go:build !js

package peer

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Bounds of the HTTP endpoint.
const (
	httpTimeout     = 5 * time.Second           // for a request's header and body
	answerTimeout   = dialTimeout + httpTimeout // from a request's header to the end of its response: an offer may have to wait for another to go
	idleTimeout     = 10 * time.Second
	maxRequests     = 512 // connections that are no link's watch: 80 browsers that load the page at once
	maxRequestsFrom = 64  // the same of one address: a browser opens 6; our own host is exempt
)

// newServer returns the endpoint's server: whoever dawdles, in asking or in
// reading the answer, is cut off.
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadTimeout: httpTimeout, WriteTimeout: answerTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: log.New(io.Discard, "", 0),
		DisableGeneralOptionsHandler: true, // "OPTIONS *" is as foreign as any
	}
}

// ServeHTTP answers offers; [Listen] serves it on the transport's port.
func (t *Transport) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := t.handlerOf(r); h != nil {
		t.serveBeside(h, w, r)
		return
	}
	for key, value := range t.header() {
		w.Header()[key] = value
	}
	if ofPage(r) {
		w.Header().Set(headerYou, remoteAddr(r).String())
	}
	question := r.URL.Path == offerPath && r.Method == http.MethodGet && r.ContentLength == 0
	if !question && !mayFollow(r) {
		w.Header().Set("Connection", "close")
	}
	if r.URL.Path == watchPath && r.Method == http.MethodGet {
		t.servePageWatch(w, r)
		return
	}
	if foreign(r) {
		refuseForeign(w)
		return
	}
	if !t.allowRequest(r) {
		refuse(w, ErrFull)
		return
	}
	switch {
	case question:
		w.WriteHeader(http.StatusNoContent)
	case r.URL.Path == offerPath && r.Method == http.MethodPost:
		t.serveOffer(w, r)
	case r.URL.Path == watchPath && r.Method == http.MethodPost:
		t.serveWatch(w, r)
	default:
		http.NotFound(w, r)
	}
}

// mayFollow reports whether a request that a page makes may be followed by another
// over the same connection, as browsers do. After what is in chunks, and after
// all that others say, none is: so no two readers need to agree on where it ended
// (RFC 9112 §11.2).
func mayFollow(r *http.Request) bool { return ofPage(r) && len(r.TransferEncoding) == 0 }

// ofPage reports whether a request is one that a page makes about links.
func ofPage(r *http.Request) bool { return r.Header.Get(headerPort) == noPort }

// remoteAddr returns where a request is from.
func remoteAddr(r *http.Request) netip.Addr {
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	return from.Addr().Unmap()
}

// caller is who sends a request, as far as its headers can be believed.
type caller struct {
	instance Instance
	local    netip.Addr
	remote   netip.AddrPort // its address, with the port it answers on; 0: it is a page
	observer bool
}

// errStatus is an error with the HTTP status that tells it.
type errStatus struct {
	code int
	text string
}

func (e *errStatus) Error() string { return e.text }

// meet reads the headers that every request about a link carries.
func (t *Transport) meet(r *http.Request) (caller, error) {
	h := r.Header
	if h.Get(headerVersion) != protocolVersion {
		return caller{}, &errStatus{http.StatusUpgradeRequired, "this node speaks version " + protocolVersion}
	}
	if h.Get(headerRoom) != t.tag {
		return caller{}, &errStatus{http.StatusNotFound, "this node is in another room"}
	}
	in, err := ParseInstance(h.Get(headerInstance))
	if err != nil {
		return caller{}, &errStatus{http.StatusBadRequest, err.Error()}
	}
	if h.Get(headerFor) != t.self.Instance.String() || in == t.self.Instance {
		return caller{}, &errStatus{http.StatusMisdirectedRequest, "this is another instance"}
	}
	port, err := strconv.ParseUint(h.Get(headerPort), 10, 16)
	if err != nil || port == 0 && !ofPage(r) {
		return caller{}, &errStatus{http.StatusBadRequest, "no port to answer on"}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return caller{}, &errStatus{http.StatusBadRequest, "no remote address"}
	}
	addr, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return caller{
		instance: in,
		local:    plain(addr).Addr(),
		remote:   netip.AddrPortFrom(from.Addr().Unmap(), uint16(port)),
		observer: h.Get(headerObserver) != "",
	}, nil
}

func refuse(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	var status *errStatus
	switch {
	case errors.As(err, &status):
		code = status.code
	case errors.Is(err, ErrLinked):
		code = http.StatusConflict
	case errors.Is(err, ErrFull):
		code = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, "lanyap: "+err.Error(), code)
}

func (t *Transport) serveOffer(w http.ResponseWriter, r *http.Request) {
	who, err := t.meet(r)
	var o offer
	switch {
	case err == nil:
		o, err = t.readOffer(w, r, who)
	case !t.allowUnproven(r):
		err = ErrFull
	}
	if err == nil {
		err = t.admit(w, who, o)
	}
	if err != nil {
		t.log.Info("offer refused", "from", r.RemoteAddr, "instance", who.instance, "reason", err)
		refuse(w, err)
	}
}

// offer is what a node posted.
type offer struct {
	description
	proven bool // by who has a link with us
}

// readOffer takes what an offer costs before it says what is wrong with it.
func (t *Transport) readOffer(w http.ResponseWriter, r *http.Request, who caller) (offer, error) {
	body, tooLong := io.ReadAll(http.MaxBytesReader(w, r.Body, maxDescription))
	proven := tooLong == nil && t.tokens.check(who.instance, purposeOffer, string(body), r.Header.Get(headerProof))
	if !proven && !t.allowUnproven(r) || !t.allowOffer(who, proven) {
		return offer{}, ErrFull
	}
	if mediaType(r.Header) != sdpType {
		w.Header().Set("Accept", sdpType) // RFC 9110 §15.5.16
		return offer{}, &errStatus{http.StatusUnsupportedMediaType, "an offer is " + sdpType}
	}
	if tooLong != nil {
		return offer{}, &errStatus{http.StatusRequestEntityTooLarge, "offer is too long, or did not arrive"}
	}
	d, err := parseDescription(body)
	if err != nil {
		return offer{}, &errStatus{http.StatusBadRequest, err.Error()}
	}
	return offer{d, proven}, nil
}

// admit answers an offer and goes on in the background until there is a link.
func (t *Transport) admit(w http.ResponseWriter, who caller, o offer) error {
	from := t.callers.source(who.remote.Addr())
	slot, err := t.halfOpen.enter(t.ctx, from, t.sockets.own(who.remote.Addr()))
	if err != nil {
		return err
	}
	a := &attempt{
		t: t, instance: who.instance, pair: pairOf(who.local, who.remote, who.instance), from: from,
		web: who.remote.Port() == 0, observer: who.observer, known: o.proven,
		ctx: slot.ctx, cancel: slot.cancel, slot: slot, over: make(chan struct{}),
	}
	if err = a.makeWay(); err == nil {
		err = a.answer(w, o.description)
	}
	if err == nil && !t.spawn(func() { a.finish(o.description) }) {
		err = ErrClosed
	}
	if err != nil {
		a.abort()
	}
	return err
}

// makeWay decides whether an offer may become a link at its addresses, and clears
// the way.
func (a *attempt) makeWay() error {
	old := a.t.claims.at(a.pair)
	switch {
	case old == nil:
		return a.claim()
	case old.conn.remote.Instance != a.instance && !old.gone(a.ctx):
		// Another instance answers where an old link goes to, or says so.
		return &errStatus{http.StatusConflict, "another instance is linked at that address"}
	case old.conn.remote.Instance == a.instance && !a.known:
		old.doubt() // if it is dead, the next offer gets through
		return ErrLinked
	}
	a.evict(old)
	return a.claim()
}

// evict ends a link over the attempt's pair, and waits until it is out of the way.
func (a *attempt) evict(old *link) {
	cause := ErrGone // another is there now
	if old.conn.remote.Instance == a.instance {
		cause = ErrReplaced
	}
	old.conn.end(cause, "")
	select {
	case <-old.over:
	case <-a.ctx.Done():
	}
}

// answer answers an offer, and keeps the connection that it came over.
func (a *attempt) answer(w http.ResponseWriter, d description) (err error) {
	sdp, err := a.describe(d)
	switch {
	case err != nil:
		return err
	case a.web:
		return respondToPage(w, sdp)
	}
	a.line.conn, err = a.t.respond(w, sdp)
	return err
}

// describe returns our answer to an offer.
func (a *attempt) describe(d description) (sdp string, err error) {
	if a.session, err = a.t.newSession(a.pair.local, a.pair.remote, false); err != nil {
		return "", err
	}
	if a.web && !a.t.sockets.own(a.pair.remote.Addr()) {
		a.session.ports = d.ports
	}
	return a.session.answer(a.ctx, d)
}

// finish sees an answered offer through to a link, or gives it up.
func (a *attempt) finish(d description) {
	conn, err := a.establish(d)
	if err != nil {
		a.t.log.Info("offer came to nothing", "from", a.pair.remote, "instance", a.instance, "reason", err)
		a.abort()
		return
	}
	a.leave()
	a.t.deliver(conn)
}

// deliver hands a link to whoever accepts.
func (t *Transport) deliver(conn *Conn) {
	select {
	case t.incoming <- conn:
	default:
		_ = conn.Close(ErrFull) // nobody does
	}
}

// respond writes the answer by hand and keeps the connection: from now on it
// is the watch of the link (net/http would time it out).
func (t *Transport) respond(w http.ResponseWriter, sdp string) (net.Conn, error) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	resp := answerTo(t.header(), sdp)
	err = errors.Join(conn.SetDeadline(time.Now().Add(httpTimeout)), resp.Write(rw), rw.Flush(), conn.SetDeadline(time.Time{}))
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// respondToPage writes the answer and leaves the connection to the browser, which
// makes its next request over it.
func respondToPage(w http.ResponseWriter, sdp string) error {
	w.Header().Set("Content-Type", sdpType)
	w.WriteHeader(http.StatusCreated)
	_, err := io.WriteString(w, sdp)
	return err
}

// answerTo is the response to an offer.
func answerTo(header http.Header, sdp string) *http.Response {
	header.Set("Content-Type", sdpType)
	return &http.Response{
		StatusCode: http.StatusCreated, ProtoMajor: 1, ProtoMinor: 1, Header: header,
		ContentLength: int64(len(sdp)), Body: io.NopCloser(strings.NewReader(sdp)),
	}
}
