package landing

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate has the disk set aside what f will need, so that it is told at once
// that there is too little, and the file lies in one piece. A file system that
// cannot is none the worse.
func allocate(f *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL):
			return nil
		}
		return err
	}
}
