//go:build !windows

package landing

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// noWait is the flag to open what could be a FIFO with.
const noWait = unix.O_NONBLOCK

// renameOver moves what is called name in from to the name as in to, and
// replaces what has it: a file by a file, an empty directory by a directory.
func renameOver(from *os.Root, name string, to *os.Root, as string) error {
	return inBoth(from, to, func(a, b int) error {
		return unix.Renameat(a, name, b, as)
	})
}

// link gives the file name in from the name as in to too.
func link(from *os.Root, name string, to *os.Root, as string) error {
	return inBoth(from, to, func(a, b int) error {
		return unix.Linkat(a, name, b, as, 0)
	})
}

// inBoth calls do with the descriptors of two directories. Names in them that
// have no slash are neither followed nor lead elsewhere in what do may call.
func inBoth(from, to *os.Root, do func(from, to int) error) error {
	a, err := from.Open(".")
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := to.Open(".")
	if err != nil {
		return err
	}
	defer b.Close()
	for {
		if err := do(int(a.Fd()), int(b.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
