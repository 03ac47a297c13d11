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
	purposeOffer = "offer" // to replace the link; the body is proven with it
	purposeWatch = "watch" // to open its watch anew
)

// proof is what whoever holds the token can say, and nobody else: who says it,
// what for, and how many it has said before. The count only grows, so that a
// proof which was overheard is worth nothing, and a link may need any number.
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
	token token
	since time.Time
	given uint64 // proofs of ours
	taken uint64 // the highest count of a proof of theirs
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

// check reports whether said is a proof of in's that is newer than all before.
func (ts *tokens) check(in Instance, purpose, body, said string) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	e := ts.byIn[in]
	if e == nil {
		return false
	}
	digits, _, _ := strings.Cut(said, " ")
	count, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || count <= e.taken {
		return false
	}
	if !hmac.Equal([]byte(proof{in, purpose, count}.under(e.token, body)), []byte(said)) {
		return false
	}
	e.taken = count
	return true
}
