package peer

import "github.com/lanyap/lanyap/peer/internal/eddsa"

// privateKey is one of Ed25519 (RFC 8032).
type privateKey = *eddsa.Key

func keyOf(seed [seedSize]byte) privateKey { return eddsa.NewKey(seed) }

func publicOf(key privateKey) ID { return key.Public() }

func sign(key privateKey, message []byte) []byte { return key.Sign(message) }

func verify(id ID, message, sig []byte) bool { return eddsa.Verify(id, message, sig) }
