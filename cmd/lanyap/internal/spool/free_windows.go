package spool

import (
	"math"

	"golang.org/x/sys/windows"
)

// Free returns how many bytes we may still write where path is; the most there is if
// nobody knows.
func Free(path string) int64 {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return math.MaxInt64
	}
	var available uint64
	if err := windows.GetDiskFreeSpaceEx(name, &available, nil, nil); err != nil {
		return math.MaxInt64
	}
	return int64(min(available, math.MaxInt64))
}
