package landing

import (
	"io/fs"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// free returns how many bytes we may still write to the disk that dir is on;
// the most there is if nobody knows.
func free(dir *os.File) int64 {
	path, err := windows.UTF16PtrFromString(dir.Name())
	if err != nil {
		return math.MaxInt64
	}
	var available uint64
	if err := windows.GetDiskFreeSpaceEx(path, &available, nil, nil); err != nil {
		return math.MaxInt64
	}
	return int64(min(available, math.MaxInt64))
}

// allocated returns how much of the disk a file has.
func allocated(info fs.FileInfo) int64 { return info.Size() }

// number returns what tells a file from others: here nothing does.
func number(fs.FileInfo) uint64 { return 0 }

// owner is the same of all files: a directory of the user's is not written to by
// others here.
func owner(fs.FileInfo) int64 { return 0 }
