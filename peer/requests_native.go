//go:build !js

package peer

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// requests are the connections that are requests and not yet, or never, the
// watch of a link or a stream of who has proven to be a member.
type requests struct {
	mu   sync.Mutex // guards what follows
	open map[net.Conn]request
}

type request struct {
	from  netip.Prefix
	since time.Time
}

// countRequests is the server's ConnState; take has added the connection.
func (t *Transport) countRequests(conn net.Conn, state http.ConnState) {
	if state == http.StateHijacked || state == http.StateClosed {
		t.requests.remove(conn)
	}
}

// close ends all connections.
func (r *requests) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.open {
		_ = conn.Close()
	}
}

func (r *requests) remove(conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, conn)
}

// add counts a connection and returns the one that has to go for it, if any: it
// itself if its source has too many, otherwise the oldest of a source that holds
// most. An honest request takes milliseconds.
func (r *requests) add(conn net.Conn, from netip.Prefix, exempt bool) (out net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = make(map[net.Conn]request)
	}
	held := make(map[netip.Prefix]int)
	for _, other := range r.open {
		held[other.from]++
	}
	if held[from] >= maxRequestsFrom && !exempt {
		return conn
	}
	if len(r.open) >= maxRequests {
		out = r.oldestLocked(held)
		delete(r.open, out)
	}
	r.open[conn] = request{from, time.Now()}
	return out
}

// oldestLocked returns the oldest connection of a source that holds most.
func (r *requests) oldestLocked(held map[netip.Prefix]int) (oldest net.Conn) {
	most := 0
	for _, n := range held {
		most = max(most, n)
	}
	for conn, q := range r.open {
		if held[q.from] == most && (oldest == nil || q.since.Before(r.open[oldest].since)) {
			oldest = conn
		}
	}
	return oldest
}
