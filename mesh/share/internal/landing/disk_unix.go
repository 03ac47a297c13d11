//go:build !windows

package landing

import (
	"io/fs"
	"os"
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

// ours says whether a file belongs to the user that we are.
func ours(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}
