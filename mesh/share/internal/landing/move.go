package landing

import (
	"errors"
	"io/fs"
	"os"
)

// moveNew moves the file or directory called name in from to the new name as
// in to, which are on one file system. What has that name already stays, and
// the error is [fs.ErrExist]: there is no moment between the look and the move.
func moveNew(from *os.Root, name string, to *os.Root, as string) error {
	err := renameNew(from, name, to, as)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	there, err := from.Lstat(name)
	if err != nil {
		return err
	}
	if there.IsDir() {
		return reserveDirectory(from, name, to, as)
	}
	return linkFile(from, name, to, as)
}

// reserveDirectory moves a directory where there is no rename that replaces
// nothing: it makes an empty one, which is its own, and replaces that. Who puts
// something into it meanwhile keeps it.
func reserveDirectory(from *os.Root, name string, to *os.Root, as string) error {
	if err := to.Mkdir(as, 0o777); err != nil {
		return err
	}
	err := renameOver(from, name, to, as)
	if err != nil {
		_ = to.Remove(as) // if it is empty
	}
	return err
}

// linkFile moves a file where there is no rename that replaces nothing. Where
// there are no links either, it makes an empty file, which is its own, and
// replaces that.
func linkFile(from *os.Root, name string, to *os.Root, as string) error {
	err := link(from, name, to, as)
	if err == nil {
		return from.Remove(name)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := to.OpenFile(as, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	f.Close()
	if err := renameOver(from, name, to, as); err != nil {
		_ = to.Remove(as)
		return err
	}
	return nil
}
