//go:build unix

package source

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nonblock keeps the opening of what was replaced by a named pipe from waiting
// for somebody who writes to it.
const nonblock = syscall.O_NONBLOCK

// inode tells files apart that have the same size and time.
func inode(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}

// access returns a function that says of names in a folder whether they can be
// read, without opening them, and one that ends it.
func access(root *os.Root) (readable func(name string) error, done func(), err error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, nil, err
	}
	conn, err := dir.SyscallConn()
	if err != nil {
		dir.Close()
		return nil, nil, err
	}
	readable = func(name string) (err error) {
		if e := conn.Control(func(fd uintptr) {
			err = unix.Faccessat(int(fd), name, unix.R_OK, unix.AT_EACCESS)
		}); e != nil {
			return e
		}
		return err
	}
	return readable, func() { dir.Close() }, nil
}
