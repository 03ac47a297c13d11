package discovery_test

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/lanyap/lanyap/discovery"
)

// noSandbox is the exit code where none can be made.
const noSandbox = 77

// forbidNetlink makes the kernel refuse this process sockets of netlink, as
// sandboxes do.
func forbidNetlink() {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the system call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SOCKET, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 16}, // its first argument
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.AF_NETLINK, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0x50000 | uint32(unix.EACCES)}, // SECCOMP_RET_ERRNO
		{Code: unix.BPF_RET | unix.BPF_K, K: 0x7fff0000},                    // SECCOMP_RET_ALLOW
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		say("error", err)
		os.Exit(noSandbox)
	}
	const setModeFilter, allThreads = 1, 1
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, allThreads, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		say("error", errno)
		os.Exit(noSandbox)
	}
	runtime.KeepAlive(filter)
}

// In a sandbox that forbids netlink the interfaces are found all the same.
func TestSandboxWithoutNetlink(t *testing.T) {
	list, err := discovery.Interfaces(nil)
	if err != nil || len(list) == 0 {
		t.Skipf("this machine has no interfaces: %v", err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "DISCOVERY_TEST_NODE=00000000000000aa", "DISCOVERY_TEST_ROLE=interfaces", "DISCOVERY_TEST_NETLINK=forbidden")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == noSandbox {
		t.Skipf("no sandbox can be made here: %s", out)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, i := range list {
		want := i.Name + " "
		if len(i.Addrs) > 0 && i.Addrs[0].Is4() {
			want += i.Addrs[0].String()
		}
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
}

// Two such nodes find each other, and others.
func TestHostsWithoutNetlink(t *testing.T) {
	l := newLab(t)
	a := l.host().plug().addr4("10.9.0.1/24").start(1, "DISCOVERY_TEST_NETLINK=forbidden")
	a.wait("announced")
	b := l.host().plug().addr4("10.9.0.2/24").start(2, "DISCOVERY_TEST_NETLINK=forbidden")
	c := l.host().plug().addr4("10.9.0.3/24").start(3)
	a.wait("seen", b.instance, "10.9.0.2:7475")
	b.wait("seen", a.instance, "10.9.0.1:7475")
	b.wait("seen", c.instance, "10.9.0.3:7475")
	c.wait("seen", a.instance, "10.9.0.1:7475")
	c.wait("seen", b.instance, "10.9.0.2:7475")
}
