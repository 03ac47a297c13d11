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
	door          []byte // what the proof of the room's secret left both with; none in an open room
}

// message is what one side signs: roles are in it, so that a signature cannot
// be turned around.
func (t *transcript) message(byOfferer bool, rest []byte) []byte {
	prefix := "lanyap hello 1\x00"
	if t.door != nil {
		prefix = "lanyap private hello 1\x00"
	}
	room := sha256.Sum256([]byte("lanyap room\x00" + t.room))
	return slices.Concat([]byte(prefix), []byte{roleOf(byOfferer)}, room[:],
		t.offerer[:], t.answerer[:], t.offererNonce[:], t.answererNonce[:], t.door, rest)
}

func roleOf(offerer bool) byte {
	if offerer {
		return 'o'
	}
	return 'a'
}

// nonce returns that of one side.
func (t *transcript) nonce(offerer bool) *[nonceSize]byte {
	if offerer {
		return &t.offererNonce
	}
	return &t.answererNonce
}

// binding is what both ends of the link have alike, and no other link has: see
// [Conn.Binding].
func (t *transcript) binding(shared token) [sha256.Size]byte {
	return sha256.Sum256(slices.Concat([]byte("lanyap binding\x00"), shared[:],
		t.offerer[:], t.answerer[:], t.offererNonce[:], t.answererNonce[:], t.door))
}
