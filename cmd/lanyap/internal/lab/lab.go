//go:build linux

package lab

import (
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// Lab owns what one test builds: namespaces, programs and the record of what
// they said. Its methods are for the test's goroutine and end the test when
// something does not work.
type Lab struct {
	t        testing.TB
	thread   *thread
	switches []*Switch
	hosts    []*Host
	spaces   []namespace
	cramped  error // why the kernel keeps few neighbours; nil: it keeps enough

	mu        sync.Mutex // guards processes, changed
	processes []*Process
	changed   chan struct{} // closed at the next event of any program
}

// New returns an empty lab that is taken down with the test. It skips the test
// where labs cannot be built.
func New(t testing.TB) *Lab {
	t.Helper()
	Need(t)
	l := &Lab{t: t, thread: newThread(), changed: make(chan struct{})}
	l.makeRoom()
	t.TempDir() // so that what programs write to is removed after close has ended them
	t.Cleanup(l.close)
	return l
}

// Need skips the test unless it runs as root, may make network namespaces, and
// what a lab needs and these programs are installed. With LANYAP_LAB=required
// in the environment it fails instead: a continuous integration that skipped
// these tests would prove nothing.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	miss := miss(t)
	if os.Geteuid() != 0 {
		miss("no lab: network namespaces need root")
	}
	for _, name := range append([]string{"ip", "bridge", "nft"}, programs...) {
		if _, err := exec.LookPath(name); err != nil {
			miss("no lab: " + name + " is not installed")
		}
	}
	if err := possible(); err != nil {
		miss("no lab: " + err.Error())
	}
}

// miss returns what to do where something is missing.
func miss(t testing.TB) func(...any) {
	if os.Getenv("LANYAP_LAB") == "required" {
		return t.Fatal
	}
	return t.Skip
}

// possible tries once what every lab does: root in a container may not make
// namespaces, and a kernel may lack bridges, cables or packet filters.
var possible = sync.OnceValue(func() error {
	th := newThread()
	defer th.close()
	a, err := th.create()
	if err != nil {
		return err
	}
	defer a.file.Close()
	b, err := th.create()
	if err != nil {
		return err
	}
	defer b.file.Close()
	for _, try := range []func() error{
		func() error { return th.sysctl(a, map[string]string{"ipv4.ip_forward": "1"}) },
		func() error { return th.ip(a, "link add br0 type bridge") },
		func() error { return th.ip(a, "link add p0 type veth peer name eth0 netns "+b.path()) },
		func() error {
			return th.nft(a, "table inet guard {\nchain c { type filter hook output priority 0; }\n}\n")
		},
		func() error {
			return th.nft(a, "table bridge fault {\nchain c { type filter hook forward priority 0; }\n}\n")
		},
	} {
		if err := try(); err != nil {
			return err
		}
	}
	return nil
})

func (l *Lab) close() {
	for _, p := range l.all() {
		p.Kill()
	}
	for _, p := range l.all() {
		<-p.done
	}
	for _, h := range l.hosts {
		h.reportStrays()
	}
	if l.t.Failed() {
		for _, p := range last(l.all(), 20) {
			l.t.Log(p.summary())
		}
	}
	for _, ns := range l.spaces {
		ns.file.Close()
	}
	l.thread.close()
}

// must ends the test if err is not nil.
func (l *Lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *Lab) space() namespace {
	l.t.Helper()
	ns, err := l.thread.create()
	l.must(err)
	l.spaces = append(l.spaces, ns)
	return ns
}

func (l *Lab) all() []*Process {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*Process(nil), l.processes...)
}

// bump wakes everybody who waits for a condition.
func (l *Lab) bump() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Lab) change() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Until waits until cond holds and reports whether it did within d. It looks
// after each event and after each end of a program.
func (l *Lab) Until(d time.Duration, cond func() bool) bool {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	for {
		changed := l.change()
		if cond() {
			return true
		}
		select {
		case <-changed:
		case <-timeout.C:
			return cond()
		}
	}
}

// Await is Until, and ends the test if cond does not come to hold.
func (l *Lab) Await(d time.Duration, what string, cond func() bool) {
	l.t.Helper()
	if !l.Until(d, cond) {
		l.t.Fatalf("after %v still not: %s", d, what)
	}
}

// Stays waits for d and ends the test if broken comes to hold meanwhile.
func (l *Lab) Stays(d time.Duration, what string, broken func() bool) {
	l.t.Helper()
	if l.Until(d, broken) {
		l.t.Fatalf("within %v: %s", d, what)
	}
}
