// Package cpace lets two sides find out whether they know the same password, and
// share a key if they do. Who listens learns nothing of it; who takes part without
// knowing it, or stands in between, can try one in each run, and sees whether it was
// right. It is CPACE-RISTR255-SHA512 of draft-irtf-cfrg-cpace-21, with initiator and
// responder, and with the key confirmation that is suggested there.
//
// The initiator calls [Start] and sends Ya; the responder calls [Respond] and sends
// Yb and Tb; the initiator calls Finish and sends Ta; the responder calls Finish.
// Neither has the key before it has seen that the other side has it, and a run is
// over with the first attempt to finish it, so no run is good for two guesses.
//
// Nothing here takes longer for one password, or one secret number, than for
// another. Go may keep copies of what was on its stack; what is ours is zeroed.
// There is no network, no clock and no limit on how many runs there are: whoever
// calls this has to count them.
//
// The code is our own, and nobody has audited it.
package cpace

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"slices"

	"filippo.io/edwards25519"

	"github.com/lanyap/lanyap/peer/internal/ristretto"
)

// Sizes in bytes.
const (
	ShareSize = ristretto.Size // of Ya and Yb
	TagSize   = sha512.Size    // of Ta and Tb
	KeySize   = sha512.Size
)

// ErrMismatch is the only error there is: the two do not know the same password,
// or do not mean the same run, or what came is not what an honest side sends. Which
// of these it was is not told.
var ErrMismatch = errors.New("cpace: the other side does not know the same")

// Inputs must be the same on both sides. Any but the password may be empty.
type Inputs struct {
	Password []byte // PRS
	Channel  []byte // CI: what the key is bound to; who both are, by roles
	Session  []byte // sid: of this run, and no other; it is no secret

	// What each side sent besides, in clear.
	InitiatorData []byte // ADa
	ResponderData []byte // ADb
}

const (
	dsi         = "CPaceRistretto255"
	dsiKey      = dsi + "_ISK"
	macPrefix   = "CPaceMac"
	scalarBits  = 252 // uniform below 2^252, as the draft recommends; the order is little more
	scalarBytes = 32
)

// Initiator is the side that begins.
type Initiator struct {
	in     Inputs
	secret *ristretto.Scalar
	share  [ShareSize]byte
}

// Start begins a run. The inputs must not change before its end.
func Start(in Inputs) (i *Initiator, ya [ShareSize]byte) { return start(in, newScalar()) }

func start(in Inputs, secret *ristretto.Scalar) (*Initiator, [ShareSize]byte) {
	i := &Initiator{in, secret, in.generator().Times(secret).Encode()}
	return i, i.share
}

// Finish takes what the responder sent, and returns the key and what to send it, or
// [ErrMismatch]. A second call is an error whatever it is given.
func (i *Initiator) Finish(yb, tb []byte) (key [KeySize]byte, ta [TagSize]byte, err error) {
	secret := i.secret
	i.secret = nil
	// Our own share comes from nobody who knows the password.
	if secret == nil || bytes.Equal(yb, i.share[:]) {
		return key, ta, ErrMismatch
	}
	r, err := i.in.finish(secret, yb, i.share[:], yb)
	if err != nil {
		return key, ta, err
	}
	defer r.zero()
	if !hmac.Equal(r.tb[:], tb) {
		return key, ta, ErrMismatch
	}
	return r.key, r.ta, nil
}

// Responder is the other side.
type Responder struct {
	result *result // nil: it has ended
}

// Respond takes what the initiator sent, and returns what to send it, or
// [ErrMismatch].
func Respond(in Inputs, ya []byte) (r *Responder, yb [ShareSize]byte, tb [TagSize]byte, err error) {
	return respond(in, ya, newScalar())
}

func respond(in Inputs, ya []byte, secret *ristretto.Scalar) (*Responder, [ShareSize]byte, [TagSize]byte, error) {
	yb := in.generator().Times(secret).Encode()
	result, err := in.finish(secret, ya, ya, yb[:])
	if err != nil {
		return nil, [ShareSize]byte{}, [TagSize]byte{}, err
	}
	return &Responder{result}, yb, result.tb, nil
}

