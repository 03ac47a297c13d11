//go:build linux

package hosts

import (
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/hostile"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// behindVariable has a role run on what others leave of the processors.
const behindVariable = "LANYAP_HOSTS_BEHIND"

// startFoeBehind is startFoe for measurements. A foe's host has processors of its own,
// which it cannot take from those that it attacks; here all hosts share the few that
// there are. So it gets what the others leave, and whoever measures says how much it
// did with that.
func startFoeBehind(t *testing.T, h *lab.Host, orders ...hostile.Order) *foe {
	t.Helper()
	return playedBy(t, h, orders, behindVariable+"=1")
}

// standBehind has all threads of this process run only when nobody else wants a
// processor (SCHED_IDLE, sched(7)). A thread has its policy from the one that made it,
// so the process begins anew with one that has.
func standBehind() error {
	runtime.LockOSThread()
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
		return os.NewSyscallError("sched_setattr", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, behindVariable+"=") {
			env = append(env, v)
		}
	}
	return os.NewSyscallError("execve", syscall.Exec(self, os.Args, env))
}
