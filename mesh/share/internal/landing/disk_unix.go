//go:build !windows

package landing

import (
	"io/fs"
	"syscall"
)

// allocated returns how much of the disk a file has.
func allocated(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Blocks * 512
	}
	return info.Size()
}

// number returns what tells a file from others of its file system, also under
// another name; 0 if nothing does.
func number(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}

// owner returns the user that a file belongs to.
func owner(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(s.Uid)
	}
	return -1
}
