//go:build !windows

package main

import (
	"errors"
	"io"
	"syscall"
)

// badHandle is what becomes of asking about a file that was closed before the
// program began.
const badHandle = syscall.EBADF

// isClosed reports whether err says that nobody reads our output any more.
func isClosed(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// isPortTaken reports whether err says that another program has a port.
func isPortTaken(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
