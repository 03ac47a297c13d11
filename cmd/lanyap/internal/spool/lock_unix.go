//go:build !windows

package spool

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes f for this process, or says errHeld. It goes with f's closing, and with
// the process.
func lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errHeld
	}
	return err
}
