//go:build !js

package peer

import (
	"net/http"
	"strings"
	"time"
)

// ours is the part of the port's paths that is this package's.
const ours = "/v1/"

// Handle has h answer what is asked of the node's port outside of /v1/, such as the
// page that it serves; nil, as at first, has nobody answer: 404.
//
// h gets requests for an address or localhost only, not for a name, and none that a
// browser makes for what another site or another port has served: one may be
// reached by a link there, and shown, no more (see "Pages" in the package's
// documentation). It speaks HTTP/1.1.
//
// A request has 5 s for its head, with its body too, and is to be answered 15 s
// later. h may allow more, or less, by [http.ResponseController]; where there is no
// body nothing bounds the reading. One source has 64 connections at most, all
// together 512: past that those go first that are idle or hardly move (less than
// 64 KiB in 2 s). So a file may take an hour. What h hijacks is for h to bound.
// One source has 256 requests a second, and 1,024 at once; past it the answer is
// 503. Our own host is exempt from all but the 512.
//
// Who may call at all is the same as for links: with Config.AllowRemote, everybody.
//
// Close breaks off what is under way, and does not wait for h.
func (t *Transport) Handle(h http.Handler) {
	if h == nil {
		t.handler.Store(nil)
		return
	}
	t.handler.Store(&h)
}

// handlerOf returns who answers a request in our place, if anybody.
func (t *Transport) handlerOf(r *http.Request) http.Handler {
	h := t.handler.Load()
	if h == nil || !strings.HasPrefix(r.URL.Path, "/") || strings.HasPrefix(r.URL.Path+"/", ours) {
		return nil
	}
	return *h
}

// serveBeside has a request answered that is not about links.
func (t *Transport) serveBeside(h http.Handler, w http.ResponseWriter, r *http.Request) {
	if len(r.TransferEncoding) > 0 {
		w.Header().Set("Connection", "close") // see mayFollow
	}
	// What is here is nobody else's to embed.
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
	switch {
	case foreign(r):
		refuseForeign(w)
	case !t.allowBeside(r):
		refuse(w, ErrFull)
	default:
		if r.Body == http.NoBody {
			// A deadline for reading would end the request's context.
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		}
		h.ServeHTTP(w, r)
	}
}

func refuseForeign(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	http.Error(w, "lanyap: not for this host name or origin", http.StatusMisdirectedRequest)
}
