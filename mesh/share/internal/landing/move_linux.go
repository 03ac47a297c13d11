package landing

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// renameNew is moveNew where the kernel and the file system know how.
func renameNew(from *os.Root, name string, to *os.Root, as string) error {
	err := inBoth(from, to, func(a, b int) error {
		return unix.Renameat2(a, name, b, as, unix.RENAME_NOREPLACE)
	})
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return errors.ErrUnsupported
	}
	return err
}
