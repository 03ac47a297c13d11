package peer

import (
	"crypto/rand"
	"fmt"
)

// seedSize is the length of what a key is made of, in bytes.
const seedSize = 32

// Identity is the private half of an [ID].
type Identity struct{ key privateKey }

// NewIdentity returns a new identity that is kept nowhere but in memory.
func NewIdentity() *Identity {
	var seed [seedSize]byte
	_, _ = rand.Read(seed[:]) // never fails
	return &Identity{key: keyOf(seed)}
}

// IdentityOf returns the identity of a seed, the private key of RFC 8032: 32 random
// bytes that somebody else keeps, such as a browser.
func IdentityOf(seed []byte) (*Identity, error) {
	if len(seed) != seedSize {
		return nil, fmt.Errorf("peer: a seed has %d bytes, not %d", seedSize, len(seed))
	}
	return &Identity{key: keyOf([seedSize]byte(seed))}, nil
}

// ID returns the public half.
func (i *Identity) ID() ID { return publicOf(i.key) }

// Sign returns the signature of message, 64 bytes.
func (i *Identity) Sign(message []byte) []byte { return sign(i.key, message) }
