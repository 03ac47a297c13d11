package errno

import (
	"syscall"

	"golang.org/x/sys/windows"
)

var (
	inUse       = []syscall.Errno{windows.WSAEADDRINUSE, windows.WSAEACCES} // the second: somebody holds the port exclusively
	refused     = []syscall.Errno{windows.WSAECONNREFUSED}
	reset       = []syscall.Errno{windows.WSAECONNRESET, windows.WSAECONNABORTED}
	unreachable = []syscall.Errno{windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH}
	closedPipe  = []syscall.Errno{windows.ERROR_BROKEN_PIPE, windows.ERROR_NO_DATA}
	badHandle   = []syscall.Errno{windows.ERROR_INVALID_HANDLE}
)
