//go:build !js

package peer

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// ErrIdentity says that an identity file is there and cannot be used: broken,
// or open to other users of the machine. It is never overwritten.
var ErrIdentity = errors.New("unusable identity file")

const (
	identityFile = "identity.pem"
	pemType      = "PRIVATE KEY" // PKCS #8 (RFC 5958), as OpenSSL reads and writes it
	maxKeyFile   = 4 << 10       // bytes; ours has 119
)

// LoadIdentity reads the identity kept in dir, as identity.pem. If there is
// none it makes dir (0700) and a new identity (0600). Several processes may do
// so at once and all get the same one.
func LoadIdentity(dir string) (*Identity, error) { return loadIdentity(dir, os.Link) }

// loadIdentity is LoadIdentity with the hard links of some file system.
func loadIdentity(dir string, link func(from, to string) error) (*Identity, error) {
	path := filepath.Join(dir, identityFile)
	id, err := readIdentity(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("peer: identity: %w", err)
	}
	if err := createIdentity(dir, path, link); err != nil {
		return nil, fmt.Errorf("peer: identity: %w", err)
	}
	return readIdentity(path) // ours, or that of whoever was first
}

// createIdentity writes a new identity to a file of its own and then gives it
// the name all look for: link(2) fails where the name exists, so the first of
// several processes wins and nobody ever reads half a file. Where there are no
// hard links (exFAT, Android) the file is made under that name, and empty for a
// moment.
func createIdentity(dir, path string, link func(from, to string) error) error {
	der, err := x509.MarshalPKCS8PrivateKey(NewIdentity().key)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, identityFile+".new-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	key := pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
	if err := writeKey(tmp, key); err != nil {
		return err
	}
	err = link(tmp.Name(), path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		var file *os.File
		if file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
			err = writeKey(file, key)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// writeKey writes and closes a new file, and fails if that did not keep it from
// others: some file systems have no modes.
func writeKey(file *os.File, key []byte) error {
	info, err := file.Stat()
	if err == nil && openToOthers(info) {
		err = fmt.Errorf("%w: %s is on a file system that cannot keep it from other users", ErrIdentity, file.Name())
	}
	if err == nil {
		_, err = file.Write(key)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

func openToOthers(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

// settleTime is what another process gets that is just making the file.
const settleTime = 500 * time.Millisecond

// statSettled waits while a file is empty.
func statSettled(path string) (info fs.FileInfo, err error) {
	for deadline := time.Now().Add(settleTime); ; time.Sleep(settleTime / 50) {
		info, err = os.Stat(path)
		if err != nil || info.Size() > 0 || time.Now().After(deadline) {
			return info, err
		}
	}
}

func readIdentity(path string) (*Identity, error) {
	info, err := statSettled(path)
	if err != nil {
		return nil, fmt.Errorf("peer: identity: %w", err)
	}
	if openToOthers(info) {
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
