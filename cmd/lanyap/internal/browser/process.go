//go:build linux

package browser

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a browser may take for what it should do at once. On two
// cores that others use as well a start takes seconds.
const patience = 30 * time.Second

// Host is where a browser runs.
type Host interface {
	// Launch starts a command, which is killed when the host is taken down.
	Launch(*exec.Cmd) error
	// Dial connects from there.
	Dial(network, address string) (net.Conn, error)
}

// Config says what browser a test wants. Its zero value is one on this machine.
type Config struct {
	On   Host     // nil: this machine
	Args []string // further ones of the command line

	// NoStorage keeps pages from storing anything: no localStorage and no
	// sessionStorage either. It is for Chromium.
	NoStorage bool
}

// Need skips the test unless these programs are installed, or fails it with
// LANYAP_LAB=required in the environment.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if os.Getenv("LANYAP_LAB") == "required" {
			t.Fatalf("no browser: %s is not installed", name)
		}
		t.Skipf("no browser: %s is not installed", name)
	}
}

// process is a browser's first process, with the profile it works in.
type process struct {
	t       testing.TB
	cmd     *exec.Cmd
	dir     string // profile and downloads
	stderr  tail
	release func()        // ends the thread that the process hangs on
	ended   chan struct{} // closed when the process has ended
}

// profilePrefix is followed by the process ID of the test and a hyphen.
const profilePrefix = "lanyap-browser-"

// newProcess makes the profile's directory.
func newProcess(t testing.TB) *process {
	t.Helper()
	sweep()
	dir, err := os.MkdirTemp("", profilePrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		t.Fatal(err)
	}
	return &process{t: t, dir: dir, release: func() {}, ended: make(chan struct{})}
}

// sweep removes the profiles of test processes that were killed.
func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), profilePrefix+"*"))
	for _, dir := range dirs {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), profilePrefix), "-")
		pid, err := strconv.Atoi(owner)
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}

// start starts the browser. It has a process group of its own, so that nothing
// of it is left when that is killed.
func (p *process) start(on Host, files []*os.File, name string, args ...string) {
	p.t.Helper()
	p.t.Cleanup(p.close)
	p.cmd = exec.Command(name, args...)
	p.cmd.ExtraFiles = files
	p.cmd.Stderr = &p.stderr
	p.cmd.Dir = p.dir
	p.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + p.dir,
		"TMPDIR=" + p.dir,
		"XDG_RUNTIME_DIR=" + p.dir,
		"LANG=C.UTF-8",
		"DBUS_SESSION_BUS_ADDRESS=disabled:",
	}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	// Copying what descendants say must not keep Wait from returning.
	p.cmd.WaitDelay = time.Second
	launch := p.here
	if on != nil {
		launch = on.Launch
	}
	if err := launch(p.cmd); err != nil {
		p.cmd = nil
		p.t.Fatalf("browser: %s: %v", name, err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait()
	}()
}

// here starts a command on this machine. It is killed when the thread that has
// started it ends, so one is kept for it.
func (p *process) here(cmd *exec.Cmd) error {
	started, release := make(chan error), make(chan struct{})
	p.release = sync.OnceFunc(func() { close(release) })
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		started <- cmd.Start()
		<-release
	}()
	return <-started
}

// kill ends all processes of the browser at once.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

func (p *process) close() {
	if p.t.Failed() {
		if said := p.stderr.String(); said != "" {
			p.t.Logf("the browser's last words:\n%s", said)
		}
	}
	p.kill()
	p.release()
	p.removeProfile()
}

// removeProfile waits for processes that have been killed and still write.
func (p *process) removeProfile() {
	var err error
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = os.RemoveAll(p.dir); err == nil {
			return
		}
	}
	p.t.Error(err)
}

// PID is the process ID of the browser itself. Its pages are in others.
func (p *process) PID() int { return p.cmd.Process.Pid }

// write writes a file of the profile.
func (p *process) write(name, content string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(content), 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// tail keeps the last lines that are written to it, those left out that complain
// of what no browser in a test has.
type tail struct {
	mu   sync.Mutex // guards what follows
	kept [][]byte
	line []byte // what has no end yet
}

const tailLines = 30

func (w *tail) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line = append(w.line, data...)
	for {
		line, rest, whole := bytes.Cut(w.line, []byte("\n"))
		if !whole {
			return len(data), nil
		}
		if !bytes.Contains(line, []byte("dbus/")) {
			w.kept = append(w.kept, bytes.Clone(line))
			w.kept = w.kept[max(0, len(w.kept)-tailLines):]
		}
		w.line = rest
	}
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(bytes.Join(w.kept, []byte("\n")))
}

// cpu returns the processor time that processes have used, those that have ended
// left out.
func cpu(pids ...int) (total time.Duration) {
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		// Fields 14 and 15 of proc_pid_stat(5), in ticks of 1/100 s, where the
		// name in parentheses is the second.
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest)
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		total += time.Duration(user+system) * 10 * time.Millisecond
	}
	return total
}
