package peer

import (
	"crypto/sha256"
	"slices"
)

// transcript is what both sides know of the link they are on. It binds the
// identities to the two DTLS certificates, so nobody can stand in between, and
// needs nothing a browser does not have (RFC 8122 fingerprints).
type transcript struct {
	room          string
	offerer       [sha256.Size]byte // fingerprint of its certificate
	answerer      [sha256.Size]byte
	offererNonce  [nonceSize]byte
	answererNonce [nonceSize]byte
}

// message is what one side signs: roles are in it, so that a signature cannot
// be turned around.
func (t *transcript) message(byOfferer bool, rest []byte) []byte {
	role := byte('a')
	if byOfferer {
		role = 'o'
	}
	room := sha256.Sum256([]byte("lanyap room\x00" + t.room))
	return slices.Concat([]byte("lanyap hello 1\x00"), []byte{role}, room[:],
		t.offerer[:], t.answerer[:], t.offererNonce[:], t.answererNonce[:], rest)
}
