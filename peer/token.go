package peer

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// token is known to the two ends of a link and to nobody else. Instances are
// public, so only who holds the token may replace a link or reopen its watch.
type token [16]byte

const maxTokens = 1024 // remembered, of as many instances; the oldest without a link goes first

// sharedToken joins the halves that the two sides drew.
func sharedToken(offerer, answerer token) token {
	sum := sha256.Sum256(slices.Concat([]byte("lanyap token\x00"), offerer[:], answerer[:]))
	return token(sum[:len(token{})])
}

// What a proof is for.
const (
	purposeOffer  = "offer"  // to replace the link; the body is proven with it
	purposeWatch  = "watch"  // to open its watch anew
	purposeStream = "stream" // to have a TLS handshake, see serveStream
)

// proof is what whoever holds the token can say, and nobody else: who says it,
// what for, and how many it has said before. The count only grows, so that a
// proof which was overheard is worth nothing, and a link may need any number.
// Streams are opened side by side, and their proofs may come in another order.
type proof struct {
	by      Instance
	purpose string
	count   uint64
}

// under returns the proof as a header carries it: the count, a space, and the
// HMAC-SHA256 under the token in hex.
func (p proof) under(t token, body string) string {
	mac := hmac.New(sha256.New, t[:])
	_, _ = fmt.Fprintf(mac, "lanyap proof %s %s %d\x00%s", p.by, p.purpose, p.count, body)
	return fmt.Sprintf("%d %x", p.count, mac.Sum(nil))
}

// tokens remembers the newest token of each instance, beyond the link's end.
type tokens struct {
	self Instance

	mu   sync.Mutex // guards what follows
	byIn map[Instance]*tokenEntry
}

type tokenEntry struct {
	token   token
	since   time.Time
	given   uint64 // proofs of ours
	taken   uint64 // the highest count of a proof of theirs
	streams window // the counts of those for streams, several of which may be under way
	who     certified
}

// certified is whose certificate has which fingerprint, as hello has proven. It is
// that of one start of a program, and so stays the instance's.
type certified struct {
	id          ID
	fingerprint [sha256.Size]byte
}

// window is which of the last counts were taken (RFC 4303 §3.4.3): up to top, with a
// bit for each of the 64 before and with it.
type window struct {
	top  uint64
	seen uint64 // bit i: top-i
}

// take reports whether a count is a new one, and takes it.
func (w *window) take(count uint64) bool {
	if count > w.top {
		w.seen = w.seen<<(count-w.top) | 1
		w.top = count
		return true
	}
	bit := uint64(1) << (w.top - count)
	if bit == 0 || w.seen&bit != 0 {
		return false
	}
	w.seen |= bit
	return true
}

// set remembers the token of a new link. Whoever comes and goes makes us forget
// others, but none that is linked: it could not watch its link any more, nor
// replace it.
func (ts *tokens) set(in Instance, t token, linked func(Instance) bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.byIn == nil {
		ts.byIn = make(map[Instance]*tokenEntry)
	}
	if len(ts.byIn) >= maxTokens && ts.byIn[in] == nil {
		oldest, since := in, time.Now()
		for other, e := range ts.byIn {
			if e.since.Before(since) && !linked(other) {
				oldest, since = other, e.since
			}
		}
		delete(ts.byIn, oldest)
	}
	ts.byIn[in] = &tokenEntry{token: t, since: time.Now()}
}

// certify notes whose certificate that of a new link is; set comes before.
func (ts *tokens) certify(in Instance, who certified) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if e := ts.byIn[in]; e != nil {
		e.who = who
	}
}

// certified returns what is known of an instance that is or was linked.
func (ts *tokens) certified(in Instance) (certified, bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	e := ts.byIn[in]
	if e == nil {
		return certified{}, false
	}
	return e.who, true
}

// of returns the token of an instance, or zero if we never had a link.
func (ts *tokens) of(in Instance) token {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if e := ts.byIn[in]; e != nil {
		return e.token
	}
	return token{}
}

// prove returns a new proof of ours for in, or "" if we never had a link.
func (ts *tokens) prove(in Instance, purpose, body string) string {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	e := ts.byIn[in]
	if e == nil {
		return ""
	}
	e.given++
	return proof{ts.self, purpose, e.given}.under(e.token, body)
}

// check reports whether said is a proof of in's that is newer than all before;
// for a stream, whether it is a new one.
func (ts *tokens) check(in Instance, purpose, body, said string) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	e := ts.byIn[in]
	if e == nil {
		return false
	}
	digits, _, _ := strings.Cut(said, " ")
	count, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || purpose != purposeStream && count <= e.taken {
		return false
	}
	if !hmac.Equal([]byte(proof{in, purpose, count}.under(e.token, body)), []byte(said)) {
		return false
	}
	if purpose == purposeStream {
		return e.streams.take(count)
	}
	e.taken = count
	return true
}
