package landing

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// What the operating system says, by what it means here.
var (
	noSpace      = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL}
	quota        = []error{windows.ERROR_DISK_QUOTA_EXCEEDED}
	tooLarge     = []error{windows.ERROR_FILE_TOO_LARGE}
	readOnly     = []error{windows.ERROR_WRITE_PROTECT, windows.ERROR_ACCESS_DENIED}
	otherDisk    = windows.ERROR_NOT_SAME_DEVICE
	notDirectory = []error{syscall.ENOTDIR, syscall.EISDIR, windows.ERROR_DIRECTORY}
)
