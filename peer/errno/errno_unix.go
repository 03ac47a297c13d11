//go:build !windows

package errno

import "syscall"

var (
	inUse       = []syscall.Errno{syscall.EADDRINUSE}
	refused     = []syscall.Errno{syscall.ECONNREFUSED}
	reset       = []syscall.Errno{syscall.ECONNRESET}
	unreachable = []syscall.Errno{syscall.EHOSTUNREACH, syscall.ENETUNREACH}
	closedPipe  = []syscall.Errno{syscall.EPIPE}
	badHandle   = []syscall.Errno{syscall.EBADF}
)
