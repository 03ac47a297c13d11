package peer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"strings"
)

// ID names a person or a program for good: it is an Ed25519 public key
// (RFC 8032). Whoever holds the private key is that ID.
type ID [32]byte

// idEncoding is RFC 4648 base32 in lower case without padding: it survives
// being read aloud, and a double click selects all of it.
var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// signatureSize is the length of a signature, in bytes.
const signatureSize = 64

// shortLen is what people are shown: 40 bits tell a room's members apart, and
// are never used to decide anything.
const shortLen = 8

// String returns the 52 characters of the ID.
func (id ID) String() string { return idEncoding.EncodeToString(id[:]) }

// Short returns the first 8 characters of the ID, for people to tell two
// others apart. It is easily imitated; never decide by it.
func (id ID) Short() string { return id.String()[:shortLen] }

// IsZero reports whether the ID is unset.
func (id ID) IsZero() bool { return id == ID{} }

// Verify reports whether sig is this ID's signature of message.
func (id ID) Verify(message, sig []byte) bool {
	return len(sig) == signatureSize && verify(id, message, sig)
}

// MarshalText implements [encoding.TextMarshaler].
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// ParseID reads what [ID.String] returns; upper case is accepted.
func ParseID(s string) (ID, error) {
	var id ID
	raw, err := idEncoding.DecodeString(strings.ToLower(s))
	if err != nil || len(raw) != len(id) {
		return ID{}, errors.New("peer: an ID is 52 characters, a to z and 2 to 7")
	}
	copy(id[:], raw)
	return id, nil
}

// Salt is what a program draws at random when it starts. With the ID it makes
// the [Instance].
type Salt [16]byte

// NewSalt returns a random salt.
func NewSalt() Salt {
	var s Salt
	rand.Read(s[:]) // never fails, see crypto/rand
	return s
}

// IsZero reports whether the salt is unset.
func (s Salt) IsZero() bool { return s == Salt{} }

// Instance names one start of one program under one ID: see [ID.Instance]. The
// same ID is here once for each instance that runs under it.
type Instance [8]byte

// instancePrefix is what keeps an instance apart from any other hash of an ID.
const instancePrefix = "lanyap instance v1"

// Instance returns the instance of one start under this ID: the first 8 bytes of
// SHA-256 over "lanyap instance v1", the ID and the salt. Who has proven the ID
// and tells the salt has proven the instance too: it takes 2^64 attempts to find
// a salt that makes another's. Who sees the instance alone learns nothing of the
// ID.
func (id ID) Instance(s Salt) Instance {
	b := append(append([]byte(instancePrefix), id[:]...), s[:]...)
	sum := sha256.Sum256(b)
	return Instance(sum[:len(Instance{})])
}

// String returns 16 hex digits.
func (in Instance) String() string { return hex.EncodeToString(in[:]) }

// IsZero reports whether the instance is unset.
func (in Instance) IsZero() bool { return in == Instance{} }

// MarshalText implements [encoding.TextMarshaler].
func (in Instance) MarshalText() ([]byte, error) { return []byte(in.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (in *Instance) UnmarshalText(text []byte) error {
	parsed, err := ParseInstance(string(text))
	if err != nil {
		return err
	}
	*in = parsed
	return nil
}

// ParseInstance reads what [Instance.String] returns.
func ParseInstance(s string) (Instance, error) {
	var in Instance
	if len(s) != 2*len(in) {
		return in, errInstance
	}
	if _, err := hex.Decode(in[:], []byte(s)); err != nil {
		return Instance{}, errInstance
	}
	return in, nil
}

var errInstance = errors.New("peer: an instance is 16 hex digits")
