package peer

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
)

// Identity is the private half of an [ID].
type Identity struct{ key ed25519.PrivateKey }

// NewIdentity returns a new identity that is kept nowhere but in memory.
func NewIdentity() *Identity {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return &Identity{key: key}
}

// IdentityOf returns the identity of a seed, the private key of RFC 8032: 32 random
// bytes that somebody else keeps, such as a browser.
func IdentityOf(seed []byte) (*Identity, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("peer: a seed has %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	return &Identity{key: ed25519.NewKeyFromSeed(seed)}, nil
}

// ID returns the public half.
func (i *Identity) ID() ID { return ID(i.key.Public().(ed25519.PublicKey)) }

// Sign returns the signature of message, 64 bytes.
func (i *Identity) Sign(message []byte) []byte { return ed25519.Sign(i.key, message) }
