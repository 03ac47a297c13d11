//go:build linux

package lab

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Program says what to run.
type Program struct {
	Path  string
	Args  []string
	Env   []string // in addition to PATH, HOME, NO_COLOR and LANYAP_STATE_DIR, each the host's own
	Stdin *os.File // nil: a pipe for [Process.Say]
	Mount bool     // in a mount namespace of its own

	// Watch, if set, is called with each event in turn, and the process keeps
	// neither lines nor events: a program that says a million things would
	// fill the memory.
	Watch func(Event)

	// Tally counts messages without reading them and skips all but ready,
	// joined and left: the reading would take as much time as a fast program.
	Tally bool
}

// Process is a program that runs, or ran, on a host.
type Process struct {
	*Record
	Host    *Host
	Started time.Time // just before the fork
	T       testing.TB

	cmd    *exec.Cmd
	stdin  io.WriteCloser
	tally  bool
	stderr lockedBuffer
	done   chan struct{} // closed when it has ended and all its output is read

	outMu   sync.Mutex // guards what follows
	lines   []string
	counted int // messages, with Tally
}

// Start runs a program on the host. It is killed with the lab at the latest.
func (h *Host) Start(prog Program) *Process {
	l := h.lab
	l.t.Helper()
	cmd := exec.Command(prog.Path, prog.Args...)
	cmd.Dir = h.StateDir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + h.StateDir,
		"NO_COLOR=1",
		"LANYAP_STATE_DIR=" + h.StateDir,
		clockVariable + "=" + h.clock,
	}, prog.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if prog.Mount {
		cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
	}
	p := &Process{Record: l.Record(h.Name, prog.Watch), Host: h, T: l.t, cmd: cmd, tally: prog.Tally, done: make(chan struct{})}
	p.stderr.wrote = l.bump
	cmd.Stderr = &p.stderr
	stdout, err := cmd.StdoutPipe()
	l.must(err)
	if prog.Stdin != nil {
		cmd.Stdin = prog.Stdin
	} else {
		p.stdin, err = cmd.StdinPipe()
		l.must(err)
	}
	l.must(l.thread.in(h.ns, func() error {
		p.Started = time.Now()
		return cmd.Start()
	}))
	l.mu.Lock()
	l.processes = append(l.processes, p)
	l.mu.Unlock()
	go p.record(stdout)
	return p
}

// record reads the output until the program has ended.
func (p *Process) record(stdout io.Reader) {
	scanner := bufio.NewScanner(stdout)
	scanner.Buffer(make([]byte, 0, 4<<10), maxLine)
	for scanner.Scan() {
		p.add(scanner.Bytes(), time.Now())
	}
	// A line that is too long must not stop the program. How that ended, the
	// program's state tells, which is all that anybody asks for.
	_, _ = io.Copy(io.Discard, stdout)
	_ = p.cmd.Wait()
	close(p.done)
	p.Host.lab.bump()
}

func (p *Process) add(line []byte, at time.Time) {
	if p.tally && !p.worthReading(line) {
		return
	}
	if p.watch == nil {
		p.outMu.Lock()
		p.lines = append(p.lines, string(line))
		p.outMu.Unlock()
	}
	p.Add(line, at)
}

// Say writes lines to the program's standard input.
func (p *Process) Say(lines ...string) {
	p.T.Helper()
	if err := p.TrySay(lines...); err != nil {
		p.T.Fatalf("%s: say %q: %v", p.Host.Name, lines, err)
	}
}

// TrySay is Say for any goroutine, and for a program that may have ended.
func (p *Process) TrySay(lines ...string) error {
	_, err := io.WriteString(p.stdin, strings.Join(lines, "\n")+"\n")
	return err
}

// EndInput closes the program's standard input.
func (p *Process) EndInput() { p.stdin.Close() }

// Signal sends sig. After SIGSTOP it returns when the program stands still: it
// may run for another moment on a machine that is busy.
func (p *Process) Signal(sig syscall.Signal) {
	p.T.Helper()
	if sig == syscall.SIGTERM || sig == syscall.SIGINT {
		p.endFromOutside()
	}
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.T.Fatalf("%s: signal: %v", p.Host.Name, err)
	}
	if sig != syscall.SIGSTOP {
		return
	}
	// Nothing tells when that is so but a look at it.
	for end := time.Now().Add(time.Second); !p.standsStill() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// standsStill reports whether every thread of the program is stopped, or has
// ended.
func (p *Process) standsStill() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
	if err != nil {
		return true
	}
	for _, path := range threads {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// The state follows the name, which is in parentheses (proc(5)).
		if _, rest, ok := strings.Cut(string(stat), ") "); ok && !strings.HasPrefix(rest, "T") {
			return false
		}
	}
	return true
}

// Kill ends the program at once, as a crash would. It may have ended already.
func (p *Process) Kill() {
	p.endFromOutside()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.T.Errorf("%s: kill: %v", p.Host.Name, err)
	}
}

func (p *Process) endFromOutside() {
	if !p.Ended() {
		p.Record.Kill()
	}
}

// PID returns the process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended reports whether the program has ended and its output is read.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Wait waits for the program's end and returns its exit code, -1 if a signal
// killed it. It ends the test if that takes longer than d.
func (p *Process) Wait(d time.Duration) int {
	p.T.Helper()
	p.Host.lab.Await(d, p.Host.Name+" ended", p.Ended)
	return p.cmd.ProcessState.ExitCode()
}

// Stderr returns what the program wrote there so far.
func (p *Process) Stderr() string { return p.stderr.String() }

// Stdout returns the lines the program wrote there so far.
func (p *Process) Stdout() []string {
	p.outMu.Lock()
	defer p.outMu.Unlock()
	return append([]string(nil), p.lines...)
}

// summary is what a failed test shows of a program: its last lines.
func (p *Process) summary() string {
	var b strings.Builder
	state := "ran to the end of the test"
	if p.cmd.ProcessState != nil && !p.Log().Killed {
		state = p.cmd.ProcessState.String()
	}
	fmt.Fprintf(&b, "%s: %s: %s\n", p.Host.Name, strings.Join(p.cmd.Args, " "), state)
	start := p.Started
	for _, ev := range last(p.Log().Events, 12) {
		fmt.Fprintf(&b, "  %8.3fs %.200s\n", ev.At.Sub(start).Seconds(), ev.Raw)
	}
	for _, line := range last(strings.Split(strings.TrimSpace(p.Stderr()), "\n"), 20) {
		fmt.Fprintf(&b, "  stderr: %.300s\n", line)
	}
	return b.String()
}

func last[T any](s []T, n int) []T { return s[max(0, len(s)-n):] }

// lockedBuffer is a bytes.Buffer that may be read while it is written.
type lockedBuffer struct {
	wrote  func()
	mu     sync.Mutex // guards buffer
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	n, err := b.buffer.Write(p)
	b.mu.Unlock()
	b.wrote()
	return n, err
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
