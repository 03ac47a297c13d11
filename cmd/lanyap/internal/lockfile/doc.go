// Package lockfile has files that one process holds at a time. The kernel lets go of
// one however its process ends.
package lockfile

import "errors"

// ErrHeld is that another process has the lock.
var ErrHeld = errors.New("in use by another process")
