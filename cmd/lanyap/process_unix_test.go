//go:build !windows

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// started is a process of the program.
type started struct {
	*exec.Cmd
	t      *testing.T
	stderr buffer
}

// spawn starts the program as a process of its own. Those that talk do so on the
// loopback interface, in a room of the test's own.
func spawn(t *testing.T, edit func(*exec.Cmd), args ...string) *started {
	t.Helper()
	dir, env := programDir(t)
	p := &started{Cmd: exec.Command(filepath.Join(dir, "lanyap"), args...), t: t}
	p.Env, p.Stderr = env, &p.stderr
	if edit != nil {
		edit(p.Cmd)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// wantExit waits for the end of the process.
func (p *started) wantExit(code int, words ...string) {
	p.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case err := <-ended:
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			p.t.Fatal(err)
		}
	case <-time.After(time.Minute):
		_ = p.Process.Kill()
		p.t.Fatalf("it is still running\n%s", p.stderr.String())
	}
	if got := p.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit %d (%v), want %d\n%s", got, p.ProcessState, code, p.stderr.String())
	}
	for _, word := range words {
		if !strings.Contains(p.stderr.String(), word) {
			p.t.Errorf("stderr does not contain %q:\n%s", word, p.stderr.String())
		}
	}
}

// onLoopback returns the flags that keep a process to the test's own room.
func onLoopback(t *testing.T, args ...string) []string {
	return append(args, "--iface", loopback(t), "--room", fmt.Sprintf("%s %d", t.Name(), os.Getpid()), "--ephemeral")
}

// loopback returns the name of the loopback interface.
func loopback(t *testing.T) string {
	t.Helper()
	ifaces, err := net.Interfaces()
	if err != nil {
		t.Skip("the interfaces cannot be listed: " + err.Error())
	}
	for _, i := range ifaces {
		if i.Flags&net.FlagLoopback != 0 && i.Flags&net.FlagUp != 0 {
			return i.Name
		}
	}
	t.Skip("there is no loopback interface that is up")
	return ""
}

// TestFullOutput writes to a disk that is full.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full: " + err.Error())
	}
	defer full.Close()
	for _, args := range []string{"version", "--version", "--help", "help chat", "id", "completion bash", "version --json"} {
		p := spawn(t, func(cmd *exec.Cmd) { cmd.Stdout = full }, strings.Fields(args)...)
		p.wantExit(exitFailure, "error: ", "hint: ", "is the disk full?")
	}
}

// TestOutputThatNobodyReads writes to a pipe whose reader has gone.
func TestOutputThatNobodyReads(t *testing.T) {
	for _, args := range []string{"version", "--help", "completion bash", "id"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		p := spawn(t, func(cmd *exec.Cmd) { cmd.Stdout = w }, strings.Fields(args)...)
		w.Close()
		p.wantExit(exitOK)
		if told := p.stderr.String(); strings.Contains(told, "error:") {
			t.Errorf("%s tells %s", args, told)
		}
	}
}

// TestClosedStandardFiles runs with files closed that every program expects.
func TestClosedStandardFiles(t *testing.T) {
	chat := "'" + strings.Join(onLoopback(t, "lanyap", "chat", "--wait", "1", "--timeout", "200ms"), "' '") + "'"
	for redirect, want := range map[string]string{"<&-": "3", ">&-": "3", "2>&-": "3", "<&- >&- 2>&-": "3"} {
		if got := strings.TrimSpace(shell(t, "sh", chat+" "+redirect+" 2>/dev/null; echo $?")); !strings.HasSuffix(got, want) {
			t.Errorf("%s: exit %s, want %s", redirect, got, want)
		}
	}
}

// TestInterruptedPipeline has a signal come together with the end of input, as
// Ctrl-C brings both to what is behind a pipe.
func TestInterruptedPipeline(t *testing.T) {
	var out io.Reader
	hears := spawn(t, func(cmd *exec.Cmd) { out, _ = cmd.StdoutPipe() }, onLoopback(t, "chat", "--listen", "--json")...)
	var ready struct{ Addrs []string }
	if line, err := bufio.NewReader(out).ReadBytes('\n'); err != nil || json.Unmarshal(line, &ready) != nil || len(ready.Addrs) == 0 {
		t.Fatalf("the listener says %s (%v)\n%s", line, err, hears.stderr.String())
	}
	go io.Copy(io.Discard, out)
	for i := range 10 {
		var in io.WriteCloser
		args := onLoopback(t, "chat", "--join", ready.Addrs[0])
		p := spawn(t, func(cmd *exec.Cmd) { in, _ = cmd.StdinPipe() }, args...)
		if _, err := io.WriteString(in, "hi\n"); err != nil {
			t.Fatal(err)
		}
		for limit := time.Now().Add(time.Minute); !strings.Contains(p.stderr.String(), " joined\n"); time.Sleep(time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("nobody joined\n%s", p.stderr.String())
			}
		}
		if i%2 == 0 {
			in.Close()
		}
		if err := p.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		in.Close()
		p.wantExit(130)
	}
	_ = hears.Process.Signal(syscall.SIGTERM)
	hears.wantExit(143)
}
