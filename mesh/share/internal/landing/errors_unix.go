//go:build !windows

package landing

import "syscall"

// What the operating system says, by what it means here.
var (
	noSpace      = []error{syscall.ENOSPC}
	quota        = []error{syscall.EDQUOT}
	tooLarge     = []error{syscall.EFBIG}
	readOnly     = []error{syscall.EROFS, syscall.EACCES, syscall.EPERM}
	otherDisk    = syscall.EXDEV
	notDirectory = []error{syscall.ENOTDIR, syscall.EISDIR}
)
