package passphrase

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// ReadFile returns what is in the file of a secret, a passphrase or an invite as it
// stands there, and whether others than its owner can read or write it. It takes a pipe
// too, such as that of a password manager. More than an invite may have is [ErrLong].
func ReadFile(path string) (text string, exposed bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", false, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxInvite+1))
	switch {
	case err != nil:
		return "", false, err
	case len(content) > maxInvite:
		return "", false, ErrLong
	}
	return string(content), isExposed(info), nil
}

// isExposed reports whether a file is one that others can read, or write another
// secret into, as far as mode bits tell: on Windows they do not.
func isExposed(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o066 != 0
}

// CreateFile writes a passphrase into a new file that only its owner can read. If there
// is one already, the error is [fs.ErrExist].
func CreateFile(path, phrase string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, phrase+"\n")
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path) // half of it would be another secret
	}
	return err
}
