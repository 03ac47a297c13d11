package peer

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// requests counts the connections that are requests and not yet, or never, the
// watch of a link.
type requests struct {
	mu   sync.Mutex // guards what follows
	from map[net.Conn]netip.Prefix
}

// countRequests is the server's ConnState: it closes what is too much.
func (t *Transport) countRequests(conn net.Conn, state http.ConnState) {
	r := &t.requests
	r.mu.Lock()
	defer r.mu.Unlock()
	switch state {
	case http.StateHijacked, http.StateClosed:
		delete(r.from, conn)
	case http.StateNew:
		addr := plain(conn.RemoteAddr()).Addr()
		if r.from == nil {
			r.from = make(map[net.Conn]netip.Prefix)
		}
		from, n := network(addr), 0
		for _, other := range r.from {
			if other == from {
				n++
			}
		}
		if len(r.from) >= maxRequests || n >= maxRequestsFrom && !t.sockets.own(addr) {
			_ = conn.Close()
			return
		}
		r.from[conn] = from
	}
}
