package landing

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renameNew is moveNew where the file system knows how.
func renameNew(from *os.Root, name string, to *os.Root, as string) error {
	err := inBoth(from, to, func(a, b int) error {
		return unix.RenameatxNp(a, name, b, as, unix.RENAME_EXCL)
	})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return errors.ErrUnsupported
	}
	return err
}
