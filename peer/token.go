package peer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"time"
)

// token is known to the two ends of a link and to nobody else. Instances are
// public, so only who holds the token may replace a link or reopen its watch.
type token [16]byte

const (
	maxTokens = 1024 // remembered, of as many instances; the oldest goes first
	maxProofs = 16   // accepted under one token: each counts once
)

// sharedToken joins the halves that the two sides drew.
func sharedToken(offerer, answerer token) token {
	sum := sha256.Sum256(slices.Concat([]byte("lanyap token\x00"), offerer[:], answerer[:]))
	return token(sum[:len(token{})])
}

// prove returns the HMAC-SHA256 of purpose and body under the token, in hex.
func (t token) prove(purpose, body string) string {
	mac := hmac.New(sha256.New, t[:])
	mac.Write([]byte(purpose + "\x00" + body))
	return hex.EncodeToString(mac.Sum(nil))
}

// tokens remembers the newest token of each instance, beyond the link's end.
type tokens struct {
	mu   sync.Mutex // guards what follows
	byIn map[Instance]*tokenEntry
}

type tokenEntry struct {
	token token
	since time.Time
	seen  []string // proofs that were accepted: one that was overheard is worth nothing
}

func (ts *tokens) set(in Instance, t token) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.byIn == nil {
		ts.byIn = make(map[Instance]*tokenEntry)
	}
	if len(ts.byIn) >= maxTokens {
		oldest, since := in, time.Now()
		for other, e := range ts.byIn {
			if e.since.Before(since) {
				oldest, since = other, e.since
			}
		}
		delete(ts.byIn, oldest)
	}
	ts.byIn[in] = &tokenEntry{token: t, since: time.Now()}
}

// proof returns our proof for a link to in, or "" if we never had one.
func (ts *tokens) proof(in Instance, purpose, body string) string {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	e := ts.byIn[in]
	if e == nil {
		return ""
	}
	return e.token.prove(purpose, body)
}

// check reports whether proof is a fresh one of in's.
func (ts *tokens) check(in Instance, purpose, body, proof string) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	e := ts.byIn[in]
	if e == nil || proof == "" || !hmac.Equal([]byte(e.token.prove(purpose, body)), []byte(proof)) {
		return false
	}
	if slices.Contains(e.seen, proof) || len(e.seen) >= maxProofs {
		return false
	}
	e.seen = append(e.seen, proof)
	return true
}
