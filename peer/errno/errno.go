// Package errno tells the system's errors apart on every system: Windows has
// numbers of its own for sockets, which package syscall's portable names never
// match there.
package errno

import (
	"errors"
	"io"
	"slices"
	"syscall"
)

// IsInUse reports whether err says that another program has a port.
func IsInUse(err error) bool { return is(err, inUse) }

// IsRefused reports whether err says that nothing listens on a port.
func IsRefused(err error) bool { return is(err, refused) }

// IsReset reports whether err says that the other side's system ended a
// connection, as that of a dead process does.
func IsReset(err error) bool { return is(err, reset) }

// IsUnreachable reports whether err says that a host does not answer on its
// own network, or that no way leads to it or its network.
func IsUnreachable(err error) bool { return is(err, unreachable) }

// IsClosedPipe reports whether err says that nobody reads our output any more.
func IsClosedPipe(err error) bool { return is(err, closedPipe) || errors.Is(err, io.ErrClosedPipe) }

// IsBadHandle reports whether err is what becomes of asking about a file that
// was closed before the program began.
func IsBadHandle(err error) bool { return is(err, badHandle) }

func is(err error, numbers []syscall.Errno) bool {
	var number syscall.Errno
	return errors.As(err, &number) && slices.Contains(numbers, number)
}
