//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace that lives as long as the file is open or a
// process runs in it.
type namespace struct{ file *os.File }

// path names the namespace to a program such as ip, which takes any path with
// a slash in it where it takes a name.
func (ns namespace) path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), ns.file.Fd())
}

// thread is one operating system thread that moves from namespace to
// namespace. A child process starts in the namespace of the thread that forks
// it, so nothing stands between the test and the program: a start through
// `ip netns exec` costs milliseconds, which would be measured with it.
type thread struct{ jobs chan func() }

// newThread starts a thread. It must outlive every process it started: these
// are killed when it ends.
func newThread() *thread {
	th := &thread{jobs: make(chan func())}
	go func() {
		// Never unlocked: the runtime ends the thread with the goroutine, since
		// nobody else may run in a namespace it did not ask for.
		runtime.LockOSThread()
		for job := range th.jobs {
			job()
		}
	}()
	return th
}

func (th *thread) close() { close(th.jobs) }

// create makes a namespace with nothing but a loopback interface that is down.
func (th *thread) create() (namespace, error) {
	var ns namespace
	err := th.do(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("lab: new network namespace: %w", err)
		}
		var err error
		ns.file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	return ns, err
}

// in runs f on the thread, inside ns.
func (th *thread) in(ns namespace, f func() error) error {
	return th.do(func() error {
		if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("lab: enter network namespace: %w", err)
		}
		return f()
	})
}

func (th *thread) do(f func() error) error {
	done := make(chan error, 1)
	th.jobs <- func() { done <- f() }
	return <-done
}

// run runs a program inside ns with input and returns what it printed.
func (th *thread) run(ns namespace, input string, name string, args ...string) ([]byte, error) {
	var out []byte
	err := th.in(ns, func() error {
		cmd := exec.Command(name, args...)
		cmd.Stdin = strings.NewReader(input)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		out = stdout.Bytes()
		if err != nil {
			return fmt.Errorf("lab: %s %s: %w: %s\n%s", name, strings.Join(args, " "), err, stderr.Bytes(), input)
		}
		return nil
	})
	return out, err
}

// ip runs commands of ip(8), one a line, inside ns; one process for all.
func (th *thread) ip(ns namespace, commands ...string) error {
	_, err := th.run(ns, strings.Join(commands, "\n")+"\n", "ip", "-batch", "-")
	return err
}

// nft loads a ruleset inside ns.
func (th *thread) nft(ns namespace, rules string) error {
	_, err := th.run(ns, rules, "nft", "-f", "-")
	return err
}

// sysctl sets keys below net. of one namespace; the kernel shows each process
// its own.
func (th *thread) sysctl(ns namespace, values map[string]string) error {
	return th.in(ns, func() error {
		for key, value := range values {
			path := "/proc/sys/net/" + strings.ReplaceAll(key, ".", "/")
			if err := os.WriteFile(path, []byte(value), 0); err != nil {
				return fmt.Errorf("lab: sysctl net.%s: %w", key, err)
			}
		}
		return nil
	})
}
