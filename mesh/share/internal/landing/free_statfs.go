//go:build linux || darwin || freebsd || dragonfly

package landing

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// free returns how many bytes we may still write to the disk that dir is on;
// the most there is if nobody knows.
func free(dir *os.File) int64 {
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &s); err != nil || s.Blocks == 0 {
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
