package hpke

import "github.com/lanyap/lanyap/mesh/internal/hpke/suite"

// Key is a private key.
type Key = suite.Key

// Sender seals, and Recipient opens in the same order.
type (
	Sender    = suite.Sender
	Recipient = suite.Recipient
)

// NewKey returns a new key.
func NewKey() (*Key, error) { return suite.NewKey(), nil }

// NewSender returns what seals for the holder of a public key, and the enc that it
// needs to open.
func NewSender(public [32]byte, info []byte) (enc []byte, s *Sender, err error) {
	return suite.NewSender(public, info)
}

// NewRecipient returns what opens what the sender of enc seals.
func NewRecipient(enc []byte, key *Key, info []byte) (*Recipient, error) {
	return suite.NewRecipient(enc, key, info)
}
