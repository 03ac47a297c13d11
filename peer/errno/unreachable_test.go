//go:build !windows

package errno_test

import (
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/lanyap/lanyap/peer/errno"
)

// TestUnreachable makes the errors up: what the system says of an address
// depends on what the machine is connected to.
func TestUnreachable(t *testing.T) {
	for _, number := range []syscall.Errno{syscall.EHOSTUNREACH, syscall.ENETUNREACH} {
		err := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", number)}
		if !errno.IsUnreachable(err) {
			t.Errorf("%v is not recognized", err)
		}
	}
}
