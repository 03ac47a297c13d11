package peer

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
)

// Secret is what only those may know who are let into a room. The zero value is
// that of an open room, which everybody may enter.
//
// Secrets cannot be compared: whether another side knows the same one is found out
// by hello, which tells neither side more than that.
type Secret struct {
	// In a closure, since what nobody exports, and what it points to, is shown by
	// fmt without a method of ours being asked.
	key func() *[secretSize]byte
}

const secretSize = 32 // bytes

// Argon2id (RFC 9106), so that whoever gets hold of something made of a passphrase,
// a history file for instance, has 19 MiB and some 20 ms to pay for each guess. It
// is done once in a program's life; a phone's browser must bear it, too.
const (
	stretchPasses  = 2
	stretchMemory  = 19 << 10 // KiB
	stretchThreads = 1        // a page has no more
	stretchSalt    = 16       // bytes
)

// NewSecret stretches the passphrase of a room; an empty room is [DefaultRoom]. It
// takes 19 MiB of memory and tens of milliseconds, in a browser some hundreds. The
// passphrase is taken byte for byte: whoever asks people for it should bring it into
// one form first (RFC 8265), and refuse one that is short. An empty one is the
// secret of an open room, the zero value.
func NewSecret(room, passphrase string) Secret {
	if passphrase == "" {
		return Secret{}
	}
	salt := sha256.Sum256([]byte("lanyap secret\x00" + cmp.Or(room, DefaultRoom)))
	key := argon2.IDKey([]byte(passphrase), salt[:stretchSalt], stretchPasses, stretchMemory, stretchThreads, secretSize)
	return Secret{func() *[secretSize]byte { return (*[secretSize]byte)(key) }}
}

// IsZero reports whether s is that of an open room.
func (s Secret) IsZero() bool { return s.key == nil }

// RoomKey returns what the signatures of a room are bound to, so that those of
// another room, or of another secret, never verify. An empty room is [DefaultRoom].
// Without a secret the key is no secret either.
func (s Secret) RoomKey(room string) [32]byte {
	room = cmp.Or(room, DefaultRoom)
	if s.IsZero() {
		return sha256.Sum256([]byte("lanyap room key" + room))
	}
	return s.derive("room", room)
}

// password is what two sides prove to each other that they know (CPace's PRS).
func (s Secret) password() [32]byte { return s.derive("password", "") }

// derive returns a key for a purpose, and for that alone: who gets to know it knows
// no other one, nor the secret.
func (s Secret) derive(purpose, of string) (key [32]byte) {
	mac := hmac.New(sha256.New, s.key()[:])
	_, _ = io.WriteString(mac, "lanyap "+purpose+"\x00"+of)
	mac.Sum(key[:0])
	return key
}

// String returns a word that is the same for all secrets.
func (s Secret) String() string {
	if s.IsZero() {
		return "no secret"
	}
	return "secret"
}

// Format implements [fmt.Formatter]; no verb shows more than String.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }
