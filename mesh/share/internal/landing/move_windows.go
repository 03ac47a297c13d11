package landing

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// noWait is the flag to open what could be a FIFO with: there are none.
const noWait = 0

// renameNew moves what is called name in from to the name as in to, and
// replaces nothing.
func renameNew(from *os.Root, name string, to *os.Root, as string) error {
	return moveBetween(from, name, to, as, 0)
}

// renameOver does, and replaces a file.
func renameOver(from *os.Root, name string, to *os.Root, as string) error {
	return moveBetween(from, name, to, as, windows.MOVEFILE_REPLACE_EXISTING)
}

// link is not needed: renameNew is always there.
func link(_ *os.Root, _ string, _ *os.Root, _ string) error {
	return windows.ERROR_NOT_SUPPORTED
}

// moveBetween goes by the paths that the directories had when they were opened: an
// open directory keeps its name here.
func moveBetween(from *os.Root, name string, to *os.Root, as string, flags uint32) error {
	a, err := windows.UTF16PtrFromString(long(filepath.Join(from.Name(), name)))
	if err != nil {
		return err
	}
	b, err := windows.UTF16PtrFromString(long(filepath.Join(to.Name(), as)))
	if err != nil {
		return err
	}
	return windows.MoveFileEx(a, b, flags)
}

// long is an absolute path in the form that may be longer than 260 characters.
func long(path string) string {
	if len(path) < windows.MAX_PATH || path[0] == '\\' {
		return path
	}
	return `\\?\` + path
}
