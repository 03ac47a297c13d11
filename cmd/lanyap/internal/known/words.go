package known

import (
	"bytes"
	"crypto/sha256"

	"golang.org/x/crypto/argon2"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/words"
	"github.com/lanyap/lanyap/peer"
)

// wordCount is how many words are compared: 77 bits.
const wordCount = 6

// The cost of the words (RFC 9106, section 4): as much as a secret's. Who sits between
// two people and wants both to read the same would have to try keys until they do;
// each try takes 19 MiB and some 20 ms.
const (
	wordsTime   = 2
	wordsMemory = 19 << 10 // KiB
)

// Words returns what two people compare, alike for both only if each has the other's
// ID at the other end of one link. The binding is that of the link, see
// [mesh.Node.Binding]. It takes a while, on purpose.
func Words(a, b peer.ID, binding [32]byte) []string {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	input := append([]byte("lanyap verify\x00"), a[:]...)
	input = append(append(input, b[:]...), binding[:]...)
	salt := sha256.Sum256(input)
	return words.Of(argon2.IDKey(input, salt[:16], wordsTime, wordsMemory, 1, sha256.Size), wordCount)
}
