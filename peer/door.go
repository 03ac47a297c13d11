package peer

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"slices"
)

// A room with a secret has a door in hello: neither side says who it is before the
// other has proven that it knows the secret. That is proven by CPace
// (draft-irtf-cfrg-cpace), by which whoever is at the other end can try one secret
// for each link, and learns nothing else, however much it computes. Two who were
// linked before prove that instead, by the token of that link, which nobody can
// guess.

// What follows the nonce in the first message. The hint is there in any case: who
// has no link to remember says 16 random bytes, so that nobody can ask a node whom
// it was linked to.
const (
	flagSecret = 1  // this side is in a room with a secret
	hintSize   = 16 // bytes
	knockSize  = 1 + hintSize
)

// door is one side's part in that, for one link. A nil door is that of an open room.
type door struct {
	secret            Secret
	offerer, answerer Instance // as they were named when the link was offered
	token             token    // of the link before, or else zero

	ctx    context.Context // bounds what has to wait
	keeper *doorkeeper
	from   netip.Prefix // the source that the other side's guess is counted for
}

// appendKnock appends what a side says of the room in its first message.
func (d *door) appendKnock(b []byte, t *transcript, offerer bool) []byte {
	if d == nil {
		return b
	}
	b = append(b, flagSecret)
	if d.token == (token{}) {
		var random [hintSize]byte
		rand.Read(random[:])
		return append(b, random[:]...)
	}
	return append(b, d.hint(t, offerer)...)
}

// hint proves of a side that it was at the link before. Nobody else can use it: it
// is for these two certificates.
func (d *door) hint(t *transcript, offerer bool) []byte {
	mac := hmac.New(sha256.New, d.token[:])
	mac.Write(slices.Concat([]byte("lanyap hint\x00"), []byte{roleOf(offerer)}, t.offerer[:], t.answerer[:], t.nonce(offerer)[:]))
	return mac.Sum(nil)[:hintSize]
}

// pass returns when the other side has proven that it is of our room, with a key that
// only these two now have, or with [ErrSecret]. The knock is the other side's.
func (d *door) pass(ch channel, t *transcript, offerer bool, knock []byte) (key []byte, err error) {
	private := len(knock) > 0 && knock[0]&flagSecret != 0
	switch {
	case d == nil && !private:
		return nil, nil
	case d == nil || !private || len(knock) < knockSize:
		return nil, ErrSecret
	case d.token != (token{}) && hmac.Equal(d.hint(t, !offerer), knock[1:knockSize]):
		return d.keyOf(d.token[:], t), nil
	case offerer:
		return d.proveFirst(ch, t)
	}
	return d.proveSecond(ch, t)
}

// sessionOf is CPace's session identifier.
func sessionOf(t *transcript) []byte { return slices.Concat(t.offererNonce[:], t.answererNonce[:]) }

// keyOf returns the key that a proof leaves both sides with.
func (d *door) keyOf(secret []byte, t *transcript) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write(slices.Concat([]byte("lanyap door\x00"), sessionOf(t)))
	return mac.Sum(nil)
}
