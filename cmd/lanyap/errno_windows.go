package main

import (
	"errors"
	"io"
	"syscall"
)

// Numbers of Windows that package syscall has no name for, from winerror.h and
// winsock2.h.
const (
	errorNoData = syscall.Errno(232)   // the pipe is being closed
	wsaInUse    = syscall.Errno(10048) // WSAEADDRINUSE
	badHandle   = syscall.Errno(6)     // the file was closed before the program began, as for a service
	wsaAccess   = syscall.Errno(10013) // WSAEACCES: somebody holds the port exclusively
)

// isClosed reports whether err says that nobody reads our output any more.
func isClosed(err error) bool {
	return errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, errorNoData) || errors.Is(err, io.ErrClosedPipe)
}

// isPortTaken reports whether err says that another program has a port.
func isPortTaken(err error) bool { return errors.Is(err, wsaInUse) || errors.Is(err, wsaAccess) }
