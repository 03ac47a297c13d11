//go:build linux || darwin || freebsd || dragonfly

package spool

import (
	"math"

	"golang.org/x/sys/unix"
)

// Free returns how many bytes we may still write where path is; the most there is if
// nobody knows.
func Free(path string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil || s.Blocks == 0 {
		return math.MaxInt64
	}
	blocks, size := natural(s.Bavail), uint64(s.Bsize)
	if size != 0 && blocks > math.MaxInt64/size {
		return math.MaxInt64
	}
	return int64(blocks * size)
}

// natural makes one type of those that systems count blocks in.
func natural[T int64 | uint64](n T) uint64 { return uint64(max(n, 0)) }