// Finish takes what the initiator sent last, and returns the key or [ErrMismatch]. A
// second call is an error whatever it is given.
func (r *Responder) Finish(ta []byte) (key [KeySize]byte, err error) {
	result := r.result
	r.result = nil
	if result == nil {
		return key, ErrMismatch
	}
	defer result.zero()
	if !hmac.Equal(result.ta[:], ta) {
		return key, ErrMismatch
	}
	return result.key, nil
}

// result is what a run comes to for whoever knows the password.
type result struct {
	key    [KeySize]byte
	ta, tb [TagSize]byte
}

func (r *result) zero() { *r = result{} }

// finish returns what comes of our secret number, which it zeroes, and the other
// side's share.
func (in *Inputs) finish(secret *ristretto.Scalar, theirs, ya, yb []byte) (*result, error) {
	defer secret.Set(edwards25519.NewScalar())
	point, ok := timesVerified(secret, theirs)
	if !ok {
		return nil, ErrMismatch
	}
	defer clear(point[:])

	initiator := appendLengths(nil, ya, in.InitiatorData)
	responder := appendLengths(nil, yb, in.ResponderData)
	r := &result{key: in.key(point, slices.Concat(initiator, responder))}
	mac := r.macKey(in.Session)
	defer clear(mac[:])
	r.ta, r.tb = tag(mac, initiator), tag(mac, responder)
	return r, nil
}

// timesVerified is the draft's scalar_mult_vfy. It fails for what is no element, and
// where the result is the identity, which everybody would know.
func timesVerified(secret *ristretto.Scalar, share []byte) (point [ristretto.Size]byte, ok bool) {
	e, err := ristretto.Decode(share)
	if err != nil {
		return point, false
	}
	point = e.Times(secret).Encode()
	return point, subtle.ConstantTimeCompare(point[:], make([]byte, len(point))) != 1
}

// generator is the draft's calculate_generator: the element that both sides begin
// with, which only who knows the password knows.
func (in *Inputs) generator() *ristretto.Element {
	p := in.generatorString()
	defer clear(p)
	hash := sha512.Sum512(p)
	defer clear(hash[:])
	return ristretto.FromUniform(hash)
}

// generatorString fills the first block of the hash with the password and zeros, so
// that hashing takes as long for any password that is not longer than a block.
func (in *Inputs) generatorString() []byte {
	// All at once, so that no copy is left behind where it grows.
	p := make([]byte, 0, 2*sha512.BlockSize+len(dsi)+len(in.Password)+len(in.Channel)+len(in.Session)+4*binary.MaxVarintLen64)
	p = appendLengths(p, []byte(dsi), in.Password)
	zeros := max(0, sha512.BlockSize-1-len(p))
	return appendLengths(p, make([]byte, zeros), in.Channel, in.Session)
}

// key is the draft's ISK, with one of its transcripts.
func (in *Inputs) key(point [ristretto.Size]byte, transcript []byte) [KeySize]byte {
	h := sha512.New()
	_, _ = h.Write(appendLengths(nil, []byte(dsiKey), in.Session, point[:])) // never fails
	_, _ = h.Write(transcript)
	return [KeySize]byte(h.Sum(nil))
}

func (r *result) macKey(session []byte) [sha512.Size]byte {
	h := sha512.New()
	_, _ = h.Write([]byte(macPrefix)) // never fails
	_, _ = h.Write(session)
	_, _ = h.Write(r.key[:])
	return [sha512.Size]byte(h.Sum(nil))
}

// tag is the proof of who sent a message that it knows the key.
func tag(key [sha512.Size]byte, message []byte) [TagSize]byte {
	mac := hmac.New(sha512.New, key[:])
	_, _ = mac.Write(message) // never fails
	return [TagSize]byte(mac.Sum(nil))
}

// appendLengths appends each part behind its length in LEB128 (the draft's lv_cat),
// which no other parts come to.
func appendLengths(p []byte, parts ...[]byte) []byte {
	for _, part := range parts {
		p = append(binary.AppendUvarint(p, uint64(len(part))), part...)
	}
	return p
}

// newScalar is the draft's sample_scalar.
func newScalar() *ristretto.Scalar {
	var p [scalarBytes]byte
	_, _ = rand.Read(p[:]) // never fails
	defer clear(p[:])
	p[scalarBytes-1] &= 1<<(scalarBits%8) - 1
	s, err := edwards25519.NewScalar().SetCanonicalBytes(p[:])
	if err != nil {
		panic(err) // 2^252 is below the order
	}
	return s
}
