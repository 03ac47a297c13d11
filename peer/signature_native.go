//go:build !js

package peer

import "crypto/ed25519"

// privateKey is one of Ed25519 (RFC 8032).
type privateKey = ed25519.PrivateKey

func keyOf(seed [seedSize]byte) privateKey { return ed25519.NewKeyFromSeed(seed[:]) }

func publicOf(key privateKey) ID { return ID(key.Public().(ed25519.PublicKey)) }

func sign(key privateKey, message []byte) []byte { return ed25519.Sign(key, message) }

func verify(id ID, message, sig []byte) bool { return ed25519.Verify(id[:], message, sig) }
