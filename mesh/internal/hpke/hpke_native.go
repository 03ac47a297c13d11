//go:build !js

package hpke

import (
	"crypto/ecdh"
	"crypto/hpke"
)

// Key is a private key.
type Key struct{ key hpke.PrivateKey }

// Sender seals, and Recipient opens in the same order.
type (
	Sender    = hpke.Sender
	Recipient = hpke.Recipient
)

var kem = hpke.DHKEM(ecdh.X25519())

// NewKey returns a new key.
func NewKey() (*Key, error) {
	key, err := kem.GenerateKey()
	if err != nil {
		return nil, err
	}
	return &Key{key}, nil
}

// Public returns the public half.
func (k *Key) Public() [32]byte { return [32]byte(k.key.PublicKey().Bytes()) }

// NewSender returns what seals for the holder of a public key, and the enc that it
// needs to open.
func NewSender(public [32]byte, info []byte) (enc []byte, s *Sender, err error) {
	to, err := kem.NewPublicKey(public[:])
	if err != nil {
		return nil, nil, err
	}
	return hpke.NewSender(to, hpke.HKDFSHA256(), hpke.AES128GCM(), info)
}

// NewRecipient returns what opens what the sender of enc seals.
func NewRecipient(enc []byte, key *Key, info []byte) (*Recipient, error) {
	return hpke.NewRecipient(enc, key.key, hpke.HKDFSHA256(), hpke.AES128GCM(), info)
}
