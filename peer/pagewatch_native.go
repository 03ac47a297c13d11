//go:build !js

package peer

import (
	"net/http"
	"time"
)

// A browser leaves a page no connection to keep: the one that an offer went over is
// used for the next request. So a page opens a WebSocket, to each node that it is
// linked to, and that is the watch of its link. It can set no headers there: what
// these would say is in the query.
const (
	queryInstance = "instance" // the page's
	queryProof    = "proof"    // see proof
)

// watchWait is how long a watch may be there before the link that it is for: a page
// is done with hello a moment before we are, on a machine that is busy.
const watchWait = 2 * time.Second

// servePageWatch takes the watch that a page opens, whatever its Origin. Pages of
// other sites may ask as well: they get nothing, and it costs the host that they are
// on no more than a connection, or they would spend what its own page needs.
func (t *Transport) servePageWatch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close") // unless it is upgraded
	if !localHost(r.Host) {
		refuseForeign(w)
		return
	}
	key, err := webSocketKey(r)
	var l *link
	if err == nil {
		l, err = t.whosePageWatch(r)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	if conn, err := upgrade(w, key); err == nil {
		l.renew(newWatch(conn))
	}
}

// whosePageWatch returns the link that a page proves to be its own, once it is
// there. Only who has offered one is waited for, so this costs no more than
// half-made links do.
func (t *Transport) whosePageWatch(r *http.Request) (*link, error) {
	q := r.URL.Query()
	in, err := ParseInstance(q.Get(queryInstance))
	if err != nil {
		return nil, &errStatus{http.StatusBadRequest, err.Error()}
	}
	limit := time.NewTimer(watchWait)
	defer limit.Stop()
	for {
		change, making := t.claims.joined(), t.claims.making(in)
		l := t.claims.linked(in)
		if l != nil && l.conn.remote.Web && t.tokens.check(in, purposeWatch, "", q.Get(queryProof)) {
			return l, nil
		}
		if !making {
			return nil, errNoLink
		}
		select {
		case <-change:
		case <-limit.C:
			return nil, errNoLink
		case <-r.Context().Done():
			return nil, errNoLink
		}
	}
}
