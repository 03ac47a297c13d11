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
	open map[net.Conn]*request
}

type request struct {
	from  netip.Prefix
	since time.Time
	idle  bool // answered, and kept for another that a browser may make
}

// movedLately is how long a connection counts as moving after it was seen to.
const movedLately = 2 * time.Second

// countRequests is the server's ConnState; take has added the connection.
func (t *Transport) countRequests(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateHijacked, http.StateClosed:
		t.requests.remove(conn)
	case http.StateActive, http.StateIdle:
		t.requests.rest(conn, state == http.StateIdle)
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

// rest notes that nothing is under way on a connection, or that something is.
func (r *requests) rest(conn net.Conn, idle bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q := r.open[conn]; q != nil {
		q.idle, q.since = idle, time.Now()
	}
}

// add counts a connection and returns the one that has to go for it, if any. Who has
// as many as one source may have gives up one of its own, if any can be spared: one
// on which nothing is under way, or hardly moves. Otherwise, when all places are
// taken, that of a source that holds most has to go which can best be spared.
func (r *requests) add(conn net.Conn, from netip.Prefix, exempt bool) (out net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open == nil {
		r.open = make(map[net.Conn]*request)
	}
	held := make(map[netip.Prefix]int)
	most := 0
	for _, q := range r.open {
		held[q.from]++
		most = max(most, held[q.from])
	}
	now := time.Now()
	switch {
	case held[from] >= maxRequestsFrom && !exempt:
		out = r.spareLocked(now, func(q *request) bool { return q.from == from })
		if !r.open[out].dawdles(out, now) {
			return conn
		}
	case len(r.open) >= maxRequests:
		out = r.spareLocked(now, func(q *request) bool { return held[q.from] == most })
	}
	delete(r.open, out)
	r.open[conn] = &request{from: from, since: now}
	return out
}

// spareLocked returns which of some connections can best be spared: one on which
// nothing is under way, or else one that does not move; the oldest of them.
func (r *requests) spareLocked(now time.Time, some func(*request) bool) (best net.Conn) {
	for conn, q := range r.open {
		if some(q) && (best == nil || q.sooner(conn, r.open[best], best, now)) {
			best = conn
		}
	}
	return best
}

// sooner reports whether a connection can be spared sooner than another.
func (q *request) sooner(conn net.Conn, other *request, otherConn net.Conn, now time.Time) bool {
	if q.idle != other.idle {
		return q.idle
	}
	if a, b := moving(conn, now), moving(otherConn, now); a != b {
		return b
	}
	return q.since.Before(other.since)
}

// dawdles reports whether a connection does not do in time what it is there for.
func (q *request) dawdles(conn net.Conn, now time.Time) bool {
	return q.idle || now.Sub(q.since) >= httpTimeout && !moving(conn, now)
}

// moving reports whether much goes over a connection: a file.
func moving(conn net.Conn, now time.Time) bool {
	c, ok := conn.(*inbound)
	return ok && c.moved.Load() > 0 && now.Sub(c.lastMoved()) < movedLately
}
