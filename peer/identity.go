package peer

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Identity is the private half of an [ID].
type Identity struct{ key ed25519.PrivateKey }

// ErrIdentity says that an identity file is there and cannot be used: broken,
// or open to other users of the machine. It is never overwritten.
var ErrIdentity = errors.New("unusable identity file")

const (
	identityFile = "identity.pem"
	pemType      = "PRIVATE KEY" // PKCS #8 (RFC 5958), as OpenSSL reads and writes it
	maxKeyFile   = 4 << 10       // bytes; ours has 119
)

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

// LoadIdentity reads the identity kept in dir, as identity.pem. If there is
// none it makes dir (0700) and a new identity (0600). Several processes may do
// so at once and all get the same one.
func LoadIdentity(dir string) (*Identity, error) {
	path := filepath.Join(dir, identityFile)
	id, err := readIdentity(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("peer: identity: %w", err)
	}
	if err := createIdentity(dir, path); err != nil {
		return nil, fmt.Errorf("peer: identity: %w", err)
	}
	return readIdentity(path) // ours, or that of whoever was first
}

// createIdentity writes a new identity to a file of its own and then gives it
// the name all look for: link(2) fails where the name exists, so the first of
// several processes wins and nobody ever reads half a file.
func createIdentity(dir, path string) error {
	der, err := x509.MarshalPKCS8PrivateKey(NewIdentity().key)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, identityFile+".new-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if err := errors.Join(pem.Encode(tmp, &pem.Block{Type: pemType, Bytes: der}), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func readIdentity(path string) (*Identity, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("peer: identity: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("peer: identity: %w: %s is open to other users (mode %04o)", ErrIdentity, path, info.Mode().Perm())
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("peer: identity: %w: %s is too large", ErrIdentity, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("peer: identity: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("peer: identity: %w: %s holds no private key", ErrIdentity, path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("peer: identity: %w: %s: %w", ErrIdentity, path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("peer: identity: %w: %s is not an Ed25519 key", ErrIdentity, path)
	}
	return &Identity{key: key}, nil
}
