package peer

import (
	"crypto/ed25519"
	"crypto/rand"
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

// ID returns the public half.
func (i *Identity) ID() ID { return ID(i.key.Public().(ed25519.PublicKey)) }

// Sign returns the signature of message, 64 bytes.
func (i *Identity) Sign(message []byte) []byte { return ed25519.Sign(i.key, message) }
